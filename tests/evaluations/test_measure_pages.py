"""Measures on screen: the list, one measure, and the way from the proposal to the end."""

import datetime
import re
from html import unescape

import pytest
from django.urls import reverse

from evaluations import services
from evaluations.measure_kinds import measure_kinds
from evaluations.models import Measure, Round
from members.models import Role, RoleAssignment
from tests import factories as make

TODAY = datetime.date(2025, 8, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture
def closed(places, adopted):
    return Round.objects.create(
        organization=places.street, period="2025H1", scheme=adopted.code, status=Round.Status.APPROVED
    )


@pytest.fixture
def propose(closed):
    """A function that makes a proposal for a person."""

    def make_one(person, kind="criticism", **fields):
        return Measure.objects.create(
            round=closed,
            member=person,
            organization=person.memberships.get(ends_on=None).organization,
            code=kind,
            kind=kind,
            title="通报批评" if kind == "criticism" else "某事项",
            words="扣分达到 20 分",
            clauses=[{"heading": "第十条第一款", "text": "半年扣分20分及以上的,通报批评。"}],
            **fields,
        )

    return make_one


@pytest.fixture
def begin(propose, people):
    """A function that makes a proposal and takes it up."""

    def make_one(person, kind="criticism", actor=None):
        return services.accept_measure(propose(person, kind), actor=actor or people.general)

    return make_one


def page(client, name, *args, **query):
    return client.get(reverse(f"evaluations:{name}", args=args), query).content.decode()


def post(client, measure, name, data, *more):
    return client.post(reverse(f"evaluations:{name}", args=[measure.pk, *more]), data, follow=True)


def test_way_from_the_proposal_to_the_first_step(sign_in, people, propose):
    measure = propose(people.wang)
    client = sign_in(people.secretary)
    assert "决定办理" in page(client, "measure", measure.pk)
    assert "听取本人意见" in page(client, "accept_measure", measure.pk)
    shown = post(client, measure, "accept_measure", {}).content.decode()
    assert "登记:听取本人意见" in shown
    answers = {"done_on": "2025-08-01", "note": "本人认可"}
    checked = post(client, measure, "measure_step", answers, 1)
    assert "核对:听取本人意见" in checked.content.decode()
    assert measure.steps.get(number=1).done_on is None
    shown = post(client, measure, "measure_step", answers | {"confirmed": "1"}, 1).content.decode()
    assert "已登记:听取本人意见。下一步:送达通报批评通知书,2025 年 8 月 8 日以前。" in shown
    assert "本人认可" in shown


def test_check_page_leads_back_with_what_was_filled_in(sign_in, people, begin):
    measure = begin(people.wang)
    answers = {"done_on": "2025-08-01", "note": "本人认可", "back": "1"}
    shown = post(sign_in(people.secretary), measure, "measure_step", answers, 1)
    assert "本人认可" in shown.content.decode()
    assert shown.templates[0].name == "evaluations/measure_step.html"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"done_on": "2025-08-02", "note": "有"}, "2025 年 8 月 2 日还没有到。办理日期不能晚于今天。"),
        ({"done_on": "2025-06-01", "note": "有"}, "办理日期不能早于 2025 年 6 月 30 日:考核的周期那天才结束。"),
        ({"done_on": "不知道", "note": "有"}, "办理日期"),
        ({"done_on": "2025-08-01"}, "本人的意见"),
    ],
)
@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}])
def test_bad_step_gets_a_sentence(sign_in, people, begin, answers, sentence, confirmed):
    measure = begin(people.wang)
    response = post(sign_in(people.secretary), measure, "measure_step", answers | confirmed, 1)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert measure.steps.get(number=1).done_on is None


def test_step_out_of_order_gets_a_sentence(sign_in, people, begin):
    response = post(sign_in(people.secretary), begin(people.wang), "measure_step", {"done_on": "2025-08-01"}, 2)
    assert "前面还有「听取本人意见」没有办,不能跳过。" in response.content.decode()


def test_page_of_a_step_out_of_order_has_no_form(sign_in, people, begin):
    shown = page(sign_in(people.secretary), "measure_step", begin(people.wang).pk, 2)
    assert "前面还有「听取本人意见」没有办,不能跳过。它由支部书记办理,2025 年 8 月 8 日以前。" in shown
    assert 'name="done_on"' not in shown


@pytest.mark.parametrize("name", ["accept_measure", "dismiss_measure"])
def test_pages_of_what_cannot_be_decided_yet_have_no_form(sign_in, people, closed, propose, name):
    Round.objects.filter(pk=closed.pk).update(status=Round.Status.REVIEWED)
    measure, client = propose(people.wang), sign_in(people.secretary)
    sentence = "结果还没有审定,可能变动。请在审定以后再决定。现在先由政工科公示。"
    shown = page(client, name, measure.pk)
    assert sentence in shown
    assert 'type="submit">' not in shown.partition("<main")[2]
    refused = post(client, measure, name, {"reason": "不办"})
    assert refused.status_code == 400
    assert sentence in refused.content.decode()
    measure.refresh_from_db()
    assert measure.state == "proposed"


