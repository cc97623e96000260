"""Voting with an account and with the code of a slip."""

import datetime
import logging
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import Appraisal, BallotCode, BallotCount, Voter
from evaluations.services.ballots import UNKNOWN_CODE, digest_of
from members.models import FactChange
from tests import factories as make

VOTE = "/vote/"


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def code(opened):
    """A printed code of the household representatives."""
    (printed,) = services.make_codes(opened.groups.get(code="household_reps"), 1, 0)
    return printed


@pytest.fixture
def answers(people):
    return {f"answer-{people.zhang.pk}": "95", f"answer-{people.wang.pk}": "none"}


def counted() -> set:
    """The counters above 0."""
    return set(BallotCount.objects.filter(count__gt=0).values_list("group__code", "member__name", "score", "count"))


# With an account --------------------------------------------------------------------------------


def ballot_url(opened):
    return reverse("evaluations:ballot", args=[opened.pk])


def test_ballot_leaves_out_oneself(sign_in, opened, people):
    page = sign_in(people.member).get(ballot_url(opened))
    assert [str(row["member"]) for row in page.context["paper"].rows()] == ["王志强"]
    assert [word for _, word in page.context["paper"].rows()[0]["choices"]] == [
        "优秀 100 分", "优秀 95 分", "优秀 90 分", "合格 85 分", "合格 80 分", "合格 75 分", "合格 70 分", "合格 60 分",
        "不合格 50 分", "不了解,不评",
    ]  # fmt: skip


def test_ballot_names_who_is_not_answered(sign_in, opened, people):
    page = sign_in(people.member).post(ballot_url(opened), {"check": "1"})
    assert page.status_code == 400
    assert "还有 1 人没有选" in page.content.decode()
    assert counted() == set()


def test_ballot_is_checked_then_cast(sign_in, opened, people):
    client = sign_in(people.member)
    answer = {f"answer-{people.wang.pk}": "85"}
    check = client.post(ballot_url(opened), answer | {"check": "1"})
    assert "合格 85 分" in check.content.decode()
    assert counted() == set()
    back = client.post(ballot_url(opened), answer | {"change": "1"})
    assert back.context["paper"].rows()[0]["value"] == "85"
    done = client.post(ballot_url(opened), answer | {"cast": "1"})
    assert done.url == reverse("evaluations:vote_done")
    page = client.get(done.url)
    assert "参与已登记" in page.content.decode()
    assert "85" not in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert counted() == {("members_residents", "王志强", Decimal(85), 1)}
    assert Voter.objects.get(member=people.zhang).way == "online"


def test_second_vote_is_refused(sign_in, opened, people):
    client = sign_in(people.member)
    for choice in ("85", "100"):
        last = client.post(ballot_url(opened), {f"answer-{people.wang.pk}": choice, "cast": "1"})
    assert last.status_code == 400
    assert "您已经评议过了,每人只评一次。" in last.content.decode()
    assert counted() == {("members_residents", "王志强", Decimal(85), 1)}


def test_nobody_appraises_themselves(opened, people):
    voter = Voter.objects.get(member=people.zhang)
    with pytest.raises(ValidationError, match="不能评议自己"):
        services.vote_as_member(voter, {people.zhang.pk: Decimal(100), people.wang.pk: Decimal(90)})
    voter.refresh_from_db()
    assert (voter.way, counted()) == ("", set())


@pytest.mark.parametrize("choice", ["99", "1e2", "-5", "NaN", "一百"])
def test_ballot_with_a_score_that_there_is_not_is_unanswered(sign_in, opened, people, choice):
    page = sign_in(people.member).post(ballot_url(opened), {f"answer-{people.wang.pk}": choice, "cast": "1"})
    assert page.status_code == 400
    assert counted() == set()


