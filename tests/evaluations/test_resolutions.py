"""Votes of meetings: what they come to, what is refused, what follows, how a mistake is put right."""

import datetime
import errno
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import Purpose, Resolution
from evaluations.models.resolutions import MeetingRule
from evaluations.services import record_resolution
from members.dates import day_name
from members.models import ClosedPeriod, Exemption, FactChange, Role, User
from members.uploads import CheckedFile
from scoring.models import Adoption, Entry
from scoring.permissions import can_approve
from scoring.services import decide_entry, install_schemes
from tests import factories as make

DAY = datetime.date(2025, 5, 20)
MINUTES = CheckedFile("会议记录", "txt", "到会九人".encode())
VOTE = {
    "held_on": f"{DAY}",
    "subject": "年老多病,免予考核",
    "entitled": "10",
    "present": "8",
    "votes_for": "7",
    "votes_against": "1",
    "abstained": "0",
}
EXEMPTION = VOTE | {"exempt_from": "2025-05-20", "exempt_until": ""}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def branch(places, people, adopted):
    """Ten full members of the branch, Zhang and Wang among them, and one who is probationary."""
    for number in range(8):
        make.member(f"党员{number}", places.branch)
    make.member("小孙", places.branch, status="probationary")
    return places.branch


def resolution(place, by, member=None, **fields) -> Resolution:
    """A vote as stored by whoever recorded it; the figures of one that is carried unless said."""
    fields = {
        "held_on": DAY, "kind": "members", "purpose": "other", "subject": "通过工作计划",
        "entitled": 10, "present": 8, "votes_for": 7, "votes_against": 1, "abstained": 0,
        "quorum_over": 50, "majority_over": 50, **fields,
    }  # fmt: skip
    return Resolution.objects.create(organization=place, member=member, recorded_by=by, **fields)


def minutes(content=MINUTES.content, name="记录.txt"):
    return SimpleUploadedFile(name, content)


def send(client, purpose, place, step="save", query=None, **fields):
    data = {"organization": place.pk, "step": step, **fields}
    url = reverse("evaluations:record_resolution", args=[purpose], query=query)
    return client.post(url, {name: value for name, value in data.items() if value is not None})


def exempt(client, place, person, **fields):
    return send(client, "exemption", place, **(EXEMPTION | {"member": person.pk, "minutes": minutes()} | fields))


# What a vote comes to ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entitled", "present", "in_favour", "outcome"),
    [
        (20, 9, 9, "应到 20 人,实到 9 人,没有超过半数,表决无效。"),
        (20, 10, 10, "应到 20 人,实到 10 人,没有超过半数,表决无效。"),
        (20, 11, 10, "应到 20 人,实到 11 人;赞成 10 票,没有超过应到人数的半数,没有通过。"),
        (20, 11, 11, "应到 20 人,实到 11 人;赞成 11 票,超过应到人数的半数,通过。"),
        (21, 11, 11, "应到 21 人,实到 11 人;赞成 11 票,超过应到人数的半数,通过。"),
        (1, 1, 1, "应到 1 人,实到 1 人;赞成 1 票,超过应到人数的半数,通过。"),
        (3, 2, 1, "应到 3 人,实到 2 人;赞成 1 票,没有超过应到人数的半数,没有通过。"),
    ],
)
def test_outcome_says_why(entitled, present, in_favour, outcome):
    vote = Resolution(entitled=entitled, present=present, votes_for=in_favour, quorum_over=50, majority_over=50)
    assert vote.outcome == outcome
    assert vote.is_carried == outcome.endswith(",通过。")


def set_rule(place, by, quorum_over, majority_over, kind="members") -> MeetingRule:
    rule = MeetingRule(organization=place, kind=kind, quorum_over=quorum_over, majority_over=majority_over)
    return services.set_rule(rule, actor=by)


