"""A bank's list of dues as a table: which column is which, and what each row says."""

import datetime
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from members.roster_columns import DateWidget, plain_word
from members.workbooks import Sheet, WorkbookError

COLUMNS = {
    "编号": ("编号", "党员编号", "工号", "客户编号", "用户编号", "缴费编号"),
    "姓名": ("姓名", "党员姓名", "户名", "客户姓名", "客户名称", "付款人", "付款人姓名", "付款户名", "对方户名", "缴费人"),
    "金额": ("金额", "交易金额", "缴费金额", "缴纳金额", "实缴金额", "实缴", "代扣金额", "扣款金额", "入账金额", "收入金额", "贷方金额", "党费"),
    "日期": ("日期", "交易日期", "交易时间", "缴费日期", "缴纳日期", "扣款日期", "入账日期", "记账日期"),
    "月份": ("月份", "缴费月份", "所属月份", "党费月份", "费款所属期", "所属期"),
}  # fmt: skip
KNOWN = {title: name for name, titles in COLUMNS.items() for title in titles}
TOTALS = ("合计", "总计", "小计", "总额")
TITLE_ROWS = 10  # above the head there may be the bank's name and the like
MOST = Decimal("99999.99")


@dataclass
class BankRow:
    """What one row of the list says; `faults` by column."""

    number: int
    code: str
    name: str
    amount: Decimal = Decimal(0)
    paid_on: datetime.date | None = None
    month: datetime.date | None = None
    faults: list[str] = field(default_factory=list)

    def refuse(self, column: str, sentence: str) -> None:
        self.faults.append(f"第 {self.number} 行「{column}」:{sentence}。")


def bank_rows(sheet: Sheet) -> tuple[list[BankRow], list[str]]:
    """The rows of a list, sums left out, and the columns that are not used. Raises WorkbookError."""
    place, columns, unused = find_head(sheet)
    rows = []
    for number, cells in sheet.rows[place + 1 :]:
        said = {name: cells[index] if index < len(cells) else "" for index, name in columns.items()}
        if any(plain_word(cell) in TOTALS for cell in cells):
            continue
        rows.append(read_row(number, said))
    if not rows:
        raise WorkbookError("表里只有表头,没有内容。请从表头下面起每行填一笔。")
    return rows, unused


def find_head(sheet: Sheet) -> tuple[int, dict[int, str], list[str]]:
    """Where the head stands among the rows, our names of its columns by their place, and titles that are not used."""
    heads = [titles(cells) for _, cells in sheet.rows[:TITLE_ROWS]]
    place = next((place for place, plain in enumerate(heads) if is_head(plain)), None)
    if place is None:
        raise WorkbookError("没有找到表头。要有一行写着「姓名」或「编号」、「金额」和「日期」;请补上后重新上传。")
    plain = heads[place]
    columns = {index: KNOWN[title] for index, title in enumerate(plain) if title in KNOWN}
    if "日期" not in columns.values():
        raise WorkbookError(f"第 {sheet.rows[place][0]} 行表头里缺少「日期」。请补上缴纳日期这一列后重新上传。")
    for name, count in Counter(columns.values()).items():
        if count > 1:
            same = "」「".join(plain[index] for index in columns if columns[index] == name)
            raise WorkbookError(f"「{same}」几列都是{name}。请只留一列后重新上传。")
    return place, columns, [title for index, title in enumerate(plain) if title and index not in columns]


def titles(cells: list[str]) -> list[str]:
    return [re.sub(r"\*|\(元\)|\(必填\)", "", plain_word(cell)) for cell in cells]


def is_head(plain: list[str]) -> bool:
    """True for a row that names the amount and whose it is."""
    names = {KNOWN[title] for title in plain if title in KNOWN}
    return "金额" in names and bool(names & {"姓名", "编号"})


def read_row(number: int, said: dict[str, str]) -> BankRow:
    """The row with what can be read of it; the rest as faults."""
    name = re.sub(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])", "", said.get("姓名", ""))
    row = BankRow(number, said.get("编号", ""), name)
    for column, read in (("金额", read_amount), ("日期", read_day), ("月份", read_month)):
        try:
            value = read(said.get(column, ""))
        except ValueError as error:
            row.refuse(column, str(error))
            continue
        setattr(row, {"金额": "amount", "日期": "paid_on", "月份": "month"}[column], value)
    return row


def read_amount(text: str) -> Decimal:
    """10, 1,234.50, ¥10, 10元"""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = re.fullmatch(r"¥? ?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?元?", plain)
    if not plain:
        raise ValueError("没有填写")
    if not match:
        raise ValueError(f"「{text}」不是大于 0 的金额,要写成 10 或 10.50 的样子")
    amount = Decimal(match[1].replace(",", "") + (match[2] or ""))
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"「{text}」多于两位小数")
    if not 0 < amount <= MOST:
        raise ValueError(f"「{text}」应在 0.01 和 {MOST} 之间")
    return amount.quantize(Decimal("0.01"))


def read_day(text: str) -> datetime.date:
    """A day; what banks write behind it, the time, is left out."""
    day = DateWidget().clean(re.sub(r"[ T]*\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", "", text).strip())
    if day is None:
        raise ValueError("没有填写")
    return day


def read_month(text: str) -> datetime.date | None:
    """2026-11, 2026年11月, 202611, or a day of the month; None for an empty cell."""
    plain = plain_word(text)
    if not plain:
        return None
    match = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})(?:月|[-/.]\d{1,2})?", plain)
    if not match or not 1 <= int(match[2]) <= 12 or not match[1].startswith("20"):
        raise ValueError(f"「{text}」不是一个月份,要写成 2025-06 的样子;一笔缴几个月的,月份空着")
    return datetime.date(int(match[1]), int(match[2]), 1)
