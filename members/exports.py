"""Workbooks that leave the product: tables of any kind, the roster, and the empty roster to fill in."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook.child import INVALID_TITLE_REGEX

from members import permissions
from members.models import (
    Member,
    MemberCategory,
    Membership,
    MemberStatus,
    Mobility,
    MobilityChange,
    Position,
    PositionTitle,
    User,
)
from members.roster_columns import COLUMNS, REQUIRED

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_TITLE = 30  # of a sheet, in characters; of two alike, one gets a figure more
NARROWEST, WIDEST = 14, 60  # columns, in letters; a Chinese character takes the place of two
HOW_TO = {
    "编号": "每人一个,不能重复;已在名册上的人按编号更新。整列不要的,按身份证号认人。",
    "性别": "男、女;有身份证号的可以空着。",
    "出生日期": "写成 1970-01-31 的样子;有身份证号的可以空着。",
    "身份证号": "18 位,单元格设成文本格式。",
    "人员类别": f"{'、'.join(MemberStatus.labels)};空着是正式党员。",
    "党员类别": f"{'、'.join(MemberCategory.labels)},也可以写 A、B、C、D;不按类别计分的单位空着。",
    "入党日期": "写成 1990-07-01 的样子;积极分子空着。",
    "预备期延长到": "没有延长过的空着。",
    "转正日期": "从预备党员改为正式党员的要写;早年入党、不知道哪一天的可以空着。",
    "所在支部": "与系统里的名称完全一样;只管一个支部的可以空着。",
    "转入日期": "转入本支部的日期;空着按入党日期。",
    "流动情况": f"{'、'.join(Mobility.labels)};空着是在家。",
    "流动日期": "从哪天起流动或者出国(境)定居;名册上的人改流动情况而这里空着的,从导入那天起。在家的空着。",
    "职务": f"{'、'.join(PositionTitle.labels)};几个职务用顿号隔开,任职日期写在括号里,如「副书记(2024-01-01)」;没有的空着。",
}


def as_download(book: bytes, name: str) -> HttpResponse:
    """A workbook to be kept under a name."""
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.xlsx")
    return HttpResponse(book, content_type=XLSX, headers={"Content-Disposition": disposition})


def cell_of(sheet, value: str | int | Decimal) -> WriteOnlyCell:
    """A figure as such; words stay text, whatever a user has typed: never a live formula."""
    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def letters(value: str | int | Decimal) -> int:
    """How wide a value stands in a column."""
    return len(str(value)) + sum(character > "\u2e7f" for character in str(value))


@dataclass(frozen=True)
class Sheet:
    """One table of a workbook."""

    title: str
    head: list[str]
    rows: list[Sequence[str | int | Decimal]]


def write(
    head: list[str],
    rows: Iterable[Sequence[str | int | Decimal]],
    title: str,
    notes: list[tuple[str, str]] = (),
) -> bytes:
    """A workbook with one table, columns as wide as their words, and a second sheet of notes where there are any."""
    return write_sheets([Sheet(title, head, list(rows))], notes)


def write_sheets(sheets: Iterable[Sheet], notes: list[tuple[str, str]] = ()) -> bytes:
    """A workbook with a sheet for each table, at least one."""
    book = Workbook(write_only=True)
    for table in sheets:
        add_sheet(book, table)
    if notes:
        extra = book.create_sheet("填写说明")
        extra.column_dimensions["B"].width = 80
        for note in notes:
            extra.append([cell_of(extra, value) for value in note])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def add_sheet(book: Workbook, table: Sheet) -> None:
    """Put a table into a workbook; of its title what spreadsheets take."""
    sheet = book.create_sheet(INVALID_TITLE_REGEX.sub(" ", table.title)[:LONGEST_TITLE])
    for number, name in enumerate(table.head, 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        widest = max(map(letters, (name, *(row[number - 1] for row in table.rows))))
        column.width = min(max(widest + 2, NARROWEST), WIDEST)
        column.number_format = "@"
    sheet.freeze_panes = "A2"
    cells = [cell_of(sheet, name) for name in table.head]
    for cell in cells:
        cell.font = Font(bold=True)
    sheet.append(cells)
    for row in table.rows:
        sheet.append([cell_of(sheet, value) for value in row])


def roster_workbook(members: QuerySet[Member], user: User) -> bytes:
    """The members as an .xlsx, personal numbers as far as the user may see them. members: from `with_branch()`."""
    moves = MobilityChange.objects.filter(starts_on__lte=timezone.localdate())
    dated = (
        Prefetch("positions", Position.objects.in_office().select_related("organization"), to_attr="posts"),
        Prefetch("memberships", Membership.objects.in_office(), to_attr="places"),
        Prefetch("mobility_changes", moves, to_attr="moves"),
    )
    rows = (roster_row(member, user) for member in members.prefetch_related(*dated))
    return write(list(COLUMNS), rows, "名册")


def post_words(post: Position, place: Membership | None) -> str:
    """党组织书记(2024-01-01), and the organisation where it is another than the member's own."""
    elsewhere = place is None or post.organization_id != place.organization_id
    more = f",{post.organization}" if elsewhere else ""
    return f"{post.get_title_display()}({post.starts_on}{more})"


def roster_row(member: Member, user: User) -> list[str]:
    if permissions.can_see_numbers(user, member):
        id_number, phone = member.id_number, member.phone
    elif permissions.can_see_masked_numbers(user, member):
        id_number, phone = member.masked_id_number, member.masked_phone
    else:
        id_number = phone = ""
    place = next(iter(member.places), None)
    return [
        member.number,
        member.name,
        member.get_gender_display(),
        str(member.born),
        id_number,
        member.get_status_display(),
        member.get_category_display(),
        str(member.joined_on or ""),
        str(member.probation_until or ""),
        str(member.converted_on or ""),
        member.branch_name or "",
        str(place.starts_on) if place else "",
        phone,
        member.get_mobility_display(),
        str(member.moves[0].starts_on) if member.moves and member.mobility != Mobility.RESIDENT else "",
        "、".join(post_words(post, place) for post in member.posts),
    ]


def template_workbook() -> bytes:
    """The empty roster to fill in, with notes on every column."""
    notes = [("列", "怎么填")]
    notes += [(f"{name}{'(必填)' if name in REQUIRED else ''}", HOW_TO.get(name, "")) for name in COLUMNS]
    return write(list(COLUMNS), [], "名册", notes)
