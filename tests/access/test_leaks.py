"""No page shows a name, a number or a discipline matter to a role that is not to read it."""

import re
from io import BytesIO

import pytest
from django.urls import reverse
from docx import Document
from openpyxl import load_workbook

from tests.access.conftest import LEFT_PHONE
from tests.access.table import ROLES, rows

PAGES = [row for row in rows() if row.method == "GET"]
# Who reads ID and phone numbers in full, and where.
NUMBERS = {
    (role, address)
    for role in ("secretary", "staff")
    for address in ("members:member", "members:edit_member", "members:export_members")
}
WRITTEN_NUMBERS = (
    "420106197001010001",
    "13800000001",
    "420106197001010002",
    "13800000002",
    LEFT_PHONE,
)  # Wang's and Liu's
# Who reads the pay that dues go by: who keeps the records, and the member the own.
PAY = re.compile(r"43[\d,]+\.17|4,3\d\d\.17")
PAYS = {
    (role, address)
    for role in ("secretary", "staff")
    for address in ("members:dues", "members:dues_half", "members:dues_bases", "members:member")
} | {("member", "members:member")}
# What none of the street's people may read: names of another street.
STRANGERS = ("孙东风", "东风社区党支部", "东风街道")
# What is too far off for some: a member of the other branch, of the other community; for a member also a colleague.
FARTHER = {
    "member": ("刘淑芬", "林小友", "王志强"),
    "leader": ("刘淑芬", "林小友"),
    "secretary": ("刘淑芬", "林小友"),
    "general": ("林小友",),
    "administrator": ("张建国", "王志强", "刘淑芬", "林小友"),
}
# Members know who holds office in their branch, and whom they appraise; the tests make Wang one of both; and whom their
# meeting has exempted. An administrator knows whose the accounts are; Zhang has one.
KNOWN = {
    ("members:organization", "member", "王志强"),
    ("evaluations:ballot", "member", "王志强"),
    ("evaluations:resolutions", "member", "王志强"),
    ("evaluations:resolution", "member", "王志强"),
    ("members:accounts", "administrator", "张建国"),
}
# Who reads that Wang was punished: those who decide such matters. Zhang, the member, is a colleague.
PUNISHED = "王志强受处分"
DECIDING = {"secretary", "general", "staff", "discipline"}


def bodies(row, role, visitors, objects, query=()):
    """What the role is shown at the address: for own, sibling's and foreign objects."""
    targets = objects(row.of, role) if row.of else [({}, {})]
    for arguments, own_query in targets:
        response = visitors[role].get(reverse(row.address, kwargs=arguments), {**own_query, **dict(query)}, follow=True)
        yield text_of(response)


def text_of(response) -> str:
    """What one reads on the page, or in the cells of the workbook."""
    if "wordprocessing" in response["Content-Type"]:
        return "\n".join(paragraph.text for paragraph in Document(BytesIO(response.content)).paragraphs)
    if "spreadsheet" not in response["Content-Type"]:
        return response.content.decode()
    book = load_workbook(BytesIO(response.content))
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def names_too_far(row, shown) -> list[tuple[str, str]]:
    """Names that a role was shown though they are none of its business."""
    return [
        (role, name)
        for role, body in shown
        for name in (*STRANGERS, *FARTHER.get(role, ()))
        if name in body and (row.address, role, name) not in KNOWN
    ]


@pytest.mark.parametrize("row", PAGES, ids=str)
def test_page_shows_a_role_only_what_it_may_read(row, visitors, objects):
    shown = [(role, body) for role in ROLES for body in bodies(row, role, visitors, objects)]
    names = names_too_far(row, shown)
    numbers = {(role, row.address) for role, body in shown for number in WRITTEN_NUMBERS if number in body}
    punishment = {role for role, body in shown if PUNISHED in body}
    pays = {(role, row.address) for role, body in shown if PAY.search(body)}
    assert names == []
    left = row.of == "departed"  # of whom nobody reads either
    assert numbers == {listed for listed in NUMBERS if listed[1] == row.address and not left}
    assert pays == {listed for listed in PAYS if listed[1] == row.address and not left}
    assert punishment <= DECIDING


@pytest.mark.parametrize("row", [row for row in PAGES if not row.of], ids=str)
def test_filter_brings_nobody_into_sight(row, visitors, objects, places, people):
    query = {
        "organization": places.foreign.pk,
        "branch": places.foreign.pk,
        "member": people.sun.pk,
        "month": "2025-04",
    }
    found = [
        (role, name)
        for role in ROLES
        for body in bodies(row, role, visitors, objects, query)
        for name in STRANGERS
        if name in body
    ]
    assert found == []


# The workbooks of lists and grids: not even those who read the numbers and the pay on a page get them there.
EXPORTED = [
    row
    for row in PAGES
    if row.address.partition(":")[2]
    in {
        *(
            "accounts",
            "activities",
            "activity",
            "roster",
            "dues",
            "dues_half",
            "visits",
            "visits_half",
            "migrant_reports",
            "organizations",
            "leave",
            "leave_requests",
            "dues_receipt",
            "member",
        ),
        *("entries", "queue", "mine", "rounds", "round", "measures", "appeals", "resolutions"),
        *("months", "month", "month_sheet", "quarter", "publicity", "appraisal"),
    }
    and row.of != "appraisal"  # nothing of an open one
]


@pytest.mark.parametrize("row", EXPORTED, ids=str)
def test_workbook_shows_a_role_only_what_it_may_read(row, visitors, objects):
    shown = [(role, body) for role in ROLES for body in bodies(row, role, visitors, objects, {"export": "xlsx"})]
    books = [(role, body) for role, body in shown if "<html" not in body]
    assert books
    assert names_too_far(row, books) == []
    assert [role for role, body in books for number in WRITTEN_NUMBERS if number in body] == []
    assert [role for role, body in books if PAY.search(body)] == []
    assert {role for role, body in books if PUNISHED in body} <= DECIDING


def test_punishment_is_there_to_be_read(visitors, objects):
    row = next(row for row in PAGES if row.of == "discipline_entry")
    assert PUNISHED in next(bodies(row, "discipline", visitors, objects))
