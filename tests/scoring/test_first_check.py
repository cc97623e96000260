"""The first check by the leader of the group: who gives it, what the secretary then sees, and that it holds nothing up."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from members.models import Role
from reports.tasks import tasks_of
from scoring import permissions, review_services, services
from scoring.models import Entry, EntryStatus, FirstCheck
from scoring.reviewing import look_reason, to_check_first, waiting_for
from tests import factories as make
from tests.declaring import decide

DAY = datetime.date(2025, 4, 20)
TODAY = datetime.date(2025, 6, 18)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def declared(people, adopted, note="义诊", **fields):
    fields = {"version": adopted, "date": DAY, "declared_by": people.member} | fields
    return make.entry(people.zhang, "bonus.public_good", note=note, **fields)


def check(client, entry, finding="in_order", text=""):
    address = reverse("scoring:check_first", args=[entry.pk])
    return client.post(address, {"finding": finding, "text": text}, follow=True)


def first_check_task(user):
    return [task for task in tasks_of(user) if task.title == "初核本组的申报"]


def test_those_to_check_are_what_the_permission_allows(people, places, adopted):
    """The set and the yes-or-no question say the same, for everybody and every kind of entry."""
    people.both = make.user("两岗", Role.GROUP_LEADER, places.branch)
    people.both.role_assignments.create(role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO)
    people.own = make.user("组长本人", Role.GROUP_LEADER, places.branch, member=people.wang)
    for status in EntryStatus.values:
        for person in (people.zhang, people.wang, people.liu):
            for author in (people.member, people.own, people.leader, people.secretary):
                make.entry(
                    person, "bonus.public_good", version=adopted, date=DAY, note="事由", status=status,
                    declared_by=author,
                )  # fmt: skip
    done = Entry.objects.filter(status="declared", member=people.zhang).first()
    review_services.check_first(done, in_order=True, text="", actor=people.leader)
    entries = list(Entry.objects.select_related("member"))
    found = {}
    for name in ("member", "leader", "own", "secretary", "general", "staff", "auditor", "outsider", "both"):
        user = getattr(people, name)
        found[name] = {one.pk for one in entries if permissions.can_check_first(user, Entry.objects.get(pk=one.pk))}
        assert set(to_check_first(user).values_list("pk", flat=True)) == found[name], name
    assert [name for name, pks in found.items() if pks] == ["leader", "own"]
    assert not {one.pk for one in entries if one.member == people.wang} & found["own"]


def test_leader_is_led_from_home_through_the_group(sign_in, people, adopted):
    first, second = declared(people, adopted), declared(people, adopted, "送餐")
    (task,) = first_check_task(people.leader)
    assert (task.count, task.url) == (2, reverse("scoring:entry", args=[first.pk]))
    client = sign_in(people.leader)
    assert "本组党员报上来的" in client.get(task.url).content.decode()
    page = check(client, first)
    assert page.redirect_chain[-1][0] == reverse("scoring:entry", args=[second.pk])
    page = check(client, second, "doubtful", "那天他在外地。")
    assert page.redirect_chain[-1][0] == reverse("home")
    assert "本组等您初核的都核完了" in page.content.decode()
    assert first_check_task(people.leader) == []
    assert list(FirstCheck.objects.values_list("entry", "in_order", "text", "checked_by")) == [
        (first.pk, True, "", people.leader.pk),
        (second.pk, False, "那天他在外地。", people.leader.pk),
    ]


def test_secretary_and_author_read_what_was_found(sign_in, people, adopted):
    entry = declared(people, adopted)
    check(sign_in(people.leader), entry, "doubtful", "那天他在外地。")
    page = sign_in(people.secretary).get(reverse("scoring:entry", args=[entry.pk])).content.decode()
    assert "党小组初核有疑问(赵德胜):那天他在外地。" in page
    assert "党小组初核有疑问" in sign_in(people.secretary).get(reverse("scoring:queue")).content.decode()
    own = sign_in(people.member).get(reverse("scoring:entry", args=[entry.pk])).content.decode()
    assert "赵德胜 党小组初核有疑问:那天他在外地。" in own


def test_doubted_entry_is_not_approved_unseen(people, adopted):
    sound, doubted = declared(people, adopted), declared(people, adopted, "送餐")
    review_services.check_first(sound, in_order=True, text="", actor=people.leader)
    review_services.check_first(doubted, in_order=False, text="没见过", actor=people.leader)
    assert [look_reason(entry) for entry in waiting_for(people.secretary)] == ["", "初核有疑问,要逐条看"]
    with pytest.raises(ValidationError, match=f"第 {doubted.pk} 号要逐条看"):
        review_services.approve_together({sound.pk: "declared", doubted.pk: "declared"}, actor=people.secretary)


def test_first_check_holds_nothing_up(sign_in, people, adopted):
    entry = declared(people, adopted)
    decide(sign_in(people.secretary), entry, "approve")
    entry.refresh_from_db()
    assert entry.status == EntryStatus.REVIEWED
    page = check(sign_in(people.leader), entry)
    assert page.status_code == 400
    assert "现在待街道审批" in page.content.decode()
    assert not FirstCheck.objects.exists()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"finding": "doubtful", "text": "  "}, "有疑问的,请写明疑在哪里"),
        ({"finding": "", "text": "看过"}, "请点「属实」或「有疑问」。"),
        ({"finding": "nonsense", "text": ""}, "属实"),
        ({"finding": "doubtful", "text": "长" * 201}, "200"),
    ],
)
def test_bad_input_gets_a_sentence(sign_in, people, adopted, sent, sentence):
    entry = declared(people, adopted)
    page = check(sign_in(people.leader), entry, **sent)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert not FirstCheck.objects.exists()


def test_second_click_and_second_leader_store_nothing(sign_in, people, places, adopted):
    entry = declared(people, adopted)
    check(sign_in(people.leader), entry)
    assert "您刚才已经初核过" in check(sign_in(people.leader), entry).content.decode()
    other = make.user("钱组长", Role.GROUP_LEADER, places.branch)
    assert "赵德胜刚刚已经初核过这一条" in check(sign_in(other), entry, "doubtful", "不对").content.decode()
    assert FirstCheck.objects.get().checked_by == people.leader


def test_withdrawn_entry_is_not_checked(sign_in, people, adopted):
    entry = declared(people, adopted)
    services.withdraw_entry(entry, actor=people.member)
    assert "已撤回" in check(sign_in(people.leader), entry).content.decode()
    assert not FirstCheck.objects.exists()
