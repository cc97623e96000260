"""The closed lists of words that facts are made of, with what a reader is shown for each."""

from __future__ import annotations

STATUSES = {
    "present": "到会",
    "late": "迟到",
    "left_early": "早退",
    "personal_leave": "事假",
    "sick_leave": "病假",
    "official_leave": "公假",
    "absent": "无故缺席",
    "proxy": "找人替会",
    "not_required": "不要求参加",
}
ATTENDED = ("present", "late", "left_early")
EXCUSED = ("sick_leave", "official_leave")
REQUIRED = tuple(status for status in STATUSES if status not in (*EXCUSED, "not_required"))

KINDS = {
    "branch_meeting": "党员大会",
    "committee_meeting": "支委会",
    "group_meeting": "党小组会",
    "party_lecture": "党课",
    "theme_day": "主题党日",
    "study": "集中学习",
    "org_life_meeting": "组织生活会",
    "congress": "党员代表会",
    "labour": "义务劳动",
}

MEMBER_STATUSES = {"full": "正式党员", "probationary": "预备党员", "activist": "入党积极分子"}
MOBILITIES = {"resident": "常住", "migrant": "流动", "abroad": "出国定居"}
POSITIONS = {
    "secretary": "书记",
    "deputy_secretary": "副书记",
    "committee_member": "委员",
    "director": "主任",
    "deputy_director": "副主任",
    "neighbourhood_member": "居委会委员",
}
POSTS = POSITIONS | {"discipline_member": "纪检委员", "group_leader": "党小组长"}  # that a scheme may be about
CATEGORIES = {"a": "领导干部", "b": "科级干部", "c": "一般党员", "d": "离退休党员"}
HALVES = ("H1", "H2")
ALERTS = {
    "six_months_dues": ("连续六个月未交党费", "连续六个月没有交纳党费,请支部核实原因。"),
    "six_months_life": ("连续六个月未参加组织生活", "连续六个月应到而没有参加组织生活,请支部核实原因。"),
}
RESULT_STATUSES = {"scored": "已计分", "incomplete": "资料不全", "reviewed": "只审查、不计分", "exempt": "免予考核"}
