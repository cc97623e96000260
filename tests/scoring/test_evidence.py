"""Evidence: handed in with an entry, seen with it; verdicts need it and come from the office that the scheme names."""

import datetime
import errno
import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from members.models import Role
from members.uploads import CheckedFile
from scoring import permissions, services
from scoring.models import DraftFile, Entry, Evidence
from tests import declaring
from tests import factories as make

DAY = datetime.date(2025, 4, 20)
PAPER = CheckedFile("处分决定", "pdf", b"%PDF-1.7 decided")


def picture(name="奖状.jpg", colour="red") -> SimpleUploadedFile:
    held = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(held, "JPEG", comment=b"secret place")
    return SimpleUploadedFile(name, held.getvalue())


def declare(client, item="bonus.public_good", **fields):
    data = {"date": f"{DAY}", "quantity": "1", "note": "社区义诊", **fields}
    return declaring.declare(client, reverse("scoring:add_item", args=[item]), data)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def files_on_disk() -> int:
    return sum(path.is_file() for path in (Path(settings.MEDIA_ROOT) / "evidence").glob("*"))


@pytest.fixture
def shown(people, adopted):
    """A merit of Zhang with a picture and a paper, waiting for the street."""
    entry = Entry(member=people.zhang, date=DAY, note="义诊")
    rule = adopted.item("bonus.public_good")
    photo = CheckedFile("奖状", "jpg", b"\xff\xd8\xff")
    return services.declare_entry(entry, rule, actor=people.secretary, files=[photo, PAPER])


def test_files_are_kept_with_the_entry(sign_in, people, adopted):
    response = declare(
        sign_in(people.secretary), member=people.zhang.pk, files=[picture("甲.jpg"), picture("乙.jpg", "blue")]
    )
    assert response.status_code == 302
    stored = Entry.objects.get().evidence.all()
    assert [file.name for file in stored] == ["甲", "乙"]
    assert all(file.file.name.startswith("evidence/") and "甲" not in file.file.name for file in stored)
    assert b"secret" not in stored[0].file.read()


def test_member_hands_in_files_as_well(sign_in, people, adopted):
    declare(sign_in(people.member), files=[picture()])
    assert Evidence.objects.get().entry.declared_by == people.member


def test_bad_files_are_named_and_only_the_sound_one_is_kept_in_the_draft(sign_in, people, adopted):
    before = files_on_disk()
    lying = SimpleUploadedFile("照片.jpg", b"%PDF-1.7")
    empty = SimpleUploadedFile("空.png", b"")
    response = declare(sign_in(people.secretary), member=people.zhang.pk, files=[picture(), lying, empty])
    assert response.status_code == 400
    assert response.context["form"].errors["files"] == [
        "「照片.jpg」的内容其实是PDF,和文件名不符。请核对是不是选错了文件。",
        "「空.png」是空的。请换一个文件。",
    ]
    assert "刚才选的文件里 1 个已经存进草稿" in response.content.decode()
    assert "另外 2 个没有存" in response.content.decode()
    assert (Entry.objects.count(), files_on_disk()) == (0, before + 1)


def test_too_many_files_are_refused(sign_in, people, adopted):
    response = declare(sign_in(people.secretary), member=people.zhang.pk, files=[picture() for _ in range(6)])
    assert response.context["form"].errors["files"] == ["最多 5 个文件,您选了 6 个。请去掉几个。"]
    assert not Entry.objects.exists()