def test_later_rule_does_not_rewrite_the_past(branch, people, places):
    earlier = resolution(branch, people.secretary, present=6, votes_for=6, votes_against=0)
    set_rule(places.street, people.staff, 80, 66)
    later = Resolution(
        organization=branch, held_on=DAY, kind="members", purpose="other", subject="另一件事",
        entitled=10, present=8, votes_for=8, votes_against=0, abstained=0,
    )  # fmt: skip
    record_resolution(later, None, actor=people.secretary)
    assert Resolution.objects.get(pk=earlier.pk).is_carried
    assert later.outcome == "应到 10 人,实到 8 人,没有超过 80%,表决无效。"


def test_nearest_rule_counts_and_of_one_place_the_last(branch, people, places):
    set_rule(places.street, people.staff, 60, 60)
    set_rule(places.street, people.staff, 66, 66)
    set_rule(places.community, people.staff, 55, 50)
    set_rule(places.other_street, people.staff, 90, 90)
    found = {place: MeetingRule.objects.in_force(place, "members") for place in (branch, places.cousin)}
    assert [(one.quorum_over, one.majority_over) for one in found.values()] == [(55, 50), (66, 66)]
    assert MeetingRule.objects.in_force(branch, "committee") is None


def test_unit_sets_its_rule_from_the_page(sign_in, people, places, branch):
    client = sign_in(people.staff)
    url = reverse("evaluations:meeting_rule", args=[places.street.pk, "members"])
    assert 'value="50"' in client.get(url).content.decode()
    for _ in range(2):
        client.post(url, {"quorum_over": "66", "majority_over": "66"})
    rule = MeetingRule.objects.get()
    assert (rule.organization, rule.set_by, rule.words) == (
        places.street, people.staff, "到会超过 66%,赞成超过应到人数的 66%",
    )  # fmt: skip
    assert rule.words in client.get(reverse("evaluations:meeting_rules")).content.decode()
    later = Resolution(
        organization=branch, held_on=DAY, kind="members", purpose="other", subject="另一件事",
        entitled=10, present=8, votes_for=6, votes_against=0, abstained=0,
    )  # fmt: skip
    record_resolution(later, None, actor=people.secretary)
    assert later.outcome == "应到 10 人,实到 8 人;赞成 6 票,没有超过应到人数的 66%,没有通过。"


@pytest.mark.parametrize(
    ("value", "sentence"), [("49", "不能低于 50"), ("91", "不能高于 90"), ("", "没有填"), ("x", "整数")]
)
def test_rule_below_half_is_refused(sign_in, people, places, value, sentence):
    url = reverse("evaluations:meeting_rule", args=[places.street.pk, "members"])
    response = sign_in(people.staff).post(url, {"quorum_over": value, "majority_over": "50"})
    assert response.status_code == 400
    assert sentence in str(response.context["form"].errors["quorum_over"])
    assert not MeetingRule.objects.exists()


@pytest.mark.parametrize("role", ["secretary", "general", "discipline"])
def test_rule_is_the_streets(sign_in, people, places, role):
    url = reverse("evaluations:meeting_rule", args=[places.branch.pk, "members"])
    assert sign_in(getattr(people, role)).post(url, {"quorum_over": "66", "majority_over": "66"}).status_code in (
        403,
        404,
    )
    assert not MeetingRule.objects.exists()


def test_resolution_is_never_changed(branch, people):
    stored = resolution(branch, people.secretary)
    with pytest.raises(TypeError):
        stored.save()
    with pytest.raises(TypeError):
        stored.delete()
    with pytest.raises(TypeError):
        Resolution.objects.update(present=1)
    with pytest.raises(TypeError):
        Resolution.objects.all().delete()


# Refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"votes_for": "8"}, "votes_for", "赞成、反对、弃权合计 9 票,多于实到的 8 人。请核对。"),
        ({"present": "11"}, "present", "实到 11 人,多于应到的 10 人。请核对。"),
        ({"entitled": "0", "present": "0", "votes_for": "0", "votes_against": "0"}, "entitled", "应到人数至少为 1。"),
        (
            {"entitled": "11"},
            "entitled",
            "和平社区第一党支部名册上 2025 年 5 月 20 日只有 10 名正式党员,应到不会有 11 人。预备党员没有表决权,不算在内。请核对。",
        ),
        ({"entitled": "99999999"}, "entitled", None),
        ({"present": "-1"}, "present", None),
        ({"votes_against": "-1"}, "votes_against", None),
        ({"present": "八"}, "present", None),
        ({"held_on": "2025-02-30"}, "held_on", None),
        ({"subject": ""}, "subject", None),
        ({"subject": "长" * 81}, "subject", None),
        ({"exempt_from": ""}, "exempt_from", None),
        ({"exempt_until": "2025-05-19"}, "exempt_until", "结束日期不能早于开始日期 2025 年 5 月 20 日。"),
        ({"member": ""}, "member", None),
        ({"member": "99999"}, "member", None),
    ],
)
def test_bad_input_is_refused_and_nothing_stored(sign_in, people, branch, fields, field, sentence, tmp_path):
    response = exempt(sign_in(people.secretary), branch, people.zhang, **fields)
    assert response.status_code == 400
    errors = response.context["form"].errors
    assert list(errors) == [field]
    if sentence:
        assert errors[field] == [sentence]
    assert not Resolution.objects.exists()
    assert not Exemption.objects.exists()
    assert not list(tmp_path.rglob("*.*"))


def test_day_to_come_is_refused(sign_in, people, branch):
    tomorrow = timezone.localdate() + datetime.timedelta(1)
    response = exempt(sign_in(people.secretary), branch, people.zhang, held_on=f"{tomorrow}")
    assert response.context["form"].errors["held_on"] == [f"{day_name(tomorrow)}还没有到。开会以后再登记。"]


def test_member_of_another_branch_is_refused(sign_in, people, branch):
    response = exempt(sign_in(people.staff), branch, people.liu)
    assert response.context["form"].errors["member"] == [
        "刘淑芬在 2025 年 5 月 20 日不属于和平社区第一党支部。请核对党员、组织和日期。"
    ]
    foreign = exempt(sign_in(people.secretary), branch, people.sun)
    assert "member" in foreign.context["form"].errors
    assert not Resolution.objects.exists()


def test_another_place_is_refused(sign_in, people, places, branch):
    response = exempt(sign_in(people.secretary), places.sibling, people.zhang)
    assert response.context["form"].errors["organization"] == ["这个组织不在您的工作范围内,请重新选。"]


def test_matter_of_oneself_is_for_somebody_else(people, places, branch):
    people.secretary.member = make.member("李秀英", branch)
    people.secretary.save()
    vote = Resolution(
        organization=branch, held_on=DAY, kind="members", purpose="exemption", member=people.secretary.member,
        subject="年老", entitled=10, present=8, votes_for=8, votes_against=0, abstained=0, exempt_from=DAY,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="这次表决关系到您本人,请由另一位同志登记。"):
        record_resolution(vote, MINUTES, actor=people.secretary)


def test_exemption_takes_the_longest_subject(sign_in, people, branch):
    exempt(sign_in(people.secretary), branch, people.zhang, subject="长" * 80, held_on="2025-05-20")
    assert Exemption.objects.get().reason == ("长" * 80 + "(2025 年 5 月 20 日党员大会决议)")[:100]


def test_same_vote_twice_is_refused(sign_in, people, branch):
    client = sign_in(people.secretary)
    exempt(client, branch, people.zhang)
    again = exempt(client, branch, people.zhang)
    assert again.status_code == 400
    number = Resolution.objects.get().pk
    assert f"这次表决已经登记过(第 {number} 号表决),不用再登记。" in str(again.context["form"].errors)
    assert Exemption.objects.count() == 1


def test_second_exemption_for_the_same_time_is_refused(sign_in, people, branch):
    client = sign_in(people.secretary)
    exempt(client, branch, people.zhang)
    again = exempt(client, branch, people.zhang, subject="患病", exempt_from="2025-06-01", step="", minutes=None)
    assert again.context["form"].errors["exempt_from"] == [
        "张建国从 2025 年 5 月 20 日起已经免予考核(长期),不用再表决。请核对日期。"
    ]


