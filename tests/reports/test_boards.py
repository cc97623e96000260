"""Honour and warning boards on screen and as workbooks."""

import datetime
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from evaluations import services
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def computed(half, people, places, adopted):
    """Zhang is on the honour board; Wang, a hard case, on the warning board."""
    make.closed_appraisal(places.branch, half.period.code, {people.zhang: {90: 2}, people.wang: {50: 2}})
    make.entry(
        people.wang, "discipline.severe", version=adopted, date=datetime.date(2025, 4, 1), note="聚众赌博",
        status="approved", declared_by=people.secretary,
    )  # fmt: skip
    services.request_computation(half.round)
    half.round.refresh_from_db()
    return half.round


def board(client, round_, kind, **query):
    return client.get(reverse("reports:board", args=[round_.pk, kind]), query)


def test_honor_board_shows_names_and_totals(sign_in, people, computed):
    shown = board(sign_in(people.staff), computed, "honor").content.decode()
    assert "张建国" in shown
    assert "92.40" in shown
    assert "王志强" not in shown


def test_warning_board_masks_names_and_gives_articles_only(sign_in, people, computed):
    shown = board(sign_in(people.secretary), computed, "warning").content.decode()
    assert "王**" in shown
    assert "王志强" not in shown
    assert "通报批评(第十条第一款)" in shown
    assert "民主评议低于 60 分(第十一条第四款)" in shown
    assert "赌博" not in shown


def test_warning_board_cites_the_article_of_what_held(sign_in, people, places, half):
    for day in (4, 11, 18):
        event = make.activity(places.sibling, people.secretary, datetime.date(2025, 3, day))
        make.attendance(event, people.liu, "personal_leave", people.secretary)
    make.closed_appraisal(places.sibling, half.period.code, {people.liu: {90: 2}})
    services.request_computation(half.round)
    half.round.refresh_from_db()
    shown = board(sign_in(people.staff), half.round, "warning").content.decode()
    assert "通报批评(第十条第八款)" in shown
    assert "第十条第一款" not in shown


def test_warning_board_shows_names_to_staff_on_request(sign_in, people, computed):
    assert "王志强" in board(sign_in(people.staff), computed, "warning", names="full").content.decode()
    assert "王志强" not in board(sign_in(people.secretary), computed, "warning", names="full").content.decode()


def test_boards_show_a_member_nothing_before_the_close(sign_in, people, computed):
    assert board(sign_in(people.member), computed, "honor").status_code == 404
    make.closed(computed, people.staff)
    assert "张建国" in board(sign_in(people.member), computed, "honor").content.decode()


def test_boards_show_a_member_the_own_branch_only(sign_in, people, places, computed):
    make.closed(computed, people.staff)
    stranger = make.member_user(people.liu, places.sibling)
    assert "张建国" not in board(sign_in(stranger), computed, "honor").content.decode()


def test_boards_of_another_street_are_not_found(sign_in, people, computed):
    assert board(sign_in(people.outsider), computed, "honor").status_code == 404


def test_board_of_another_kind_is_not_found(sign_in, people, computed):
    assert board(sign_in(people.staff), computed, "ranking").status_code == 404


def rows(client, round_, kind):
    response = client.get(reverse("reports:export_board", args=[round_.pk, kind]))
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    return list(load_workbook(BytesIO(response.content)).active.iter_rows(values_only=True))


def test_export_of_the_honor_board(sign_in, people, computed):
    sheet = rows(sign_in(people.staff), computed, "honor")
    assert sheet[0][0] == "和平街道党工委 2025 年上半年光荣榜(试算,尚未公布)"
    assert sheet[2] == ("和平社区第一党支部", "张建国", 92.4, "优秀")
    assert computed.digest[:16] in sheet[-1][0]


def test_export_of_the_warning_board_masks_names_even_for_staff(sign_in, people, computed):
    sheet = rows(sign_in(people.staff), computed, "warning")
    assert sheet[2][:2] == ("和平社区第一党支部", "王**")


def test_export_never_holds_a_formula(sign_in, people, computed):
    people.zhang.name = '=HYPERLINK("http://x","y")\x01'
    people.zhang.save()
    response = sign_in(people.staff).get(reverse("reports:export_board", args=[computed.pk, "honor"]))
    cell = load_workbook(BytesIO(response.content)).active["B3"]
    assert cell.data_type == "s"
    assert cell.value == people.zhang.name.removesuffix("\x01")  # no workbook may hold it
