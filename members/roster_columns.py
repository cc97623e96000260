"""The columns of a roster in a file: what they are called, what each cell may say, and the sheet under our own names."""

import datetime
import re
import unicodedata
from collections import Counter

from import_export import widgets
from tablib import Dataset

from members.models import MemberCategory, MemberStatus, Mobility, PositionTitle
from members.workbooks import HEAD_ROWS, ROSTER_LIMIT, Sheet, WorkbookError

# The column's own name, and what other rosters call it.
COLUMNS = {
    "编号": ("党员编号", "人员编号", "党员编码", "党员ID", "人员编码"),
    "姓名": ("党员姓名", "名字"),
    "性别": (),
    "出生日期": ("出生年月日", "出生年月", "生日", "出生时间"),
    "身份证号": ("公民身份号码", "公民身份证号", "公民身份证号码", "身份证号码", "身份证", "证件号码"),
    "人员类别": (),
    "党员类别": (),
    "入党日期": ("加入中共组织日期", "加入党组织日期", "加入党组织时间", "入党时间", "加入中国共产党日期"),
    "预备期延长到": ("预备期延长至",),
    "转正日期": ("转正时间", "转为正式党员日期", "转为正式党员时间"),
    "所在支部": (
        "党支部",
        "所在党支部",
        "支部",
        "所在组织",
        "所在党组织",
        "所属支部",
        "所属党支部",
        "所属党组织",
        "支部名称",
        "党支部名称",
        "组织名称",
    ),
    "转入日期": ("转入本支部日期", "组织关系转入日期", "进入党支部日期", "转入时间"),
    "电话": ("手机", "手机号", "手机号码", "联系电话", "电话号码", "联系方式", "移动电话"),
    "流动情况": ("流动党员", "是否流动", "是否流动党员", "是否为流动党员", "流动状态"),
    "流动日期": ("外出日期", "外出时间", "流动起始日期", "外出流动日期", "出国日期"),
    "职务": ("党内职务", "现任职务", "担任职务"),
}
# These say 正式党员 in one roster and 领导干部 in another: what the cells hold decides.
TWO_MEANINGS = ("类别", "党员类别", "党员类型")
REQUIRED = ("编号", "姓名", "性别", "出生日期")
FROM_ID_NUMBER = ("编号", "性别", "出生日期")  # a file that has the ID numbers may do without these
CANONICAL = {other: name for name, others in COLUMNS.items() for other in (name, *others)}
ROW = "行号"

GENDERS = {"男": "m", "男性": "m", "女": "f", "女性": "f"}
STATUSES = {label: value for value, label in MemberStatus.choices} | {
    "正式": "full",
    "预备": "probationary",
    "积极分子": "activist",
}
CATEGORIES = {label: value for value, label in MemberCategory.choices} | {
    "领导": "a",
    "科级": "b",
    "一般": "c",
    "普通党员": "c",
    "离退休": "d",
    "离退休干部": "d",
    "退休党员": "d",
}
CATEGORIES |= {written: value for value in "abcd" for written in (value, value.upper(), f"{value.upper()}类")}
MOBILITIES = {label: value for value, label in Mobility.choices} | {
    "否": "resident",
    "无": "resident",
    "是": "migrant",
    "流动党员": "migrant",
    "外出": "migrant",
    "出国": "abroad",
    "出国(境)定居": "abroad",
}
TITLES = {label: value for value, label in PositionTitle.choices} | {
    "书记": "secretary",
    "支部书记": "secretary",
    "党支部书记": "secretary",
    "党总支书记": "secretary",
    "支部副书记": "deputy_secretary",
    "党支部副书记": "deputy_secretary",
    "支委": "committee_member",
    "委员": "committee_member",
    "组织委员": "committee_member",
    "宣传委员": "committee_member",
    "纪律检查委员": "discipline_member",
    "主任": "director",
    "副主任": "deputy_director",
    "居委委员": "neighbourhood_member",
    "小组长": "group_leader",
}
NO_TITLE = ("", "无", "党员", "没有")


