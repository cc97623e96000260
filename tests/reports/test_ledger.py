"""The ledger page: every point with where it comes from."""

import datetime
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import Result, Round, RoundBranch
from members import services as roster
from members.models import Attendance
from scoring.models import Adoption, SchemeVersion, UnitDocument
from tests import factories as make
from tests.lifting import lifted

pytestmark = pytest.mark.django_db(transaction=True)
APRIL = datetime.date(2025, 4, 20)


@pytest.fixture
def computed(half):
    services.request_computation(half.round)
    half.round.refresh_from_db()
    return half


def page(client, member, period="2025H1"):
    return client.get(reverse("reports:ledger", args=[member.pk]), {"period": period})


def text(response):
    """The page's text with runs of white space as one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_ledger_writes_out_the_sum(sign_in, people, computed):
    shown = text(page(sign_in(people.member), people.zhang))
    assert "92.40 分" in shown
    assert "日常考核 94 × 60% = 56.4 + 民主评议 90 × 40% = 36 + 加分 0 = 92.4" in shown
    assert "试算,尚未公布" in shown


def test_ledger_names_each_event_with_its_effect_and_clause(sign_in, people, computed):
    shown = text(page(sign_in(people.member), people.zhang))
    assert "3 月 5 日 三月主题党日 迟到 −4" in shown
    assert "1 月党费 2 月 12 日缴清,迟 12 天 −2" in shown
    assert "第四条第一款 参加组织活动" in shown


def test_ledger_shows_the_unit_s_own_words(sign_in, people, computed, adopted):
    UnitDocument.objects.create(
        adoption=adopted.adoptions.get(), title="和平街道办法", file="x.txt", attached_by=people.staff,
        articles=[{"id": "9", "heading": "第九条 到会", "text": "本街道党员都要按时到会。"}], mapping={"4.1": "9"},
    )  # fmt: skip
    shown = text(page(sign_in(people.member), people.zhang))
    assert "《和平街道办法》第九条 到会 本街道党员都要按时到会。" in shown
    title = adopted.title.replace(" ", "")
    assert f"《{title}》第十条第一款" in shown


def test_closed_ledger_keeps_the_words_from_before_the_document(sign_in, people, computed, adopted):
    make.closed(computed.round, people.staff)
    UnitDocument.objects.create(
        adoption=adopted.adoptions.get(), title="和平街道办法", file="x.txt", attached_by=people.staff,
        articles=[{"id": "9", "heading": "第九条 到会", "text": "本街道党员都要按时到会。"}], mapping={"4.1": "9"},
    )  # fmt: skip
    shown = text(page(sign_in(people.member), people.zhang))
    assert "和平街道办法" not in shown
    assert "第四条第一款 参加组织活动" in shown


def test_ledger_says_what_did_not_count_and_why(sign_in, people, computed, adopted):
    fields = {"version": adopted, "date": APRIL, "declared_by": people.secretary}
    make.entry(people.zhang, "bonus.emergency", status="reviewed", note="防汛值守", **fields)
    refused = make.entry(people.zhang, "bonus.activity", status="rejected", note="歌咏比赛", **fields)
    refused.decisions.create(step="street", approved=False, reason="没有获奖证明", decided_by=people.staff)
    shown = text(page(sign_in(people.member), people.zhang))
    assert "防汛值守 李秀英代报 还没有批准,批准后加 10 分。 待街道审批" in shown
    assert "歌咏比赛 李秀英代报 街道审批没有通过:没有获奖证明 未通过" in shown


def test_ledger_names_what_is_missing(sign_in, people, computed):
    shown = text(page(sign_in(people.secretary), people.wang))
    assert "还不能算总分" in shown
    assert "班子成员还没有评议票。" in shown


def test_ledger_follows_the_facts_while_the_round_is_open(sign_in, people, computed):
    Attendance.objects.filter(member=people.zhang).update(status="present")
    shown = text(page(sign_in(people.member), people.zhang))
    assert "94.80 分" in shown
    assert "上次试算的总分是 92.40。" in shown


def test_ledger_of_a_closed_round_is_final(sign_in, people, computed):
    computed.round.branches.update(done_at=datetime.datetime(2025, 7, 3, 1, 0, tzinfo=datetime.UTC))
    make.closed(computed.round, people.staff)
    shown = text(page(sign_in(people.member), people.zhang))
    assert "试算" not in shown
    assert "已办结" in shown
    assert "计算时间 2025-07-03 09:00" in shown
    assert "就到" not in shown


def test_ledger_of_a_closed_round_shows_tampering(sign_in, people, computed):
    make.closed(computed.round, people.staff)
    with lifted():
        Attendance.objects.filter(member=people.zhang).update(status="present")
    assert "现在的记录与审定的结果不一致" in text(page(sign_in(people.member), people.zhang))


def test_ledger_of_the_year_shows_both_halves(sign_in, people, computed, places):
    make.closed_appraisal(places.branch, "2025H2", {people.zhang: {80: 1}})
    shown = text(page(sign_in(people.member), people.zhang, "2025"))
    assert "92.20 分" in shown


def test_ledger_says_how_a_transfer_parts_the_period(sign_in, people, computed, places):
    group = make.organization("第一小组", "group", places.branch)
    for to, day in ((group, datetime.date(2025, 2, 1)), (places.sibling, datetime.date(2025, 4, 1))):
        roster.transfer_member(people.zhang, to, day, actor=people.staff)
    shown = text(page(sign_in(people.staff), people.zhang))
    assert "2025 年 4 月 1 日从第一小组转到和平社区第二党支部:以前的考勤、党费由原支部登记" in shown
    assert "2 月 1 日从" not in shown  # from the branch to a group of its own nothing is parted


def test_ledger_of_the_exempt_has_no_points(sign_in, people, computed):
    people.zhang.mobility = "abroad"
    people.zhang.save()
    assert "不计分、不排名、不上榜" in text(page(sign_in(people.member), people.zhang))


def test_ledger_is_hidden_from_others(sign_in, people, computed):
    assert page(sign_in(people.member), people.wang).status_code == 404
    assert page(sign_in(people.outsider), people.zhang).status_code == 404
    assert page(sign_in(people.administrator), people.zhang).status_code == 404


def test_ledger_keeps_discipline_from_who_need_not_know(sign_in, people, computed, adopted):
    make.entry(
        people.zhang, "discipline.misconduct", version=adopted, date=APRIL, note="酒后打架", status="approved",
        declared_by=people.secretary,
    )  # fmt: skip
    for user, sees in (
        (people.member, True),
        (people.secretary, True),
        (people.auditor, False),
        (people.leader, False),
    ):
        shown = text(page(sign_in(user), people.zhang))
        assert ("酒后打架" in shown) == sees
        assert "−10" in shown


def test_ledger_says_how_far_each_line_is_and_by_which_clause(sign_in, people, computed):
    shown = text(page(sign_in(people.member), people.zhang))
    assert "再扣 14 分就到「通报批评」线(扣满 20 分)。 第十条第一款" in shown
    assert "比优秀线(90 分)高 2.40 分。 第七条" in shown
    assert "民主评议现在是 90 分,低于 60 分,就到「警示榜」线。 第十一条第四款" in shown


def test_ledger_says_that_a_declaration_was_withdrawn(sign_in, people, computed, adopted):
    fields = {"version": adopted, "date": APRIL, "declared_by": people.secretary}
    make.entry(people.zhang, "bonus.activity", status="withdrawn", note="歌咏比赛", **fields)
    assert "登记人已经撤回,不计入。" in text(page(sign_in(people.member), people.zhang))


def test_ledger_keeps_the_matter_of_a_verdict_from_who_need_not_know(sign_in, people, computed, adopted):
    make.entry(
        people.zhang, "direct.sanction", version=adopted, date=APRIL, note="警告", status="approved",
        declared_by=people.secretary,
    )  # fmt: skip
    assert "期内有「受党纪处分」的记录" in text(page(sign_in(people.member), people.zhang))
    for distant in (people.auditor, people.leader):
        shown = text(page(sign_in(distant), people.zhang))
        assert "不合格 :按第十条第七款直接定等" in shown
        assert "受党纪处分" not in shown


def test_ledger_keeps_the_reason_of_a_refused_discipline_matter_from_them_too(sign_in, people, computed, adopted):
    refused = make.entry(
        people.zhang, "discipline.misconduct", version=adopted, date=APRIL, note="斗殴", status="rejected",
        declared_by=people.secretary,
    )  # fmt: skip
    refused.decisions.create(step="street", approved=False, reason="斗殴的不是本人", decided_by=people.discipline)
    assert "纪工委审批没有通过:斗殴的不是本人" in text(page(sign_in(people.member), people.zhang))
    shown = text(page(sign_in(people.auditor), people.zhang))
    assert "没有通过审批,不计入。" in shown
    assert "斗殴" not in shown


def test_ledger_on_paper_names_the_clause_of_every_item(sign_in, people, computed):
    shown = page(sign_in(people.member), people.zhang).content.decode()
    assert '参加组织活动<span class="ev print-only">第四条第一款</span>' in shown


def test_ledger_says_why_a_record_was_taken_back(sign_in, people, computed, adopted):
    fields = {"version": adopted, "date": APRIL, "declared_by": people.secretary, "status": "approved"}
    entry = make.entry(people.zhang, "bonus.emergency", note="防汛值守", **fields)
    again = make.entry(people.zhang, "bonus.emergency", note="登记了两次", reverses=entry, **fields)
    shown = text(page(sign_in(people.member), people.zhang))
    assert f"已更正作废(冲正),不计入:登记了两次(第 {again.pk} 号记录)" in shown


@pytest.mark.parametrize("code", ["2025H3", "x", "20250"])
def test_ledger_of_no_period_is_not_found(sign_in, people, computed, code):
    assert page(sign_in(people.member), people.zhang, code).status_code == 404


def test_ledger_without_a_branch_says_so(sign_in, people, computed):
    people.zhang.memberships.update(ends_on=datetime.date(2025, 3, 1))
    assert "不属于任何支部" in text(page(sign_in(people.member), people.zhang))


@pytest.mark.parametrize("more", [0, 3])
def test_ledger_takes_the_same_queries(sign_in, people, places, computed, django_assert_num_queries, more):
    for day in range(1, more + 1):
        event = make.activity(places.branch, people.secretary, datetime.date(2025, 5, day))
        make.attendance(event, people.zhang, "absent", people.secretary)
    client = sign_in(people.secretary)
    with django_assert_num_queries(24):
        page(client, people.zhang)


def test_ledger_writes_out_how_every_figure_adds_up(sign_in, people, computed):
    shown = text(page(sign_in(people.member), people.zhang))
    assert "20 − 4 = 16" in shown
    assert "10 − 2 = 8" in shown
    assert "16 + 10 + 20 + 20 + 8 + 10 + 10 = 94" in shown
    assert "90 × 30% + 90 × 40% + 90 × 30% = 90" in shown
    assert "已扣 6 分,再扣 14 分就到「通报批评」线(扣满 20 分)。" in shown


@pytest.mark.parametrize(
    ("code", "period"),
    [
        ("community-half-year", "2025H1"),
        ("community-half-year", "2025"),
        ("street-annual", "2025"),
        ("town-layered", "2025"),
        ("school-four-standards", "2025"),
        ("department-categories", "2025"),
        ("village-inspector", "2025"),
    ],
)
def test_ledger_of_every_scheme_shows_its_items(sign_in, people, places, adopted, half, code, period):
    version = SchemeVersion.objects.get(code=code)
    if version != adopted:
        Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)
    shown = page(sign_in(people.member), people.zhang, period)
    assert shown.status_code == 200
    assert "积分台账" in text(shown)


# Which ledger the page opens on -------------------------------------------------------------------


NOVEMBER = datetime.date(2025, 11, 20)


def opens_on(client, person=None):
    """The period that the page shows without being asked for one, and the periods that it leads to."""
    url = reverse("reports:ledger", args=[person.pk]) if person else reverse("reports:my_ledger")
    context = client.get(url).context
    return context["period"].code, [one.title for one in context["choices"]]


def test_ledger_opens_on_the_running_period(sign_in, people, computed, monkeypatch):
    make.closed(computed.round, people.staff)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER)
    both = ["2025 年下半年", "2025 年上半年"]
    assert opens_on(sign_in(people.member)) == ("2025H2", both)
    assert opens_on(sign_in(people.secretary), people.zhang) == ("2025H2", both)


def test_ledger_opens_on_a_result_that_is_open_for_objections(sign_in, people, computed, monkeypatch):
    Round.objects.filter(pk=computed.round.pk).update(status="published", objections_until=NOVEMBER)
    client = sign_in(people.member)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER)
    assert opens_on(client)[0] == "2025H1"
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER + datetime.timedelta(1))
    assert opens_on(client)[0] == "2025H2"
    Round.objects.filter(pk=computed.round.pk).update(status="reviewed", published_at=timezone.now())
    assert opens_on(client)[0] == "2025H1"  # it is being corrected


def test_ledger_of_who_has_left_opens_on_the_last_result(sign_in, people, computed, monkeypatch):
    make.closed(computed.round, people.staff)
    people.zhang.memberships.update(ends_on=datetime.date(2025, 7, 31))
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER)
    assert opens_on(sign_in(people.secretary), people.zhang)[0] == "2025H1"


def test_ledger_of_an_earlier_period_leads_to_the_running_one(sign_in, people, computed, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER)
    client = sign_in(people.member)
    shown = text(page(client, people.zhang))
    assert "这是 2025 年上半年的台账。以后的记录在 2025 年下半年(本期) 的台账里。" in shown
    assert "以后的记录在" not in text(page(client, people.zhang, "2025H2"))
    assert opens_on(client)[1] == ["2025 年下半年", "2025 年上半年"]


def test_ledger_that_is_asked_for_stands_among_the_others(sign_in, people, computed, monkeypatch):
    """Without a result of it there would be no way back to it."""
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: NOVEMBER)
    choices = page(sign_in(people.member), people.zhang, "2024H2").context["choices"]
    assert [one.title for one in choices] == ["2025 年下半年", "2025 年上半年", "2024 年下半年"]


# The trend --------------------------------------------------------------------------------------


def past(people, places, adopted, period, total, grade, status):
    """A result of Zhang in an earlier round."""
    round_ = Round.objects.create(organization=places.street, period=period, scheme=adopted.code)
    part = RoundBranch.objects.create(round=round_, organization=places.branch, version=adopted, state="done")
    Result.objects.create(
        round=round_, branch=part, member=people.zhang, total=total, grade=grade, sheet={},
        status="scored" if total else "exempt",
    )  # fmt: skip
    Round.objects.filter(pk=round_.pk).update(status=status)


def rows_of_trend(response) -> list[str]:
    table = re.search(r"看表格</summary>(.*?)</table>", response.content.decode(), re.DOTALL)[1]
    return [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    ]


def test_trend_shows_published_periods_and_the_one_looked_at(sign_in, people, places, computed, adopted):
    past(people, places, adopted, "2023H1", "70.50", "qualified", "closed")
    past(people, places, adopted, "2023H2", None, None, "closed")
    past(people, places, adopted, "2024H1", "95.00", "excellent", "published")
    past(people, places, adopted, "2024H2", "60.00", "qualified", "computed")  # not public: not shown
    past(people, places, adopted, "2024", "99.00", "excellent", "closed")  # of another kind of period
    response = page(sign_in(people.member), people.zhang)
    assert rows_of_trend(response) == [
        "2023 年上半年 70.5 合格 已办结",
        "2023 年下半年 — 免予考核 已办结",
        "2024 年上半年 95 优秀 公示中",
        "2025 年上半年 92.4 优秀 试算,尚未公布",
    ]
    assert 'aria-label="总分走势:2023 年上半年 70.50,' in response.content.decode()
    assert "虚线框的一期还在试算" in response.content.decode()


def test_trend_ends_with_the_period_looked_at(sign_in, people, places, computed, adopted):
    past(people, places, adopted, "2024H2", "95.00", "excellent", "closed")
    past(people, places, adopted, "2025H2", "70.00", "qualified", "published")
    assert len(rows_of_trend(page(sign_in(people.member), people.zhang))) == 2


def test_without_a_past_there_is_no_trend(sign_in, people, computed):
    assert "各期走势" not in text(page(sign_in(people.member), people.zhang))


# On paper ---------------------------------------------------------------------------------------


def fit(response) -> str:
    return re.search(r'class="ledger-page (fit-[^"]*)"', response.content.decode())[1]


def test_the_more_lines_the_smaller_the_letters_on_paper(sign_in, people, places, computed, adopted):
    client = sign_in(people.member)
    few = fit(page(client, people.zhang))
    for day in range(1, 29):
        event = make.activity(places.branch, people.secretary, datetime.date(2025, 5, day))
        make.attendance(event, people.zhang, "late", people.secretary)
    many = fit(page(client, people.zhang))
    client.cookies["large"] = "on"
    assert (few, many, fit(page(client, people.zhang))) == ("fit-100", "fit-100 fit-columns", "fit-80 fit-columns")
