"""What is noted through the year (日常量化), from the form that notes it to the sheet of whoever assesses."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Assessment
from members.models import Role
from scoring.models import Entry
from tests import factories as make
from tests.declaring import decide, declare

pytestmark = pytest.mark.django_db
ITEM = "supervision.openness"
TODAY = datetime.date(2025, 6, 18)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def note(client, person, **fields):
    url = reverse("scoring:add_item", args=[ITEM], query={"scheme": "village-inspector"})
    data = {"member": person.pk, "date": f"{timezone.localdate()}", "points": "1.5", "note": "三月没有公开", **fields}
    return declare(client, url, data)


def suggestion(client, person):
    sheet = client.get(reverse("evaluations:assess_member", args=["2025", "village-inspector", person.pk]))
    return next(cell.line for cell in sheet.context["form"].cells if cell.line.item.code == ITEM), sheet


@pytest.mark.parametrize("by", ["secretary", "staff", "other_discipline"])
def test_note_suggests_a_score_once_the_office_approves(sign_in, people, places, village, by):
    people.other_discipline = make.user("韩纪检", Role.DISCIPLINE_OFFICE, places.street)
    note(sign_in(getattr(people, by)), people.zhang)
    entry = Entry.objects.get()
    assert (entry.version, entry.status) == (village, "reviewed")
    office = sign_in(people.discipline)
    assert suggestion(office, people.zhang)[0].suggested == 10
    decide(office, entry, "approve")
    line, sheet = suggestion(office, people.zhang)
    assert (line.noted, line.suggested, line.notes) == (Decimal("1.5"), Decimal("8.5"), [entry])
    assert "6 月 18 日 扣 1.5 分:三月没有公开" in sheet.content.decode()
    assert not Assessment.objects.exists()


def test_note_is_decided_by_the_discipline_office_alone(sign_in, people, village):
    note(sign_in(people.secretary), people.zhang)
    assert decide(sign_in(people.staff), Entry.objects.get(), "approve").status_code == 403


def test_note_of_whoever_is_not_assessed_is_refused(sign_in, people, village):
    response = note(sign_in(people.discipline), people.wang)
    assert "不按《村级纪检委员考核办法》" in response.context["form"].errors["date"][0]
    assert not Entry.objects.exists()


def test_note_does_not_touch_the_scheme_of_everybody(sign_in, people, village, half):
    note(sign_in(people.secretary), people.zhang)
    Entry.objects.update(status="approved")
    ledger = sign_in(people.secretary).get(reverse("reports:ledger", args=[people.zhang.pk]), {"period": "2025H1"})
    assert "三月没有公开" not in ledger.content.decode()