class DateWidget(widgets.Widget):
    """1970-01-01, 1970/1/1, 1970.1.1, 1970年1月1日 or 19700101; in digits of full width as well."""

    def clean(self, value, row=None, **kwargs):
        if not value:
            return None
        value = plain_word(re.sub(r"\s+0?0:00(:00)?$", "", value))
        match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", value) or re.fullmatch(
            r"(\d{4})(\d{2})(\d{2})", value
        )
        if not match:
            if re.fullmatch(r"\d{4}[-/.年]?\d{1,2}月?", value):
                raise ValueError(f"「{value}」没有写日,要写成 1970-01-31 的样子")
            raise ValueError(f"「{value}」不是日期,要写成 1970-01-31 的样子")
        try:
            return datetime.date(*map(int, match.groups()))
        except ValueError:
            year, month, day = match.groups()
            raise ValueError(f"{year}-{month:0>2}-{day:0>2} 不存在") from None

    def render(self, value, obj=None, **kwargs):
        return value.isoformat() if value else ""


def plain_word(value: str) -> str:
    """A word without blanks; brackets, commas and letters of full width become plain ones."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", value))


class ChoiceWidget(widgets.Widget):
    """Words for a code; a list of the words where none fits."""

    def __init__(self, words: dict[str, str], labels: dict[str, str]):
        super().__init__()
        self.words, self.labels = words, labels

    def clean(self, value, row=None, **kwargs):
        word = plain_word(value)
        if word and word not in self.words:
            raise ValueError(f"「{value}」不认识,只能写{'、'.join(self.labels.values())}")
        return self.words.get(word)

    def render(self, value, obj=None, **kwargs):
        return self.labels.get(value, "")


class NameWidget(widgets.Widget):
    """A name; the blanks that spread two characters to three (张 三) are taken out."""

    def clean(self, value, row=None, **kwargs):
        return re.sub(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])", "", value)


class IdNumberWidget(widgets.Widget):
    def clean(self, value, row=None, **kwargs):
        if re.fullmatch(r"[0-9.]+[eE]\+?[0-9]+", value):
            raise ValueError("是数字格式,末几位已经丢失。请把这一列设成文本格式,重新输入号码")
        return value


def meaning(cells: set[str]) -> str:
    """The column that holds such cells: 人员类别 if more of the different ones are its words than 党员类别's."""
    words = {plain_word(cell) for cell in cells}
    return "人员类别" if len(words & STATUSES.keys()) > len(words & CATEGORIES.keys()) else "党员类别"


def plain_title(title: str) -> str:
    return re.sub(r"\*|\(必填\)", "", plain_word(title))


def head_at(rows: list[tuple[int, list[str]]]) -> int:
    """Which of the first rows is the head: the one with the most known columns, for there may be a title above it."""
    known = [sum(plain_title(cell) in CANONICAL for cell in row) for _, row in rows[:HEAD_ROWS]]
    return known.index(max(known))


def to_dataset(sheet: Sheet) -> tuple[Dataset, list[str]]:
    """The sheet with our own column names, and the columns that are not used. Raises WorkbookError."""
    (head_number, head), *rows = sheet.rows[head_at(sheet.rows) :]
    plain = [plain_title(title) for title in head]
    known = {index: CANONICAL[title] for index, title in enumerate(plain) if title in CANONICAL}
    for index, title in enumerate(plain):
        if title in TWO_MEANINGS:
            known[index] = meaning({row[index] for _, row in rows if index < len(row)})
    spared = FROM_ID_NUMBER if "身份证号" in known.values() else ()
    missing = [name for name in REQUIRED if name not in known.values() and name not in spared]
    if missing:
        raise WorkbookError(
            f"第 {head_number} 行表头里缺少「{'」「'.join(missing)}」。第一行要是表头,列名可照模板写;请补上后重新上传。"
        )
    if not rows:
        raise WorkbookError("表里只有表头,没有党员。请从第二行起每行填一人。")
    if len(rows) > ROSTER_LIMIT:
        raise WorkbookError(
            f"表里有 {len(rows)} 人,一次最多 {ROSTER_LIMIT} 人。请分成几个文件(每个都要有表头),逐个上传。"
        )
    for name, count in Counter(known.values()).items():
        if count > 1:
            titles = "」「".join(plain[index] for index in known if known[index] == name)
            raise WorkbookError(f"「{titles}」几列都是{name}。请只留一列后重新上传。")
    filled_in = [name for name in spared if name not in known.values()]
    dataset = Dataset(headers=[ROW, *known.values(), *filled_in])
    for number, row in rows:
        cells = (row[index] if index < len(row) else "" for index in known)
        dataset.append([str(number), *cells, *("" for _ in filled_in)])
    return dataset, [title for index, title in enumerate(plain) if title and index not in known]
