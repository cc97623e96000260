"""Drafts: kept as they are typed, seen by their author alone, checked, sent once."""

import datetime
import io
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from members.models import ClosedPeriod
from members.uploads import CheckedFile
from scoring import draft_services
from scoring.models import DraftFile, Entry, EntryDraft, Evidence
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
FIELDS = {"date": "2025-04-20", "quantity": "1", "note": "社区义诊"}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def photo(name="现场.jpg", colour="red") -> SimpleUploadedFile:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (30.5, 0.0, 0.0)
    held = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(held, "JPEG", exif=exif)
    return SimpleUploadedFile(name, held.getvalue())


def save(client, action="keep", item="bonus.public_good", **fields):
    return client.post(reverse("scoring:add_item", args=[item]), FIELDS | {"action": action} | fields)


def send(client, draft, revision=None):
    data = {"revision": draft.revision if revision is None else revision}
    return client.post(reverse("scoring:send_draft", args=[draft.pk]), data)


@pytest.fixture
def draft(sign_in, people, adopted):
    """Zhang's draft with a photo."""
    save(sign_in(people.member), files=[photo()])
    return EntryDraft.objects.get()


def test_draft_keeps_what_is_not_finished(sign_in, people, adopted):
    client = sign_in(people.member)
    response = save(client, date="2025-02-30", note="", quantity="")
    assert response.url == reverse("scoring:mine")
    draft = EntryDraft.objects.get()
    assert (draft.author, draft.member, draft.for_self) == (people.member, people.zhang, True)
    assert draft.fields == {"date": "2025-02-30", "note": "", "quantity": ""}
    assert not Entry.objects.exists()
    form = client.get(reverse("scoring:draft", args=[draft.pk])).context["form"]
    assert form["date"].value() == "2025-02-30"


def test_draft_refuses_a_bad_file_and_stores_nothing(sign_in, people, adopted):
    response = save(sign_in(people.member), note="", files=[SimpleUploadedFile("假.jpg", b"%PDF-1.7")])
    assert list(response.context["form"].errors) == ["files"]
    assert not EntryDraft.objects.exists()


def test_photo_in_a_draft_has_no_place(draft):
    file = draft.files.get()
    with file.file.open("rb") as content:
        assert not Image.open(content).getexif().get_ifd(0x8825)


def test_checking_refuses_what_is_wrong_before_it_keeps_anything(sign_in, people, adopted):
    response = save(sign_in(people.member), "check", note="")
    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["note"]
    assert not EntryDraft.objects.exists()


def test_second_click_on_the_form_saves_the_same_draft_and_file(sign_in, people, adopted):
    client, token = sign_in(people.member), str(uuid.uuid4())
    for note in ("社区义诊", "社区义诊,半天"):
        save(client, token=token, note=note, files=[photo()])
    assert EntryDraft.objects.get().fields["note"] == "社区义诊,半天"
    assert DraftFile.objects.count() == 1


def test_form_of_somebody_else_begins_a_draft_of_ones_own(sign_in, people, places, adopted):
    token = str(uuid.uuid4())
    save(sign_in(people.member), token=token)
    save(sign_in(make.member_user(people.wang, places.branch)), token=token)
    assert set(EntryDraft.objects.values_list("member", flat=True)) == {people.zhang.pk, people.wang.pk}


def test_draft_is_seen_by_its_author_alone(sign_in, people, draft):
    file = draft.files.get()
    addresses = [
        reverse("scoring:draft", args=[draft.pk]),
        reverse("evaluations:check_draft", args=[draft.pk]),
        reverse("scoring:discard_draft", args=[draft.pk]),
        reverse("scoring:draft_file", args=[draft.pk, file.pk]),
    ]
    for user, status in ((people.member, 200), (people.secretary, 404), (people.staff, 404), (people.outsider, 404)):
        assert [sign_in(user).get(address).status_code for address in addresses] == [status] * 4


def test_draft_saved_in_another_window_is_not_overwritten(sign_in, people, draft):
    client, address = sign_in(people.member), reverse("scoring:draft", args=[draft.pk])
    client.post(address, FIELDS | {"action": "keep", "revision": draft.revision, "note": "新写的"})
    response = client.post(address, FIELDS | {"action": "keep", "revision": draft.revision, "note": "旧窗口的"})
    assert response.status_code == 400
    assert draft_services.CHANGED in response.context["form"].non_field_errors()
    draft.refresh_from_db()
    assert draft.fields["note"] == "新写的"


def test_what_was_changed_after_the_check_is_not_sent(sign_in, people, draft):
    client = sign_in(people.member)
    EntryDraft.objects.filter(pk=draft.pk).update(revision=draft.revision + 1)
    page = client.post(
        reverse("scoring:send_draft", args=[draft.pk]), {"revision": draft.revision}, follow=True
    ).content.decode()
    assert draft_services.CHANGED in page
    assert not Entry.objects.exists()