def test_minutes_are_asked_for_where_it_is_about_a_member(sign_in, people, branch):
    client = sign_in(people.secretary)
    response = exempt(client, branch, people.zhang, minutes=None)
    assert response.status_code == 400
    assert response.context["form"].errors["minutes"] == ["请选一个文件。"]
    lying = exempt(client, branch, people.zhang, minutes=minutes(b"%PDF-1.7", "记录.docx"))
    assert "「记录.docx」的内容其实是PDF" in str(lying.context["form"].errors)
    assert not Resolution.objects.exists()
    plan = VOTE | {"kind": "committee", "subject": "通过工作计划"}
    assert send(client, "other", branch, **plan).status_code == 302


def test_matter_that_no_scheme_leaves_to_a_meeting_is_not_offered(sign_in, people, branch):
    client = sign_in(people.secretary)
    offered = client.get(reverse("evaluations:add_resolution")).context["purposes"]
    assert [purpose for purpose, _ in offered] == [one for one in Purpose if one != Purpose.OBSTRUCTION]
    assert client.get(reverse("evaluations:record_resolution", args=["obstruction"])).status_code == 404
    assert client.get(reverse("evaluations:record_resolution", args=["nonsense"])).status_code == 404


def test_scheme_of_the_members_branch_must_have_the_clause(people, places, branch):
    town = next(version for version in install_schemes() if version.code == "town-layered")
    Adoption.objects.create(organization=branch, version=town, starts_on=make.LONG_AGO)
    vote = Resolution(
        organization=branch, held_on=DAY, kind="members", purpose="verdict", member=people.zhang,
        subject="不合格", entitled=10, present=8, votes_for=8, votes_against=0, abstained=0,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="没有「认定不合格」这一条,不能这样登记。"):
        record_resolution(vote, MINUTES, actor=people.secretary)


# What follows -----------------------------------------------------------------------------------


def test_answers_are_checked_before_anything_is_stored(sign_in, people, branch):
    client = sign_in(people.secretary)
    page = exempt(client, branch, people.zhang, step="", minutes=None)
    text = page.content.decode()
    assert page.status_code == 200
    assert "应到 10 人,实到 8 人;赞成 7 票,超过应到人数的半数,通过。" in text
    assert "张建国从 2025 年 5 月 20 日 起免予考核" in text
    assert '<input type="hidden" name="votes_for" value="7">' in text
    assert not Resolution.objects.exists()
    back = exempt(client, branch, people.zhang, step="form", minutes=None)
    assert (back.status_code, back.context["form"]["votes_for"].value()) == (200, "7")


def test_carried_exemption_frees_the_member(sign_in, people, branch):
    response = exempt(sign_in(people.secretary), branch, people.zhang, exempt_until="2026-05-19")
    stored = Resolution.objects.get()
    assert response.url == reverse("evaluations:resolution", args=[stored.pk])
    freed = Exemption.objects.get()
    assert (freed.member, freed.starts_on, freed.ends_on) == (people.zhang, DAY, datetime.date(2026, 5, 19))
    assert freed.reason == "年老多病,免予考核(2025 年 5 月 20 日党员大会决议)"
    assert FactChange.objects.get(kind="exemption").changed_by == people.secretary
    assert (stored.recorded_by, stored.is_carried) == (people.secretary, True)
    receipt = sign_in(people.secretary).get(response.url).content.decode()
    assert f"第 {stored.pk} 号表决" in receipt
    assert "已经记入名册" in receipt


def test_vote_that_is_not_carried_is_on_record_alone(sign_in, people, branch):
    exempt(sign_in(people.secretary), branch, people.zhang, present="5", votes_for="5", votes_against="0")
    stored = Resolution.objects.get()
    assert (stored.is_carried, stored.entry) == (False, None)
    assert not Exemption.objects.exists()
    page = sign_in(people.secretary).get(reverse("evaluations:resolution", args=[stored.pk])).content.decode()
    assert "表决无效" in page
    assert "只留记录" in page


@pytest.fixture
def verdict(sign_in, people, branch):
    """Zhang found unqualified by the meeting; the entry waits for the street."""
    sent = VOTE | {"subject": "扣分超过 40 分", "member": people.zhang.pk, "minutes": minutes()}
    send(sign_in(people.secretary), "verdict", branch, **sent)
    return Resolution.objects.get()


