"""Votes of meetings, and the papers that verdicts rest on."""

import datetime
import io
from random import Random

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from docx import Document

from evaluations.models import MeetingKind, Purpose, Resolution
from evaluations.models.resolutions import USUAL
from members.models import MemberStatus
from reports.demo.merits import moment
from reports.demo.people import EXEMPTED, Branch, Person, Population
from scoring.models import Entry, Evidence

PAPERS = {"direct.sanction": "处分决定", "direct.obstruct": "情况说明", "direct.assembly": "会议记录"}


class Votes:
    """What the branches' meetings voted on; files are written when everything else is."""

    def __init__(self, rng: Random, town: Population, today: datetime.date):
        self.rng, self.town, self.today = rng, town, today
        self.found: list[Resolution] = []

    def exempt(self) -> None:
        """The votes by which the aged and the ill were freed from scoring."""
        held_on = datetime.date(self.today.year - 3, *EXEMPTED)
        for branch in self.town.everywhere:
            for person in branch.people:
                exemption = person.member.exemptions.first() if person.attends == "exempt" else None
                if exemption:
                    vote = self._vote(branch, held_on, Purpose.EXEMPTION, person)
                    vote.subject, vote.exempt_from = exemption.reason.partition("(")[0], exemption.starts_on

    def condemn(self) -> None:
        """The vote behind the verdict of the finished half-year; files for it and for other verdicts."""
        for entry in Entry.objects.filter(item__in=list(PAPERS)).order_by("pk"):
            text = f"{PAPERS[entry.item]}:{entry.note}(演示)"
            Evidence.objects.create(entry=entry, file=self._file("evidence", text, "docx"), name=PAPERS[entry.item])
            if entry.item == "direct.assembly":
                person = self.town.cast["condemned"]
                vote = self._vote(self._branch_of(person), entry.date, Purpose.VERDICT, person)
                vote.subject, vote.entry = "半年扣分超过 40 分,认定为不合格党员", entry

    def hold_recent(self, day: datetime.date) -> None:
        """A vote that was not valid, and one on everyday matters, of the running half-year."""
        person = self.town.cast["never"]
        failed = self._vote(self._branch_of(person), day, Purpose.WITHDRAWAL, person, present=0.4)
        failed.subject = "半年没有参加组织生活,劝其退党"
        self._vote(self.town.branches[0], day, Purpose.PUBLICATION).subject = "同意公示上半年考核结果"

    def save(self) -> None:
        Resolution.objects.bulk_create(self.found)
        for vote in self.found:  # the usual manager writes once and keeps the time of the load
            recorded = moment(min(vote.held_on + datetime.timedelta(1), self.today - datetime.timedelta(1)), 10)
            QuerySet(Resolution).filter(pk=vote.pk).update(recorded_at=recorded)

    def _vote(
        self, branch: Branch, day: datetime.date, purpose: str, person: Person | None = None, *, present: float = 0.8
    ) -> Resolution:
        """A vote at which a share of those entitled was present, nearly all in favour."""
        kind = MeetingKind.MEMBERS
        entitled = sum(other.member.status == MemberStatus.FULL for other in branch.people)
        there = int(entitled * present)
        against = 1 if there > 8 else 0
        vote = Resolution(
            organization=branch.organization,
            held_on=day,
            kind=kind,
            purpose=purpose,
            member=person.member if person else None,
            entitled=entitled,
            present=there,
            votes_for=there - against,
            votes_against=against,
            abstained=0,
            quorum_over=USUAL.quorum_over,
            majority_over=USUAL.majority_over,
            minutes=self._file("minutes", f"{day} 党员大会会议记录(演示)", "txt") if person else "",
            recorded_by=branch.secretary,
        )
        self.found.append(vote)
        return vote

    def _branch_of(self, person: Person) -> Branch:
        return next(branch for branch in self.town.everywhere if person in branch.people)

    def _file(self, folder: str, text: str, kind: str) -> str:
        """The name of a file that is there once the load has gone through."""
        name = f"{folder}/{self.rng.getrandbits(128):032x}.{kind}"
        transaction.on_commit(lambda: default_storage.save(name, ContentFile(_content(text, kind))))
        return name


def _content(text: str, kind: str) -> bytes:
    if kind == "txt":
        return text.encode()
    document, held = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(held)
    return held.getvalue()