@pytest.mark.parametrize("role", ["secretary", "leader", "general", "staff", "discipline", "auditor", "member"])
def test_whoever_sees_a_row_opens_its_page_and_what_it_leads_to(sign_in, people, propose, role):
    """Every kind, one that follows from another included: the auditor reads a plain one that follows from a sensitive."""
    kinds = measure_kinds().kinds
    sensitive = propose(people.zhang, "criticism")
    for kind in kinds.keys() - {"criticism"}:
        propose(people.zhang, kind, follows=sensitive)
    client = sign_in(getattr(people, role))
    listed = re.findall(r'href="(/measures/\d+/)"', page(client, "measures"))
    plain = len(measure_kinds().codes(sensitive=False))
    expected = {"member": 0, "leader": plain, "auditor": plain}
    assert len(listed) == expected.get(role, len(kinds))
    pages = {address: client.get(address) for address in listed}
    assert {answer.status_code for answer in pages.values()} <= {200}
    mains = [answer.content.decode().partition("<main")[2] for answer in pages.values()]
    linked = {link for main in mains for link in re.findall(r'href="(/\w[^"#]*)"', main)}
    assert [link for link in linked if client.get(unescape(link)).status_code != 200] == []


def test_step_sent_twice_is_kept_once(sign_in, people, begin):
    measure = begin(people.wang)
    client = sign_in(people.secretary)
    answers = {"done_on": "2025-08-01", "note": "本人认可", "confirmed": "1"}
    post(client, measure, "measure_step", answers, 1)
    again = post(client, measure, "measure_step", answers | {"note": "另一句"}, 1)
    assert "「听取本人意见」已经登记过,没有再登记一次。" in again.content.decode()
    assert measure.steps.get(number=1).note == "本人认可"


def test_accepting_twice_begins_once(sign_in, people, propose):
    measure = propose(people.wang)
    client = sign_in(people.secretary)
    post(client, measure, "accept_measure", {})
    assert "没有再办一次" in post(client, measure, "accept_measure", {}).content.decode()
    assert measure.steps.count() == 3


def test_dismissing_asks_for_a_reason(sign_in, people, propose):
    measure = propose(people.wang)
    client = sign_in(people.secretary)
    assert post(client, measure, "dismiss_measure", {"reason": ""}).status_code == 400
    shown = post(client, measure, "dismiss_measure", {"reason": "已经当面批评过"}).content.decode()
    assert "已经当面批评过" in shown
    assert Measure.objects.get().state == "dismissed"


def test_proposal_of_an_open_round_waits(sign_in, people, propose):
    measure = propose(people.wang)
    Round.objects.update(status="computed")
    client = sign_in(people.secretary)
    shown = page(client, "measure", measure.pk)
    assert "这次考核的结果还没有审定" in shown
    assert "accept/" not in shown
    assert "审定以后再决定" in post(client, measure, "accept_measure", {}).content.decode()
    assert "审定以后再决定" in post(client, measure, "dismiss_measure", {"reason": "不妥"}).content.decode()


def test_measure_that_follows_no_more_says_so(sign_in, people, begin):
    measure = begin(people.wang)
    Measure.objects.update(still_follows=False)
    assert "考核结果不再引出这一项" in page(sign_in(people.secretary), "measure", measure.pk)


def test_transfer_is_confirmed_and_moves(sign_in, people, places, begin):
    education = make.organization("和平街道教育转化支部", "education_branch", places.street)
    measure = begin(people.wang, "transfer_education", people.staff)
    for number in (1, 2):
        services.complete_step(measure.steps.get(number=number), services.Done(TODAY, "有"), actor=people.staff)
    client = sign_in(people.staff)
    answers = {"done_on": "2025-08-01", "destination": education.pk}
    shown = post(client, measure, "measure_step", answers, 3).content.decode()
    assert "王志强的组织关系就转过去" in shown
    assert people.wang.memberships.get().organization == places.branch
    post(client, measure, "measure_step", answers | {"confirmed": "1"}, 3)
    assert people.wang.memberships.get(ends_on=None).organization == education


def test_transfer_without_an_education_branch_says_what_to_do(sign_in, people, places, begin):
    measure = begin(people.wang, "transfer_education", people.staff)
    for number in (1, 2):
        services.complete_step(measure.steps.get(number=number), services.Done(TODAY, "有"), actor=people.staff)
    response = post(sign_in(people.staff), measure, "measure_step", {"done_on": "2025-08-01"}, 3)
    assert "街道还没有集中教育转化党支部。请先在「组织」里建立" in response.content.decode()


