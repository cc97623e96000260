"""What somebody is declaring: a draft under a clause that may be declared today."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from members.models import User
from scoring.declaring import Desk
from scoring.engine.scheme import EntryItem
from scoring.forms import EntryForm
from scoring.models import Adoption, Entry, EntryDraft
from scoring.permissions import can_declare
from scoring.services import check_entry

LONGEST_FIELD = 500  # characters of what is typed in one field; the form itself allows less
NOT_OFFERED = "现在不能再按这一条申报了:方案换了一版,或者您的岗位变了。请重新选条款。"
AGAIN = UUID("5f0f7c3e-6a0c-4d55-9a5e-1c6c1d8b7a42")  # of tokens that say which entry a draft was made from


@dataclass(frozen=True)
class Declaration:
    """A draft, stored or only begun, with its clause and the adoption that offers it."""

    draft: EntryDraft
    desk: Desk
    adoption: Adoption
    rule: EntryItem

    @classmethod
    def begin(cls, desk: Desk, adoption: Adoption, item: str) -> "Declaration | None":
        """A new one; None where the user may not declare by that clause."""
        rule = next((one for one in desk.items(adoption) if one.code == item), None)
        if rule is None:
            return None
        draft = EntryDraft(
            author=desk.user, for_self=desk.for_self, scheme=adoption.version.code, item=item, title=rule.title
        )
        return cls(draft, desk, adoption, rule)

    @classmethod
    def of(cls, draft: EntryDraft) -> "Declaration":
        """That of a stored draft. Raises ValidationError where its clause is not offered to the author any more."""
        today = timezone.localdate()
        desk = Desk.own(draft.author, today) if draft.for_self else Desk.over_others(draft.author, today)
        adoption = next((one for one in desk.adoptions if one.version.code == draft.scheme), None)
        found = adoption and not adoption.version.faults and cls.begin(desk, adoption, draft.item)
        if not found:
            raise ValidationError(NOT_OFFERED)
        return cls(draft, desk, adoption, found.rule)

    @classmethod
    def again(cls, entry: Entry, user: User) -> "Declaration":
        """A new one that says what an entry of the user's says; made twice, it has the same token.

        Raises ValidationError where the clause is not offered any more.
        """
        draft = EntryDraft(
            author=user,
            member=entry.member,
            for_self=entry.member_id == user.member_id,
            scheme=entry.version.code,
            item=entry.item,
            title=entry.title,
            token=uuid5(AGAIN, str(entry.pk)),
        )
        declaration = cls.of(draft)
        draft.fields = declaration.form().said_of(entry)
        return declaration

    @property
    def kept_files(self) -> int:
        return self.draft.files.count() if self.draft.pk else 0

    def form(self, data=None, files=None, **initial) -> EntryForm:
        """The form of the clause: empty, with what the draft says, or with what was sent."""
        entry = Entry(item=self.rule.code, version=self.adoption.version)
        if self.desk.for_self:
            entry.member = self.desk.user.member
        form = EntryForm(
            data,
            files,
            instance=entry,
            user=self.desk.user,
            item=self.rule,
            for_self=self.desk.for_self,
            scored=self.desk.scored(self.adoption),
            initial={"date": timezone.localdate(), **initial, **self.draft.fields},
        )
        if self.kept_files:
            form.fields["files"].required = False
        return form

    def checked(self, form: EntryForm) -> Entry:
        """The entry of a valid form, as it would be stored. Raises ValidationError where it cannot be declared."""
        entry = form.save(commit=False)
        if not can_declare(self.desk.user, entry.member, self.rule):
            raise PermissionDenied
        new_files = len(form.cleaned_data.get("files", ()))
        check_entry(entry, self.rule, actor=self.desk.user, files=new_files + self.kept_files)
        return entry

    def entry(self) -> Entry:
        """What the draft says, as it would be stored. Raises ValidationError with every reason why it cannot be."""
        form = self.form(self.draft.fields)
        if not form.is_valid():
            raise ValidationError([str(fault) for faults in form.errors.values() for fault in faults])
        return self.checked(form)


def typed(form: EntryForm) -> dict[str, str]:
    """What stands in the fields of a bound form, right or wrong, to be shown again."""
    names = [name for name in form.fields if name != "files"]
    return {name: form.data.get(name, "")[:LONGEST_FIELD].replace("\x00", "") for name in names}