@pytest.mark.parametrize("answers", [{}, {0: Decimal(90)}, {None: Decimal(90)}])
def test_ballot_must_name_every_candidate_and_no_other(opened, people, answers):
    answers = {people.wang.pk if key is None else key: value for key, value in answers.items()}
    (code,) = services.make_codes(opened.groups.get(code="household_reps"), 1, 0)
    with pytest.raises(ValidationError, match="评议名单上还有人没有选"):
        services.vote_by_code(code, answers)
    assert not BallotCode.objects.get().used


@pytest.mark.parametrize(
    ("times", "sentence"),
    [((1, 2), "开始,请到时再来。"), ((-2, -1), "网上评议已经截止,这次没有记入。")],
)
def test_vote_outside_the_time_is_refused(sign_in, opened, people, code, answers, times, sentence):
    opens, closes = (timezone.now() + datetime.timedelta(hours=hours) for hours in times)
    Appraisal.objects.update(opens_at=opens, closes_at=closes)
    for page in (
        sign_in(people.member).post(ballot_url(opened), answers | {"cast": "1"}),
        Client().post(VOTE, answers | {"code": code, "cast": "1"}),
    ):
        assert page.status_code == 400
        assert sentence in page.content.decode()
    assert counted() == set()


def test_vote_after_the_closing_is_refused(sign_in, opened, people, code, answers):
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    page = Client().post(VOTE, answers | {"code": code, "cast": "1"})
    assert "这次评议已经结束,不能再改。" in page.content.decode()
    assert counted() == set()


@pytest.mark.parametrize(("way", "sentence"), [("paper", "登记簿上您领了纸质票"), ("slip", "登记簿上您领了评议码")])
def test_tick_blocks_voting_online(sign_in, opened, people, way, sentence):
    Voter.objects.filter(member=people.zhang).update(way=way)
    page = sign_in(people.member).post(ballot_url(opened), {f"answer-{people.wang.pk}": "85", "cast": "1"})
    assert sentence in page.content.decode()
    assert counted() == set()


def test_ballot_is_for_voters(sign_in, opened, people):
    assert sign_in(people.secretary).get(ballot_url(opened)).status_code == 403
    assert sign_in(people.outsider).get(ballot_url(opened)).status_code == 404


# With a code ------------------------------------------------------------------------------------


def test_code_opens_the_ballot_without_an_account(opened, code, people, answers):
    browser = Client()
    assert browser.get(VOTE).status_code == 200
    page = browser.post(VOTE, {"code": code})
    assert [str(row["member"]) for row in page.context["paper"].rows()] == ["张建国", "王志强"]
    check = browser.post(VOTE, answers | {"code": code, "check": "1"})
    assert "不了解,不评" in check.content.decode()
    assert browser.post(VOTE, answers | {"code": code, "cast": "1"}).url == reverse("evaluations:vote_done")
    assert counted() == {("household_reps", "张建国", Decimal(95), 1), ("household_reps", "王志强", None, 1)}
    assert Session.objects.count() == 0


def test_code_may_be_typed_carelessly(opened, code, answers):
    typed = f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert Client().post(VOTE, answers | {"code": typed, "cast": "1"}).status_code == 302


def test_used_and_unknown_codes_get_the_same_sentence(opened, code, answers):
    browser = Client()
    browser.post(VOTE, answers | {"code": code, "cast": "1"})
    pages = [browser.post(VOTE, answers | {"code": text, "cast": "1"}) for text in (code, "0000-0000-0000-0000")]
    assert [(page.status_code, page.context["form"].errors["code"]) for page in pages] == [(400, [UNKNOWN_CODE])] * 2
    assert BallotCount.objects.aggregate(Sum("count"))["count__sum"] == 2


def test_codes_are_long_and_kept_as_digests(opened):
    group = opened.groups.get(code="household_reps")
    codes = services.make_codes(group, 100, 0)
    assert {len(code.replace("-", "")) for code in codes} == {16}
    assert len(set(codes)) == 100
    stored = list(BallotCode.objects.order_by("pk").values_list("digest", flat=True))
    assert stored == sorted(map(digest_of, codes))
    assert stored != list(map(digest_of, codes))