def test_sending_makes_one_entry_with_its_files(sign_in, people, draft):
    client = sign_in(people.member)
    first, second = send(client, draft), send(client, draft)
    entry = Entry.objects.get()
    assert first.url == second.url == reverse("scoring:entry", args=[entry.pk])
    assert (entry.note, entry.status, entry.declared_by) == ("社区义诊", "declared", people.member)
    assert [file.name for file in entry.evidence.all()] == ["现场"]
    assert default_storage.exists(Evidence.objects.get().file.name)
    assert not DraftFile.objects.exists()
    assert not EntryDraft.objects.of(people.member).exists()


def test_sent_draft_leads_to_its_entry(sign_in, people, draft):
    client = sign_in(people.member)
    send(client, draft)
    entry = Entry.objects.get()
    checked = client.get(reverse("evaluations:check_draft", args=[draft.pk]))
    assert checked.url == reverse("scoring:entry", args=[entry.pk])
    assert client.get(reverse("scoring:draft", args=[draft.pk])).status_code == 404


def test_draft_of_a_closed_period_is_not_sent(sign_in, people, places, draft):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    client = sign_in(people.member)
    page = client.post(
        reverse("scoring:send_draft", args=[draft.pk]), {"revision": draft.revision}, follow=True
    ).content.decode()
    assert "已经办结" in page
    assert (Entry.objects.count(), EntryDraft.objects.of(people.member).count()) == (0, 1)


def test_draft_for_who_is_not_ones_business_any_more_is_not_sent(sign_in, people, adopted):
    client = sign_in(people.secretary)
    save(client, member=people.zhang.pk)
    people.secretary.role_assignments.update(ends_on=make.LONG_AGO)
    assert send(client, EntryDraft.objects.get()).status_code in (302, 403)
    assert not Entry.objects.exists()


def test_clause_that_is_not_offered_any_more_says_so(sign_in, people, draft):
    EntryDraft.objects.filter(pk=draft.pk).update(item="bonus.gone")
    response = sign_in(people.member).get(reverse("scoring:draft", args=[draft.pk]))
    assert response.status_code == 409
    assert "现在不能再按这一条申报了" in response.content.decode()


def test_discarding_asks_first_and_takes_the_files_along(sign_in, people, draft, django_capture_on_commit_callbacks):
    client, name = sign_in(people.member), draft.files.get().file.name
    address = reverse("scoring:discard_draft", args=[draft.pk])
    assert "找不回来" in client.get(address).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address)
    assert not EntryDraft.objects.exists()
    assert not default_storage.exists(name)


def test_file_is_taken_out_of_a_draft(sign_in, people, draft, django_capture_on_commit_callbacks):
    file = draft.files.get()
    with django_capture_on_commit_callbacks(execute=True):
        sign_in(people.member).post(reverse("scoring:remove_draft_file", args=[draft.pk, file.pk]))
    assert not draft.files.exists()
    assert not default_storage.exists(file.file.name)


def test_six_files_are_too_many_however_they_come(sign_in, people, draft):
    client, colours = sign_in(people.member), ("blue", "green", "black", "white", "grey")
    response = client.post(
        reverse("scoring:draft", args=[draft.pk]),
        FIELDS | {"action": "keep", "revision": draft.revision, "files": [photo(colour=one) for one in colours]},
    )
    assert response.context["form"].errors["files"] == ["最多 5 个文件,加上已经传好的 1 个就超过了。"]
    assert draft.files.count() == 1


def test_sent_draft_is_not_discarded(people, adopted, draft):
    entry = make.entry(people.zhang, "bonus.public_good", version=adopted, date=TODAY, declared_by=people.member)
    EntryDraft.objects.filter(pk=draft.pk).update(entry=entry)
    with pytest.raises(ValidationError, match="已经提交过了"):
        draft_services.discard_draft(draft)
    with pytest.raises(ValidationError, match="已经提交过了"):
        draft_services.keep_draft(draft, {}, None, [CheckedFile("x", "pdf", b"x")])


def test_home_names_the_draft(sign_in, people, draft):
    task = next(task for task in sign_in(people.member).get("/").context["tasks"] if task.title == "申报草稿")
    assert task.url == reverse("scoring:draft", args=[draft.pk])


@pytest.mark.parametrize("count", [1, 3, 50])
def test_my_declarations_take_the_same_queries(sign_in, people, adopted, django_assert_num_queries, count):
    for number in range(count):
        EntryDraft.objects.create(
            author=people.member, member=people.zhang, for_self=True, scheme=adopted.code, item="x", title="义诊"
        )
        make.entry(
            people.zhang, "bonus.public_good", version=adopted, date=TODAY, note=f"义诊 {number}",
            declared_by=people.secretary,
        )  # fmt: skip
    client = sign_in(people.member)
    client.get(reverse("scoring:mine"))  # definitions are read once a process
    with django_assert_num_queries(MINE_QUERIES):
        client.get(reverse("scoring:mine"))


MINE_QUERIES = 8


