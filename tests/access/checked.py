"""The pages on which somebody looks through what is about to be stored for good; each is the answer to a form.

Each is asked for as a browser does, by one who has to do with it.
"""

from collections.abc import Iterator
from types import SimpleNamespace

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import services as roster
from scoring.models import Entry, EntryDraft
from tests import factories as make

SETTING = "set-five_leads_percent"


def checked_pages(
    visitors: dict[str, Client], objects, people: SimpleNamespace, places: SimpleNamespace
) -> Iterator[tuple[str, str, HttpResponse]]:
    """Name, path and answer of each."""
    yield from _of_entries(visitors, objects, people)
    yield from _of_votes(visitors, objects, people, places)
    yield from _of_measures_and_appeals(visitors, objects)
    yield from _of_adoptions(visitors["staff"], objects)
    yield from _of_roster(visitors["secretary"], people, places)
    yield from _of_facts(visitors["secretary"], objects)
    yield from _of_leave(visitors["secretary"], objects)


def _of_facts(secretary, objects):
    for address, of in (("withdraw_payment", "paid_month"), ("undo_mobility", "move")):
        (fact, _), *_ = objects(of, "secretary")
        path = reverse(f"members:{address}", kwargs=fact)
        yield f"check-{address.replace('_', '-')}", path, secretary.get(path)


def _of_leave(secretary, objects):
    (asked, _), *_ = objects("leave_request", "secretary")
    path = reverse("members:grant_leave", query={"request": asked["pk"]})
    yield "check-grant-leave", path, secretary.get(path)


def _of_roster(secretary, people, places):
    group = make.organization("第九小组", "group", places.branch)
    moved = make.member("丁调组", places.branch)
    roster.transfer_member(moved, group, timezone.localdate(), actor=people.secretary)
    path = reverse("evaluations:undo_transfer", args=[moved.pk])
    yield "check-undo-transfer", path, secretary.get(path)
    leaving = make.member("丁离开", places.branch)
    path = reverse("evaluations:remove_member", args=[leaving.pk])
    answer = {"day": str(timezone.localdate()), "reason": "moved", "words": "转到外地"}
    yield "check-remove", path, secretary.post(path, answer)
    title, since = "committee_member", timezone.localdate()
    post = leaving.positions.create(organization=places.branch, title=title, starts_on=since)
    path = reverse("members:withdraw_position", args=[leaving.pk, post.pk])
    yield "check-withdraw-position", path, secretary.get(path)


def _of_entries(visitors, objects, people):
    (declared, _), *_ = objects("declared_entry", "secretary")
    path = reverse("scoring:approve_together", query={"entry": declared["pk"]})
    yield "check-together", path, visitors["secretary"].get(path)
    version = Entry.objects.get(pk=declared["pk"]).version
    own = make.entry(
        people.zhang, "bonus.public_good", version=version, date=timezone.localdate(), note="清扫楼道",
        declared_by=people.member,
    )  # fmt: skip
    path = reverse("scoring:withdraw", args=[own.pk])
    yield "check-withdraw", path, visitors["member"].get(path)
    (kept, _), *_ = objects("entry_draft", "member")
    fields = {"date": str(timezone.localdate()), "note": "小区清雪", "quantity": "1"}
    EntryDraft.objects.filter(pk=kept["pk"]).update(fields=fields)
    path = reverse("evaluations:check_draft", kwargs=kept)
    yield "check-draft", path, visitors["member"].get(path)


def _of_votes(visitors, objects, people, places):
    (appraisal, _), *_ = objects("appraisal", "member")
    path = reverse("evaluations:ballot", kwargs=appraisal)
    rows = visitors["member"].get(path).context["paper"].rows()
    answers = {row["name"]: next(iter(row["choices"]))[0] for row in rows}
    yield "check-ballot", path, visitors["member"].post(path, answers | {"check": "1"})
    path = reverse("evaluations:record_resolution", args=["exemption"])
    vote = {
        "organization": places.branch.pk,
        "member": people.wang.pk,
        "held_on": str(timezone.localdate()),
        "exempt_from": str(timezone.localdate()),
        "subject": "年老体弱",
        "kind": "members",
        "entitled": 2,
        "present": 2,
        "votes_for": 2,
        "votes_against": 0,
        "abstained": 0,
    }
    yield "check-resolution", path, visitors["secretary"].post(path, vote)


def _of_measures_and_appeals(visitors, objects):
    (step, _), *_ = objects("measure_step", "secretary")
    path = reverse("evaluations:measure_step", kwargs=step)
    answer = {"done_on": str(timezone.localdate()), "note": "本人认可"}
    yield "check-measure", path, visitors["secretary"].post(path, answer)
    (appeal, _), *_ = objects("appeal", "staff")
    visitors["staff"].post(reverse("evaluations:take_appeal", kwargs=appeal))
    path = reverse("evaluations:decide_appeal", kwargs=appeal)
    yield "check-appeal", path, visitors["staff"].post(path, {"decision": "dismissed", "reasons": "已经核对"})


def _of_adoptions(staff, objects):
    (adoption, _), *_ = objects("adoption", "staff")
    path = reverse("scoring:edit_settings", kwargs=adoption)
    starts = staff.get(path).context["start"].fields["starts_on"].choices
    yield "check-settings", path, staff.post(path, {SETTING: "20", "starts_on": starts[-1][0], "step": "check"})
    path = reverse("scoring:end_adoption", kwargs=adoption)
    starts = staff.get(path).context["form"].fields["starts_on"].choices
    yield "check-end", path, staff.post(path, {"starts_on": starts[-1][0], "step": "check"})