def test_meeting_asks_for_a_vote_and_leads_to_it(sign_in, people, begin):
    measure = begin(people.wang, "persuade_withdrawal")
    services.complete_step(measure.steps.get(number=1), services.Done(TODAY, "有"), actor=people.secretary)
    client = sign_in(people.secretary)
    assert reverse("evaluations:record_resolution", args=["withdrawal"]) in page(client, "measure_step", measure.pk, 2)
    response = post(client, measure, "measure_step", {}, 2)
    assert response.status_code == 400
    assert "还没有王志强「劝退」的会议表决。请先在「会议表决」里登记。" in response.content.decode()


# Who sees what ----------------------------------------------------------------------------------


def test_member_sees_what_has_begun_in_plain_words(sign_in, people, propose, begin):
    begin(people.zhang)
    propose(people.zhang, "rectification")
    client = sign_in(people.member)
    shown = page(client, "measures")
    assert "通报批评" in shown
    assert "某事项" not in shown
    shown = page(client, "measure", Measure.objects.get(kind="criticism").pk)
    assert "通报以前会听取您的意见" in shown
    assert "measure/1/steps" not in shown
    proposed = reverse("evaluations:measure", args=[Measure.objects.get(kind="rectification").pk])
    assert client.get(proposed).status_code == 404


def test_dismissed_proposal_stays_hidden_from_the_member(sign_in, people, propose):
    measure = propose(people.zhang)
    services.dismiss_measure(measure, reason="不妥", actor=people.secretary)
    assert sign_in(people.member).get(reverse("evaluations:measure", args=[measure.pk])).status_code == 404


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("secretary", {"criticism", "verify"}),
        ("general", {"criticism", "verify"}),
        ("staff", {"criticism", "verify"}),
        ("discipline", {"criticism", "verify"}),
        ("leader", {"verify"}),
        ("auditor", {"verify"}),
        ("outsider", set()),
        ("member", set()),
    ],
)
def test_list_shows_each_role_its_own(sign_in, people, begin, role, seen):
    begin(people.wang)
    begin(people.wang, "verify")
    response = sign_in(getattr(people, role)).get(reverse("evaluations:measures"))
    assert {measure.kind for measure in response.context["page"]} == seen


def test_administrator_has_no_list(sign_in, people):
    assert sign_in(people.administrator).get(reverse("evaluations:measures")).status_code == 403


def test_secretary_decides_nothing_about_oneself(sign_in, people, places, propose):
    RoleAssignment.objects.create(
        user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO
    )
    measure = propose(people.zhang)
    client = sign_in(people.member)
    assert "决定办理</a>" not in page(client, "measure", measure.pk)
    assert client.get(reverse("evaluations:accept_measure", args=[measure.pk])).status_code == 403


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["王志强", "张建国", "刘淑芬"]),
        ({"state": "proposed"}, ["刘淑芬"]),
        ({"state": "running"}, ["王志强", "张建国"]),
        ({"state": "nonsense"}, ["王志强", "张建国", "刘淑芬"]),
        ({"due": "late"}, ["王志强"]),
        ({"due": "soon"}, ["张建国"]),
        ({"q": "王志强"}, ["王志强"]),
        ({"q": "zjg"}, ["张建国"]),
        ({"q": "没有这个人"}, []),
    ],
)
def test_list_is_filtered_and_sorted_by_deadline(sign_in, people, begin, propose, query, names):
    begin(people.zhang)
    late = begin(people.wang)
    late.steps.filter(number=1).update(due_on=datetime.date(2025, 7, 30))
    propose(people.liu)
    response = sign_in(people.staff).get(reverse("evaluations:measures"), query)
    assert [measure.member.name for measure in response.context["page"]] == names
    assert ("已超期 2 天" in response.content.decode()) == ("王志强" in names)


@pytest.mark.parametrize("people_more", [0, 2])
def test_list_takes_the_same_queries(sign_in, people, places, begin, django_assert_num_queries, people_more):
    begin(people.wang)
    for number in range(people_more):
        begin(make.member(f"新人{number}", places.branch))
    client = sign_in(people.secretary)
    page(client, "measures")
    with django_assert_num_queries(6):
        page(client, "measures")


@pytest.mark.parametrize("kind", ["criticism", "rectification"])
def test_measure_takes_the_same_queries(sign_in, people, begin, django_assert_num_queries, kind):
    measure = begin(people.wang, kind)
    for step in measure.steps.all()[:2]:
        services.complete_step(step, services.Done(TODAY, "有"), actor=people.general)
    client = sign_in(people.secretary)
    page(client, "measure", measure.pk)
    with django_assert_num_queries(8):
        page(client, "measure", measure.pk)


def test_names_are_escaped(sign_in, people, begin):
    people.wang.name = "<b>王"
    people.wang.save()
    measure = begin(people.wang)
    assert "<b>王" not in page(sign_in(people.secretary), "measure", measure.pk)