def test_proxy_is_named_to_the_member(sign_in, people, adopted):
    save(sign_in(people.secretary), member=people.zhang.pk)
    send(sign_in(people.secretary), EntryDraft.objects.get())
    entry = Entry.objects.get()
    client = sign_in(people.member)
    for address in (reverse("scoring:mine"), reverse("scoring:entry", args=[entry.pk]), reverse("scoring:entries")):
        assert "李秀英代报" in client.get(address).content.decode()


def test_fault_and_ones_own_merit_are_no_proxy(people, adopted):
    fields = {"version": adopted, "date": TODAY}
    own = make.entry(people.zhang, "bonus.public_good", declared_by=people.member, **fields)
    fault = make.entry(people.zhang, "morality.poor", declared_by=people.secretary, **fields)
    assert (own.proxy_words, fault.proxy_words) == ("", "")


def test_picker_answers_the_search_box_with_the_matching_clauses(sign_in, people, adopted):
    client = sign_in(people.member)
    for search in ("公益", "gongyishiye", "gysy"):
        groups = client.get(reverse("scoring:add"), {"q": search}).context["groups"]
        assert groups[0][1][0][0].code == "bonus.public_good"
    empty = client.get(reverse("scoring:add"), {"q": "zzzz"}).content.decode()
    assert "没有提到「zzzz」的条款" in empty


def test_declaration_warns_before_it_is_left_unsaved(sign_in, people, adopted):
    client, address = sign_in(people.member), reverse("scoring:add_item", args=["bonus.public_good"])
    body = client.get(address).content.decode()
    assert 'data-guard=""' in body
    assert "js/guard" in body
    assert 'data-guard="unsaved"' in client.post(address, {"action": "check"}).content.decode()


# A refused form with files ----------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"note": ""}, {"quantity": "0"}, {"date": "2025-02-30"}])
def test_sound_photo_is_kept_although_the_form_is_refused(sign_in, people, adopted, wrong):
    client = sign_in(people.member)
    page = save(client, action="check", files=[photo()], **wrong)
    assert page.status_code == 400
    draft = EntryDraft.objects.get()
    assert draft.fields == {**FIELDS, **wrong}
    body = page.content.decode()
    assert "刚才选的 1 个文件已经存进草稿" in body
    assert reverse("scoring:remove_draft_file", args=[draft.pk, draft.files.get().pk]) in body
    assert f'action="{reverse("scoring:draft", args=[draft.pk])}"' in body
    right = FIELDS | {"action": "check", "revision": page.context["draft"].revision}
    answer = client.post(reverse("scoring:draft", args=[draft.pk]), right)
    assert answer.url == reverse("evaluations:check_draft", args=[draft.pk])
    assert [file.name for file in EntryDraft.objects.get().files.all()] == ["现场"]


@pytest.mark.parametrize("action", ["check", "keep"])
def test_sound_photo_is_kept_although_another_file_is_bad(sign_in, people, adopted, action):
    bad = SimpleUploadedFile("坏的.pdf", b"%PDF-")
    page = save(sign_in(people.member), action=action, files=[bad, photo()])
    assert page.status_code == 400
    assert page.context["form"].errors == {"files": ["「坏的.pdf」坏了,打不开。请重新导出一份 PDF 后上传。"]}
    draft = EntryDraft.objects.get()
    assert ([file.name for file in draft.files.all()], draft.fields) == (["现场"], FIELDS)
    body = page.content.decode()
    assert "刚才选的文件里 1 个已经存进草稿" in body
    assert "另外 1 个没有存" in body
    right = FIELDS | {"action": "check", "revision": draft.revision}
    answer = sign_in(people.member).post(reverse("scoring:draft", args=[draft.pk]), right)
    assert answer.url == reverse("evaluations:check_draft", args=[draft.pk])


@pytest.mark.parametrize(("files", "told"), [(1, True), (0, False)])
def test_page_says_that_files_are_lost_only_where_some_were_chosen(sign_in, people, adopted, files, told):
    bad = [SimpleUploadedFile("坏的.pdf", b"%PDF-")] * files
    page = save(sign_in(people.member), action="check", note="", files=bad)
    assert ("刚才选的文件没有存" in page.content.decode()) is told


def test_second_click_on_a_refused_form_keeps_the_photo_once(sign_in, people, adopted):
    client, token = sign_in(people.member), str(uuid.uuid4())
    for _ in range(2):
        save(client, action="check", files=[photo()], note="", token=token)
    assert EntryDraft.objects.get().files.count() == 1


def test_photo_of_a_form_that_is_out_of_date_is_not_kept(sign_in, people, draft):
    address = reverse("scoring:draft", args=[draft.pk])
    data = FIELDS | {"action": "check", "revision": draft.revision - 1, "note": "", "files": [photo(colour="blue")]}
    page = sign_in(people.member).post(address, data)
    assert "刚才选的文件没有存" in page.content.decode()
    assert draft.files.count() == 1
