"""Drafts of entries: kept as they are typed, sent once, or discarded with their files."""

import hashlib
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction

from members.models import Member, User
from members.models.files import StoredFile
from members.uploads import CheckedFile, storing
from scoring.engine.scheme import EntryItem
from scoring.models import DraftFile, Entry, EntryDraft
from scoring.services import declare_entry

MOST_FILES = 5
SENT = "这份申报已经提交过了,不用再交。"
CHANGED = "这份草稿刚才在另一个窗口里改过。请核对现在的内容,再办。"


def keep_draft(
    draft: EntryDraft,
    fields: dict[str, str],
    member: Member | None,
    files: Sequence[CheckedFile],
    *,
    revision: int | None = None,
) -> EntryDraft:
    """The draft, stored with what is typed and with the files that it does not have yet.

    revision: of the draft that the form showed; without one the form is the one that began it, and a second click on
    it saves the same draft. Raises ValidationError where it was sent or changed meanwhile, and OSError where the files
    cannot be stored.
    """
    with storing() as shelf:
        if draft.pk is None:
            begun = {name: getattr(draft, name) for name in ("for_self", "scheme", "item", "title")}
            draft, _ = EntryDraft.objects.get_or_create(author=draft.author, token=draft.token, defaults=begun)
        draft = EntryDraft.objects.select_for_update().get(pk=draft.pk)
        if draft.entry_id:
            raise ValidationError(SENT)
        if revision is not None:
            _require_revision(draft, revision)
        draft.fields, draft.member, draft.revision = fields, member, draft.revision + 1
        draft.save()
        there = set(draft.files.values_list("digest", flat=True))
        new = {hashlib.sha256(file.content).hexdigest(): file for file in files}
        new = {digest: file for digest, file in new.items() if digest not in there}
        if len(there) + len(new) > MOST_FILES:
            raise ValidationError({"files": f"最多 {MOST_FILES} 个文件,加上已经传好的 {len(there)} 个就超过了。"})
        DraftFile.objects.bulk_create(
            DraftFile(draft=draft, digest=digest, file=shelf.put("evidence", file), name=file.name)
            for digest, file in new.items()
        )
    return draft


def copies_of(files: Iterable[StoredFile]) -> tuple[list[CheckedFile], list[str]]:
    """Copies of stored files, to be stored once more, and the names of those that are not in the storage any more."""
    copies, missing = [], []
    for one in files:
        try:
            with one.file.open("rb") as content:
                copies.append(CheckedFile(one.name, one.kind, content.read()))
        except FileNotFoundError:
            missing.append(one.name)
    return copies, missing


@transaction.atomic
def send_draft(draft: EntryDraft, entry: Entry, item: EntryItem, *, actor: User, revision: int) -> Entry:
    """The entry that the draft has become: a new one, or the one that a first click made.

    entry: what the draft says, not stored yet. revision: of the draft that the author has checked.
    """
    locked = EntryDraft.objects.select_for_update().get(pk=draft.pk)
    if locked.entry_id:
        return locked.entry
    _require_revision(locked, revision)
    files = list(locked.files.all())
    entry = declare_entry(entry, item, actor=actor, kept=files)
    DraftFile.objects.filter(draft=locked).delete()  # their files are the entry's evidence now
    locked.entry, locked.fields = entry, {}
    locked.save()
    return entry


@transaction.atomic
def discard_draft(draft: EntryDraft) -> None:
    """Delete a draft that was not sent, and its files."""
    locked = EntryDraft.objects.select_for_update().get(pk=draft.pk)
    if locked.entry_id:
        raise ValidationError(SENT)
    _delete_files(locked.files.all())
    locked.delete()


@transaction.atomic
def remove_draft_file(file: DraftFile) -> None:
    """Take a file out of a draft that was not sent."""
    draft = EntryDraft.objects.select_for_update().get(pk=file.draft_id)
    if draft.entry_id:
        raise ValidationError(SENT)
    draft.revision += 1
    draft.save()
    _delete_files(draft.files.filter(pk=file.pk))


def _delete_files(files) -> None:
    names = list(files.values_list("file", flat=True))
    files.delete()
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names])


def _require_revision(draft: EntryDraft, revision: int) -> None:
    if draft.revision != revision:
        raise ValidationError(CHANGED)