def test_codes_made_anew_void_the_unused(opened, code, answers):
    group = opened.groups.get(code="household_reps")
    services.make_codes(group, 2, 1)
    assert Client().post(VOTE, answers | {"code": code, "cast": "1"}).status_code == 400
    assert BallotCode.objects.count() == 2


def test_codes_made_twice_by_a_double_click_are_made_once(sign_in, opened, people):
    url = reverse("evaluations:slips", args=[opened.pk, "household_reps"])
    client = sign_in(people.staff)
    first = client.post(url, {"number": "3", "batch": "0"})
    again = client.post(url, {"number": "3", "batch": "0"}, follow=True)
    assert len(first.context["slips"]) == 3
    assert "刚才已经生成过一批评议码" in again.content.decode()
    assert set(BallotCode.objects.values_list("digest", flat=True)) == {
        digest_of(code) for code, _, _ in first.context["slips"]
    }


def test_slips_name_the_address_and_nobody(sign_in, opened, people):
    page = sign_in(people.staff).post(
        reverse("evaluations:slips", args=[opened.pk, "members_residents"]), {"number": "2", "batch": "0"}
    )
    assert [address for _, address, _ in page.context["slips"]] == [
        f"http://testserver/vote/#{code}" for code, _, _ in page.context["slips"]
    ]
    assert page.content.decode().count("data:image/svg+xml") == 2
    assert "居民甲" not in page.content.decode()
    assert "style=" not in page.content.decode()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("", "请填要印几张。"), ("0", "至少印 1 张。"), ("501", "一次最多印 500 张。"), ("几", "张数要填整数。")],
)
def test_slips_refuse_bad_input(sign_in, opened, people, number, sentence):
    page = sign_in(people.staff).post(
        reverse("evaluations:slips", args=[opened.pk, "committee"]), {"number": number, "batch": "0"}
    )
    assert page.context["form"].errors["number"] == [sentence]
    assert not BallotCode.objects.exists()


def test_wrong_codes_lock_nobody_out(opened, code, answers):
    browser = Client()
    for _ in range(50):
        assert browser.post(VOTE, {"code": "1"}).status_code == 400
    assert browser.post(VOTE, answers | {"code": code, "cast": "1"}).status_code == 302


# Traces -----------------------------------------------------------------------------------------


def test_vote_leaves_no_choice_in_logs_messages_or_history(sign_in, opened, people, code, answers, caplog):
    caplog.set_level(logging.DEBUG)
    client = sign_in(people.member)
    client.get(ballot_url(opened))
    kept_before = kept_in_sessions()
    client.post(ballot_url(opened), {f"answer-{people.wang.pk}": "85", "cast": "1"})
    Client().post(VOTE, answers | {"code": code, "cast": "1"})
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert code not in said
    assert "answer-" not in said
    assert FactChange.objects.count() == 0
    assert kept_in_sessions() == kept_before


def kept_in_sessions() -> set[str]:
    """Names of everything that sessions hold."""
    return {key for session in Session.objects.all() for key in session.get_decoded()}


def test_vote_takes_the_same_queries_for_any_number_of_candidates(
    opened, people, places, django_assert_max_num_queries
):
    for number in range(20):
        person = make.member(f"新人{number}", places.branch)
        BallotCount.objects.bulk_create(
            BallotCount(group=group, member=person, score=score, count=0)
            for group in opened.groups.all()
            for score in (Decimal(90), None)
        )
    members = set(BallotCount.objects.values_list("member", flat=True))
    voter = Voter.objects.get(member=people.zhang)
    with django_assert_max_num_queries(10):
        services.vote_as_member(voter, {pk: Decimal(90) for pk in members - {people.zhang.pk}})