def test_entry_that_is_refused_leaves_its_file_in_the_draft_only(sign_in, people, adopted):
    client = sign_in(people.secretary)
    declare(client, member=people.zhang.pk, files=[picture()])
    before = files_on_disk()
    assert declare(client, member=people.zhang.pk, files=[picture()]).status_code == 400
    assert (Evidence.objects.count(), DraftFile.objects.count(), files_on_disk()) == (1, 1, before + 1)


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_full_or_closed_disk_is_said_and_nothing_half_written(sign_in, people, adopted, monkeypatch, fault):
    def fail(name, content):
        path = Path(default_storage.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        raise OSError(fault, "no")

    monkeypatch.setattr(default_storage, "_save", fail)
    client = sign_in(people.secretary)
    client.raise_request_exception = False
    before = files_on_disk()
    response = declare(client, member=people.zhang.pk, files=[picture()])
    assert response.status_code == 503
    assert "服务器的磁盘满了或不能写,刚才的操作没有保存。" in response.content.decode()
    assert (Entry.objects.count(), files_on_disk()) == (0, before)


def test_evidence_is_never_changed(shown):
    for change in (lambda rows: rows.update(name="别的"), lambda rows: rows.delete()):
        with pytest.raises(TypeError):
            change(Evidence.objects.all())


# Shown -----------------------------------------------------------------------------------------


def test_picture_is_shown_and_paper_downloaded(sign_in, people, shown):
    client = sign_in(people.staff)
    photo, paper = (reverse("scoring:evidence", args=[shown.pk, file.pk]) for file in shown.evidence.all())
    page = client.get(reverse("scoring:entry", args=[shown.pk])).content.decode()
    assert f'<img src="{photo}"' in page
    assert f'<a href="{paper}">处分决定.pdf</a>' in page
    picture, download = client.get(photo), client.get(paper)
    assert (picture["Content-Type"], picture["Content-Disposition"][:6]) == ("image/jpeg", "inline")
    assert download["Content-Type"] == "application/octet-stream"
    assert download["Content-Disposition"].startswith("attachment; filename*=utf-8''%E5%A4%84")
    for response in (picture, download):
        assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store")


def test_evidence_is_hidden_with_its_entry(sign_in, people, adopted, shown):
    sensitive = Entry(member=people.zhang, date=DAY, note="警告")
    rule = adopted.item("discipline.misconduct")
    services.declare_entry(sensitive, rule, actor=people.secretary, files=[PAPER])
    plain, hidden = (reverse("scoring:evidence", args=[one.pk, one.evidence.first().pk]) for one in (shown, sensitive))
    assert sign_in(people.outsider).get(plain).status_code == 404
    assert sign_in(people.auditor).get(plain).status_code == 200
    assert sign_in(people.auditor).get(hidden).status_code == 404
    assert sign_in(people.discipline).get(hidden).status_code == 200


def test_evidence_of_another_entry_is_not_found(sign_in, people, adopted, shown):
    other = make.entry(people.wang, "bonus.public_good", version=adopted, date=DAY, declared_by=people.secretary)
    address = reverse("scoring:evidence", args=[other.pk, shown.evidence.first().pk])
    assert sign_in(people.secretary).get(address).status_code == 404


def test_lost_file_is_not_found(sign_in, people, shown):
    file = shown.evidence.last()
    default_storage.delete(file.file.name)
    assert sign_in(people.staff).get(reverse("scoring:evidence", args=[shown.pk, file.pk])).status_code == 404


def test_entry_page_takes_the_same_queries_for_one_file_and_three(sign_in, people, adopted, shown):
    one = make.entry(
        people.wang, "bonus.public_good", version=adopted, date=DAY, note="义诊", declared_by=people.secretary
    )
    Entry.objects.update(status="reviewed")
    Evidence.objects.create(entry=one, file="evidence/x.pdf", name="一")
    Evidence.objects.create(entry=shown, file="evidence/y.pdf", name="三")
    client = sign_in(people.staff)
    client.get(reverse("scoring:entry", args=[one.pk]))
    counts = []
    for entry in (one, shown):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("scoring:entry", args=[entry.pk]))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Verdicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "item", "status"),
    [
        ("secretary", "direct.sanction", 404),
        ("secretary", "direct.obstruct", 404),
        ("staff", "direct.sanction", 404),
        ("staff", "direct.obstruct", 200),
        ("discipline", "direct.sanction", 200),
        ("discipline", "direct.obstruct", 404),
        ("staff", "direct.assembly", 404),
        ("secretary", "direct.assembly", 404),
        ("secretary", "discipline.misconduct", 200),
    ],
)
def test_verdict_is_entered_by_the_office_that_the_scheme_names(sign_in, people, adopted, user, item, status):
    client = sign_in(getattr(people, user))
    assert client.get(reverse("scoring:add_item", args=[item])).status_code == status
    picked = client.get(reverse("scoring:add")).content.decode()
    assert (reverse("scoring:add_item", args=[item]) in picked) == (status == 200)


