"""A withdrawn or refused entry declared again: a draft with what it says and copies of its files."""

import datetime

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from members.models import ClosedPeriod, Role
from members.uploads import CheckedFile
from scoring import draft_services, drafting, forms, services
from scoring.models import Entry, EntryDraft
from tests import factories as make

DAY = datetime.date(2025, 4, 20)
TODAY = datetime.date(2025, 6, 18)
PHOTO = CheckedFile("现场", "jpg", b"\xff\xd8\xff photo")
PAPER = CheckedFile("名单", "pdf", b"%PDF-1.7 list")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def declared(adopted, person, by, item="bonus.honor", files=(PHOTO, PAPER), **fields):
    fields = {"date": DAY, "note": "表彰", "level": "district"} | fields
    return services.declare_entry(Entry(member=person, **fields), adopted.item(item), actor=by, files=files)


@pytest.fixture
def refused(people, adopted):
    """Zhang's own, with a photo and a paper, refused by the secretary."""
    entry = declared(adopted, people.zhang, people.member)
    services.decide_entry(entry, approved=False, reason="日期不对", actor=people.secretary)
    return entry


def again(client, entry, **options):
    return client.post(reverse("scoring:declare_again", args=[entry.pk]), **options)


def page_of(client, entry) -> str:
    return client.get(reverse("scoring:entry", args=[entry.pk])).content.decode()


def test_draft_says_what_the_entry_says_and_has_copies_of_its_files(sign_in, people, refused):
    client = sign_in(people.member)
    assert "照这条再报" in page_of(client, refused)
    response = again(client, refused)
    draft = EntryDraft.objects.get()
    assert response.url == reverse("scoring:draft", args=[draft.pk])
    assert (draft.author, draft.member, draft.for_self, draft.item) == (
        people.member,
        people.zhang,
        True,
        "bonus.honor",
    )
    assert draft.fields == {"date": "2025-04-20", "quantity": "1", "level": "district", "note": "表彰"}
    files = draft.files.all()
    assert [(one.name, one.kind, one.file.read()) for one in files] == [
        ("现场", "jpg", PHOTO.content), ("名单", "pdf", PAPER.content),
    ]  # fmt: skip
    assert not {one.file.name for one in files} & {one.file.name for one in refused.evidence.all()}
    page = client.get(response.url)
    assert (page.context["form"]["note"].value(), len(page.context["files"])) == ("表彰", 2)
    assert f"已照第 {refused.pk} 号记录写好草稿" in page.content.decode()


def test_discarding_the_draft_leaves_the_evidence(sign_in, people, refused, django_capture_on_commit_callbacks):
    client = sign_in(people.member)
    again(client, refused)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("scoring:discard_draft", args=[EntryDraft.objects.get().pk]))
    assert all(default_storage.exists(one.file.name) for one in refused.evidence.all())
    again(client, refused)  # and another may be made
    assert EntryDraft.objects.get().files.count() == 2


def test_sent_again_it_is_another_entry_and_a_later_click_finds_it(sign_in, people, refused):
    client = sign_in(people.member)
    again(client, refused)
    draft = EntryDraft.objects.get()
    client.post(reverse("scoring:send_draft", args=[draft.pk]), {"revision": draft.revision})
    new = Entry.objects.exclude(pk=refused.pk).get()
    assert (new.status, new.note, new.evidence.count()) == ("declared", "表彰", 2)
    response = again(client, refused)
    assert response.url == reverse("scoring:entry", args=[new.pk])
    assert "已经照" in page_of(client, new)


def test_second_click_leads_to_the_same_draft_as_it_is_now(sign_in, people, refused):
    client = sign_in(people.member)
    again(client, refused)
    EntryDraft.objects.update(fields={"note": "改过的"})
    assert again(client, refused).url == reverse("scoring:draft", args=[EntryDraft.objects.get().pk])
    assert EntryDraft.objects.get().fields == {"note": "改过的"}


def test_secretary_declares_again_for_the_member(sign_in, people, adopted):
    entry = declared(adopted, people.zhang, people.secretary, "bonus.activity", level="", quantity=2)
    services.withdraw_entry(entry, actor=people.secretary)
    client = sign_in(people.secretary)
    page = client.get(again(client, entry).url)
    assert page.context["form"]["member"].value() == str(people.zhang.pk)
    assert page.context["form"]["quantity"].value() == "2"


def test_member_of_a_long_roster_is_named_by_number(sign_in, people, adopted, monkeypatch):
    monkeypatch.setattr(forms, "LONGEST_LIST", 1)
    entry = declared(adopted, people.zhang, people.secretary)
    services.withdraw_entry(entry, actor=people.secretary)
    client = sign_in(people.secretary)
    page = client.get(again(client, entry).url)
    assert page.context["form"]["member"].value() == people.zhang.number


@pytest.mark.parametrize("status", ["declared", "reviewed", "approved"])
def test_what_is_not_over_is_not_declared_again(sign_in, people, adopted, status):
    entry = make.entry(
        people.zhang, "bonus.honor", version=adopted, date=DAY, level="district", status=status,
        declared_by=people.member,
    )  # fmt: skip
    client = sign_in(people.member)
    assert "照这条再报" not in page_of(client, entry)
    assert again(client, entry).status_code == 403


def test_only_its_author_declares_it_again(sign_in, people, refused):
    for user, status in ((people.secretary, 403), (people.staff, 403), (people.outsider, 404)):
        assert again(sign_in(user), refused).status_code == status
    assert "照这条再报" not in page_of(sign_in(people.secretary), refused)
    assert not EntryDraft.objects.exists()


def test_author_who_may_not_declare_it_any_more_is_not_offered_it(sign_in, people, places, adopted):
    entry = declared(adopted, people.zhang, people.secretary)
    services.withdraw_entry(entry, actor=people.secretary)
    people.secretary.role_assignments.update(role=Role.GENERAL_BRANCH)
    client = sign_in(people.secretary)
    assert "照这条再报" not in page_of(client, entry)
    assert again(client, entry).status_code == 403


def test_clause_that_is_not_offered_any_more_is_told_of(sign_in, people, refused):
    refused.version.adoptions.all()._raw_delete("default")
    page = again(sign_in(people.member), refused, follow=True)
    assert drafting.NOT_OFFERED in page.content.decode()
    assert not EntryDraft.objects.exists()


def test_in_a_settled_period_it_is_not_offered(sign_in, people, places, refused):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    assert "照这条再报" not in page_of(sign_in(people.member), refused)


def test_files_that_are_gone_or_too_many_are_named(sign_in, people, adopted):
    files = [CheckedFile(f"图{number}", "jpg", b"\xff\xd8\xff%d" % number) for number in range(6)]
    entry = declared(adopted, people.zhang, people.member, files=files)
    services.withdraw_entry(entry, actor=people.member)
    default_storage.delete(entry.evidence.first().file.name)
    client = sign_in(people.member)
    page = client.get(again(client, entry).url).content.decode()
    assert "材料「图0」「图5」没有带过来" in page
    assert [one.name for one in EntryDraft.objects.get().files.all()] == ["图1", "图2", "图3", "图4"]
    assert draft_services.MOST_FILES == 5