def test_carried_verdict_waits_for_the_street(verdict, people, adopted):
    entry = Entry.objects.get()
    assert verdict.entry == entry
    assert (entry.item, entry.status, entry.version, entry.date) == ("direct.assembly", "reviewed", adopted, DAY)
    assert entry.note == "2025 年 5 月 20 日党员大会表决通过:扣分超过 40 分"
    assert entry.declared_by == people.secretary
    assert entry.evidence.get().file.read() == "到会九人".encode()


def test_obstruction_is_an_entry_of_the_layered_scheme(sign_in, people, places, branch):
    town = next(version for version in install_schemes() if version.code == "town-layered")
    Adoption.objects.create(organization=branch, version=town, starts_on=make.LONG_AGO)
    sent = VOTE | {"subject": "阻碍征地", "member": people.zhang.pk, "minutes": minutes()}
    send(sign_in(people.secretary), "obstruction", branch, **sent)
    entry = Resolution.objects.get().entry
    assert (entry.item, entry.quantity, entry.status) == ("penalty.obstruct", 1, "reviewed")


def test_vote_in_a_settled_period_changes_nothing(sign_in, people, places, branch):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    client = sign_in(people.secretary)
    sent = VOTE | {"member": people.zhang.pk, "minutes": minutes()}
    verdict = send(client, "verdict", branch, **sent)
    exemption = exempt(client, branch, people.zhang)
    assert "已经办结" in str(verdict.context["form"].errors["held_on"])
    assert "已经办结" in str(exemption.context["form"].errors["exempt_from"])
    assert not Resolution.objects.exists()


@pytest.mark.parametrize("purpose", ["expulsion", "withdrawal"])
def test_expulsion_is_left_to_people(sign_in, people, branch, purpose):
    sent = VOTE | {"subject": "自行脱党", "member": people.zhang.pk, "minutes": minutes()}
    response = send(sign_in(people.secretary), purpose, branch, **sent)
    assert "请把决议和会议记录报上级党委审批" in sign_in(people.secretary).get(response.url).content.decode()
    assert people.zhang.memberships.get().ends_on is None
    assert not Entry.objects.exists()


def test_general_branch_records_for_itself(sign_in, people, places, branch):
    sent = VOTE | {"kind": "members", "subject": "公示结果", "entitled": "11", "present": "9"}
    send(sign_in(people.general), "publication", places.community, **sent)
    assert Resolution.objects.get().organization == places.community


