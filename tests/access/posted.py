"""Pages that no address alone leads to: what a grid says to a faulty form, and what is to be checked before it is stored.

Each is asked for as a browser does, by the secretary of a branch of two.
"""

from collections.abc import Iterator
from types import SimpleNamespace

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Activity
from tests import factories as make

NOT_YET = "2150-01-01"  # a browser sends no day that does not exist
FAULTY = {
    "due_yuan": "十元",
    "amount_yuan": "x",
    "paid_on": NOT_YET,
    "payer": "某" * 40,
    "excuse": "某",
    "kind": "x",
    "pay_yuan": "x",
    "fixed_yuan": "x",
    "assigned": "x",
    "visited": "x",
}  # whatever a row calls its fields
GRIDS = ("dues", "dues_bases", "visits", "visits_half", "migrant_reports")


def posted_pages(client: Client, people: SimpleNamespace) -> Iterator[tuple[str, str, HttpResponse]]:
    """Name, path and answer of each. The client is the secretary's."""
    make.member("马外出", people.wang.memberships.get().organization, mobility="migrant")
    for name in GRIDS:
        path = reverse(f"members:{name}")
        yield f"refused-{name}", path, client.post(path, faulty(client.get(path).context["rows"]))
    path = reverse("members:dues_half")
    rows = client.get(path).context["rows"]
    seen = {f"seen-{row.member.pk}": row.seen for row in rows}
    yield "refused-dues_half", path, client.post(path, seen | {"pay_all": "1", "paid_on": "", "payer": "某" * 40})
    yield (
        "check-dues_half",
        path,
        client.post(path, seen | {"pay_all": "1", "paid_on": str(timezone.localdate()), "payer": ""}),
    )
    path = reverse("members:dues")
    rows = {f"m{member.pk}-seen": "" for member in (people.zhang, people.wang)}
    yield "check-dues", path, client.post(path, rows | {f"m{people.zhang.pk}-due_yuan": "10", "pay_today": "1"})
    event = Activity.objects.filter(organization__memberships__member=people.zhang).first()
    path = reverse("members:activity", args=[event.pk])
    yield "refused-activity", path, client.post(path, {f"m{people.zhang.pk}-shown": "present"})
    yield from uploaded_pages(client, people)
    yield "error", "/no/such/page/", client.get("/no/such/page/")


def faulty(rows) -> dict[str, str]:
    """Every field of every row with a value that it does not take."""
    return {
        f"{row.prefix}-{name}": row["seen"].value() if name == "seen" else FAULTY.get(name, NOT_YET)
        for row in rows
        for name in row.fields
        if name not in ("full", "today", "quarter", "excused")
    }


def uploaded_pages(client: Client, people: SimpleNamespace) -> Iterator[tuple[str, str, HttpResponse]]:
    """What a roster and a bank's list would do, with a row that is good and one that is not."""
    number = people.zhang.number
    for name, head, good, bad in (
        ("import_members", "编号,姓名,性别,出生日期", f"{number},张建国,男,1970-01-02", f"{number}9,李,男,x"),
        ("import_dues", "编号,姓名,金额,日期", f"{number},张建国,1,2025-06-05", ""),
        ("import_dues", "编号,姓名,金额,日期", f"{number},张建国,1,2025-06-05", f"{number}9,李,x,x"),
    ):
        path = reverse(f"members:{name}")
        file = SimpleUploadedFile("名单.csv", "\n".join((head, good, bad)).encode())
        yield f"{'refused' if bad else 'preview'}-{name}", path, client.post(path, {"file": file}, follow=True)
