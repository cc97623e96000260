"""The lists of this app: columns, what they sort by, and what their workbooks hold."""

from django.utils import timezone
from django_tables2 import Column

from evaluations.models import Appeal, Measure, Result, Round
from members.lists import Figures, ListTable
from scoring.engine import Period


def period_words(round_: Round) -> str:
    return Period.parse(round_.period).title


class RoundTable(ListTable):
    """Rows are rounds with `people`."""

    title = "考核"
    period = Column("周期", order_by=("period", "pk"), initial_sort_descending=True)
    organization = Column("组织", order_by=("organization__path", "period"))
    status = Column("状态", accessor="get_status_display", order_by=("status", "period", "pk"))
    people = Figures("人数", order_by=("people", "pk"))
    computed_at = Column("试算时间", order_by=("computed_at", "pk"))

    def value_period(self, record: Round) -> str:
        return period_words(record)


class ResultTable(ListTable):
    """Rows are results with member, and branch with version. Not sorted by points: nobody is ranked but on boards."""

    title = "考核结果"
    member = Column("党员", accessor="member__name", order_by=("member__pinyin", "member__number"))
    number = Column("编号", accessor="member__number", visible=False)
    branch = Column("支部", accessor="branch__organization", order_by=("branch__organization__path", "member__number"))
    total = Figures("总分", orderable=False)
    grade = Column("等次", accessor="grade_title", order_by=("grade", "branch__organization__path", "member__number"))
    rank = Figures("名次", orderable=False)
    notes = Column("建议和提醒", empty_values=(), orderable=False)

    def value_notes(self, record: Result) -> str:
        if record.status == Result.Status.INCOMPLETE:
            return f"缺:{'、'.join(record.missing_titles)}"
        return "、".join(record.consequence_titles)


class MeasureTable(ListTable):
    """Rows are measures from `with_next_step()`, with member, organisation and round."""

    title = "办理事项"
    member = Column("党员和事项", accessor="member__name", order_by=("member__pinyin", "member__number", "pk"))
    measure = Column("事项", accessor="title", visible=False)
    organization = Column("支部", order_by=("organization__path", "pk"))
    period = Column("周期", accessor="round", visible=False)
    state = Column("状态", accessor="get_state_display", order_by=("state", "pk"))
    next_title = Column("下一步", order_by=("next_due_on", "pk"))
    next_due_on = Column("到期", visible=False)

    def value_period(self, record: Measure) -> str:
        return period_words(record.round)


class AppealTable(ListTable):
    """Rows are appeals with member, organisation, reviewer and round."""

    title = "申诉"
    appeal = Column("申诉", accessor="pk", order_by=("pk",), initial_sort_descending=True)
    words = Column("内容", visible=False)
    member = Column("党员", accessor="member__name", order_by=("member__pinyin", "member__number", "pk"))
    organization = Column("支部", visible=False)
    period = Column("周期", accessor="round", visible=False)
    state = Column("状态", accessor="state_words", order_by=("state", "pk"))
    reviewer = Column("核对人", visible=False)
    due_on = Column("期限", order_by=("due_on", "pk"))
    decided_at = Column("答复时间", visible=False)

    def value_appeal(self, record: Appeal) -> str:
        return str(record)

    def value_period(self, record: Appeal) -> str:
        return period_words(record.round)


class ResolutionTable(ListTable):
    """Rows are resolutions with organisation, member and replacement."""

    title = "会议表决"
    held_on = Column("日期", order_by=("held_on", "pk"), initial_sort_descending=True)
    meeting = Column("会议", accessor="get_kind_display", order_by=("organization__path", "kind", "held_on", "pk"))
    organization = Column("组织", visible=False)
    purpose = Column("表决事项", accessor="get_purpose_display", order_by=("purpose", "held_on", "pk"))
    member = Column("党员", accessor="member__name", visible=False)
    subject = Column("内容", visible=False)
    entitled = Figures("应到", visible=False)
    present = Figures("实到", visible=False)
    votes_for = Figures("赞成", visible=False)
    votes_against = Figures("反对", visible=False)
    abstained = Figures("弃权", visible=False)
    result = Column("结果", accessor="result_words", orderable=False)


class MonthTable(ListTable):
    """Rows are branches with what a month and a quarter have come to."""

    title = "月审核"
    branch = Column("支部", accessor="name", order_by=("path",))
    confirmed_at = Column("审核", empty_values=(), order_by=("confirmed_at", "path"))
    questions = Figures("没有答复的问题", visible=False)
    sheet_until = Column("季度公示", empty_values=(), order_by=("sheet_until", "path"))
    objections = Figures("没有答复的异议", visible=False)

    def value_confirmed_at(self, value) -> str:
        return f"{timezone.localtime(value):%Y-%m-%d} 确认" if value else "还没有审核"

    def value_sheet_until(self, value) -> str:
        return f"异议截止 {value}" if value else "还没有公示"