def test_what_a_meeting_decides_is_nobodys_to_declare(people, adopted):
    rule = adopted.item("direct.assembly")
    roles = (people.secretary, people.general, people.staff, people.discipline, people.member)
    assert not any(permissions.can_declare(user, people.zhang, rule) for user in roles)


def test_verdict_needs_a_file(sign_in, people, adopted):
    response = declare(sign_in(people.discipline), "direct.sanction", member=people.zhang.pk)
    assert response.context["form"].errors["files"] == ["请至少附一个文件。"]
    entry = Entry(member=people.zhang, date=DAY, note="处分")
    with pytest.raises(ValidationError, match="「受党纪处分」要附证明材料,至少一个文件。"):
        services.declare_entry(entry, adopted.item("direct.sanction"), actor=people.discipline)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("item", ["discipline.severe", "discipline.petition", "family.breach"])
def test_what_zeroes_an_item_needs_a_file(sign_in, people, adopted, item):
    client = sign_in(people.secretary)
    response = declare(client, item, member=people.zhang.pk)
    assert response.context["form"].errors["files"] == ["请至少附一个文件。"]
    rule = adopted.item(item)
    with pytest.raises(ValidationError, match=f"「{rule.title}」要附证明材料,至少一个文件。"):
        services.declare_entry(Entry(member=people.zhang, date=DAY, note="查实"), rule, actor=people.secretary)
    assert not Entry.objects.exists()
    declare(client, item, member=people.zhang.pk, files=[picture()])
    assert Entry.objects.get().evidence.count() == 1


def test_what_only_deducts_needs_no_file(sign_in, people, adopted):
    declare(sign_in(people.secretary), "discipline.misconduct", member=people.zhang.pk)
    assert Entry.objects.get().evidence.count() == 0


def test_verdict_counts_only_after_somebody_else_approved_it(sign_in, people, places, adopted):
    declare(sign_in(people.discipline), "direct.sanction", member=people.zhang.pk, files=[picture()])
    entry = Entry.objects.get()
    second = make.user("钱纪检", Role.DISCIPLINE_OFFICE, places.street)
    assert entry.status == "reviewed"
    assert not permissions.can_approve(people.discipline, entry)
    assert not permissions.can_approve(people.secretary, entry)
    assert permissions.can_approve(second, entry)
    assert permissions.can_approve(people.staff, entry)
    declaring.decide(sign_in(people.staff), entry, "approve")
    entry.refresh_from_db()
    assert entry.status == "approved"


def test_verdict_of_the_staff_waits_for_a_colleague(sign_in, people, adopted):
    declare(sign_in(people.staff), "direct.obstruct", member=people.zhang.pk, files=[picture()])
    entry = Entry.objects.get()
    assert not permissions.can_approve(people.staff, entry)
    assert not permissions.can_approve(people.discipline, entry)
    assert permissions.can_approve(people.other_staff, entry)
    assert "审批加分和扣分" in sign_in(people.other_staff).get("/").content.decode()


def test_verdict_of_the_discipline_office_is_a_task_of_the_staff(sign_in, people, adopted):
    declare(sign_in(people.discipline), "direct.sanction", member=people.zhang.pk, files=[picture()])
    assert "审批加分和扣分" in sign_in(people.staff).get("/").content.decode()
    assert "审批纪律条款" not in sign_in(people.discipline).get("/").content.decode()


def test_who_is_secretary_of_one_branch_and_staff_of_a_street_declares_verdicts_of_the_street_only(
    people, places, adopted
):
    both = make.user("两岗", Role.STREET_STAFF, places.other_community)
    both.role_assignments.create(role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO)
    rule = adopted.item("direct.obstruct")
    assert permissions.can_declare_item(both, rule, for_self=False)
    assert not permissions.can_declare(both, people.zhang, rule)