@pytest.mark.parametrize("purpose", ["exemption", "verdict"])
def test_full_disk_leaves_nothing(sign_in, people, branch, monkeypatch, purpose, tmp_path):
    written = []

    def fail(name, content):
        path = Path(default_storage.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        written.append(name)
        if name.startswith("minutes/"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return name

    monkeypatch.setattr(default_storage, "_save", fail)
    client = sign_in(people.secretary)
    client.raise_request_exception = False
    fields = EXEMPTION if purpose == "exemption" else VOTE
    response = send(client, purpose, branch, **fields, member=people.zhang.pk, minutes=minutes())
    assert response.status_code == 503
    assert "服务器的磁盘满了或不能写" in response.content.decode()
    assert written
    assert not list(tmp_path.rglob("*.txt"))
    assert [model.objects.count() for model in (Resolution, Exemption, Entry)] == [0, 0, 0]


# Putting right ----------------------------------------------------------------------------------


def test_correction_keeps_both_and_takes_back_what_followed(sign_in, people, branch):
    client = sign_in(people.secretary)
    exempt(client, branch, people.zhang)
    wrong = Resolution.objects.get()
    asked = client.get(reverse("evaluations:record_resolution", args=["exemption"]), {"replaces": wrong.pk})
    assert asked.context["form"]["votes_for"].value() == 7
    exempt(client, branch, people.zhang, query={"replaces": wrong.pk}, present="5", votes_for="5", votes_against="0")
    right = Resolution.objects.get(replaces=wrong)
    assert not right.is_carried
    assert not Exemption.objects.exists()
    assert [(one.old, one.new) for one in FactChange.objects.filter(kind="exemption").order_by("pk")] == [
        ("", "年老多病,免予考核(2025 年 5 月 20 日党员大会决议)"),
        ("年老多病,免予考核(2025 年 5 月 20 日党员大会决议)", "取消"),
    ]
    page = client.get(reverse("evaluations:resolution", args=[wrong.pk])).content.decode()
    assert "更正,不再作数" in page
    assert "更正这次表决" not in page


def test_correction_of_a_correction_names_the_last(sign_in, people, branch):
    client = sign_in(people.secretary)
    exempt(client, branch, people.zhang)
    wrong = Resolution.objects.get()
    exempt(client, branch, people.zhang, query={"replaces": wrong.pk})
    right = Resolution.objects.get(replaces=wrong)
    again = exempt(client, branch, people.zhang, query={"replaces": wrong.pk}, votes_for="6")
    assert f"第 {wrong.pk} 号表决已经由第 {right.pk} 号表决更正。" in str(again.context["form"].errors)
    assert Exemption.objects.count() == 1


def test_correction_withdraws_an_entry_that_waits(sign_in, people, branch, verdict):
    sent = VOTE | {"subject": "扣分超过 40 分", "member": people.wang.pk, "minutes": minutes()}
    send(sign_in(people.secretary), "verdict", branch, query={"replaces": verdict.pk}, **sent)
    assert list(Entry.objects.order_by("pk").values_list("member__name", "status")) == [
        ("张建国", "withdrawn"),
        ("王志强", "reviewed"),
    ]


def test_correction_of_what_the_street_approved_waits_for_its_reversal(sign_in, people, branch, verdict):
    decide_entry(verdict.entry, approved=True, reason="", actor=people.staff)
    sent = VOTE | {"subject": "扣分", "member": people.zhang.pk, "minutes": minutes(), "present": "5"}
    sent |= {"votes_for": "5", "votes_against": "0"}
    response = send(sign_in(people.secretary), "verdict", branch, query={"replaces": verdict.pk}, **sent)
    assert f"街道已经批准第 {verdict.entry_id} 号记录。请先由街道冲正" in str(response.context["form"].errors)
    assert Resolution.objects.count() == 1


# Who reads --------------------------------------------------------------------------------------


@pytest.fixture
def votes(branch, places, people):
    """One of every sort in the branch, and a harmless one of the sibling."""
    return {
        "plan": resolution(branch, people.secretary, subject="通过工作计划"),
        "exempt": resolution(branch, people.secretary, people.wang, purpose="exemption", exempt_from=DAY, minutes="minutes/x.txt"),
        "wang": resolution(branch, people.secretary, people.wang, purpose="withdrawal", subject="劝退王志强", minutes="minutes/x.txt"),
        "zhang": resolution(branch, people.secretary, people.zhang, purpose="verdict", subject="认定张建国", minutes="minutes/x.txt"),
        "sibling": resolution(places.sibling, people.staff, subject="第二支部计划"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("secretary", {"plan", "exempt", "wang", "zhang"}),
        ("general", {"plan", "exempt", "wang", "zhang", "sibling"}),
        ("staff", {"plan", "exempt", "wang", "zhang", "sibling"}),
        ("discipline", {"plan", "exempt", "wang", "zhang", "sibling"}),
        ("auditor", {"plan", "exempt", "sibling"}),
        ("leader", {"plan", "exempt"}),
        ("member", {"plan", "exempt", "zhang"}),
        ("outsider", set()),
    ],
)
def test_resolutions_are_seen_by_scope_and_discretion(sign_in, people, votes, role, seen):
    client = sign_in(getattr(people, role))
    listed = {one.pk for one in client.get(reverse("evaluations:resolutions")).context["page"]}
    assert listed == {votes[name].pk for name in seen}
    for name, vote in votes.items():
        page = client.get(reverse("evaluations:resolution", args=[vote.pk]))
        assert page.status_code == (200 if name in seen else 404), name
        if name not in seen:
            assert client.get(reverse("evaluations:minutes", args=[vote.pk])).status_code == 404


def test_minutes_are_for_those_who_decide_and_the_one_concerned(sign_in, people, votes):
    default_storage.save("minutes/x.txt", minutes())
    address = reverse("evaluations:minutes", args=[votes["exempt"].pk])
    found = {
        role: sign_in(getattr(people, role)).get(address).status_code for role in ("secretary", "member", "auditor")
    }
    assert found == {"secretary": 200, "member": 403, "auditor": 403}
    own = sign_in(people.member).get(reverse("evaluations:minutes", args=[votes["zhang"].pk]))
    assert own["Content-Disposition"].startswith("attachment")
    assert (own["X-Content-Type-Options"], own["Cache-Control"]) == ("nosniff", "no-store")
    assert (
        "看会议记录"
        not in sign_in(people.member).get(reverse("evaluations:resolution", args=[votes["exempt"].pk])).content.decode()
    )
    none = reverse("evaluations:minutes", args=[votes["plan"].pk])
    assert sign_in(people.secretary).get(none).status_code == 404


def test_member_records_nothing(sign_in, people, votes):
    client = sign_in(people.member)
    assert "登记表决" not in client.get(reverse("evaluations:resolutions")).content.decode()
    assert client.get(reverse("evaluations:add_resolution")).status_code == 403
    assert exempt(client, votes["plan"].organization, people.wang).status_code == 403


def test_correction_of_another_branchs_vote_is_refused(sign_in, people, votes):
    url = reverse("evaluations:record_resolution", args=["other"])
    assert sign_in(people.secretary).get(url, {"replaces": votes["sibling"].pk}).status_code == 404
    assert sign_in(people.secretary).get(url, {"replaces": "x"}).status_code == 404


def test_list_takes_the_same_queries_for_one_and_three(sign_in, people, branch):
    client = sign_in(people.secretary)
    counts = []
    resolution(branch, people.secretary, people.wang, purpose="withdrawal")
    for _ in range(2):
        client.get(reverse("evaluations:resolutions"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("evaluations:resolutions"))
        counts.append(len(queries))
        earlier = resolution(branch, people.secretary, people.zhang, purpose="verdict")
        resolution(branch, people.secretary, people.zhang, purpose="verdict", replaces=earlier)
    assert counts[0] == counts[1]


def test_list_keeps_to_a_purpose(sign_in, people, votes):
    page = sign_in(people.secretary).get(reverse("evaluations:resolutions"), {"purpose": "verdict"})
    assert [one.pk for one in page.context["page"]] == [votes["zhang"].pk]


def test_roster_leads_to_the_vote(sign_in, people, branch):
    page = sign_in(people.secretary).get(reverse("members:member", args=[people.zhang.pk])).content.decode()
    link = f"{reverse('evaluations:record_resolution', args=['exemption'])}?member={people.zhang.pk}"
    assert link in page
    form = sign_in(people.secretary).get(link).context["form"]
    assert str(form["member"].value()) == str(people.zhang.pk)
    assert form["organization"].value() == branch.pk


def test_long_roster_is_asked_by_name(sign_in, people, branch, monkeypatch):
    monkeypatch.setattr("evaluations.forms_resolutions.LONGEST_LIST", 3)
    url = reverse("evaluations:record_resolution", args=["exemption"])
    form = sign_in(people.secretary).get(url, {"member": people.zhang.pk}).context["form"]
    assert form["member"].value() == people.zhang.number
    response = exempt(sign_in(people.secretary), branch, people.zhang, member="张建国")
    assert response.status_code == 302


def test_recorder_does_not_approve_the_entry(people, verdict, places):
    assert not can_approve(people.secretary, verdict.entry)
    assert can_approve(people.staff, verdict.entry)
    people.secretary.role_assignments.create(role=Role.STREET_STAFF, organization=places.street)
    assert not can_approve(User.objects.get(pk=people.secretary.pk), verdict.entry)


def test_lists_to_choose_from_say_so(sign_in, people):
    page = sign_in(people.secretary).get(reverse("evaluations:record_resolution", args=["exemption"])).content.decode()
    assert "---------" not in page
    assert page.count('<option value="" selected>请选择</option>') == 1  # the member; the only branch is chosen
