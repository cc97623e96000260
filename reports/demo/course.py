"""The course of the demo's finished round, with the people and days that it would have had."""

import datetime

from django.utils import timezone

from evaluations.models import Publication, Round, RoundBranch, RoundStep, Step
from evaluations.services.course import settle_branches, snapshots
from members.models import Organization, User
from reports.demo.merits import moment
from reports.demo.people import Population

COURSE_DAYS = datetime.timedelta(9)  # from the computation to the closing
WINDOW = datetime.timedelta(7)


class Course:
    """Steps of one round, each put down as its service would have, on a day of its own."""

    def __init__(self, round_: Round, town: Population, last_day: datetime.date):
        self.round, self.town, self.last_day = round_, town, last_day
        self.first_day = timezone.localdate(round_.requested_at)

    def note(self, step: Step, by: User | None, at: datetime.datetime, place: Organization | None = None) -> RoundStep:
        return RoundStep.objects.create(
            round=self.round, step=step, done_by=by, done_at=at, organization=place, digest=self.round.digest
        )

    def close(self) -> None:
        """Reviewed by every branch, published, approved by another person, closed on the last day."""
        users, status = self.town.users, Round.Status
        self._review(moment(min(self.first_day + datetime.timedelta(1), self.last_day), 11))
        published = moment(min(self.first_day + datetime.timedelta(1), self.last_day), 14)
        until = min(published.date() + WINDOW, self.last_day)
        step = self.note(Step.PUBLISH, users["zhenggong"], published)
        Publication.objects.bulk_create(snapshots(self.round, step))
        self.note(Step.APPROVE, users["zhenggong2"], moment(self.last_day, 16))
        closed = moment(self.last_day, 17)
        self.note(Step.CLOSE, users["zhenggong"], closed)
        Round.objects.filter(pk=self.round.pk).update(
            status=status.CLOSED,
            published_at=published,
            objections_until=until,
            closed_at=closed,
            closed_by=users["zhenggong"],
        )
        settle_branches(self.round)

    def _review(self, at: datetime.datetime) -> None:
        secretaries = {branch.organization.pk: branch.secretary for branch in self.town.branches}
        parts = RoundBranch.objects.filter(round=self.round).with_results().select_related("organization")
        for minute, part in enumerate(parts):
            by = secretaries[part.organization_id]
            self.note(Step.REVIEW, by, at + datetime.timedelta(minutes=minute), part.organization)
            RoundBranch.objects.filter(pk=part.pk).update(reviewed_digest=part.digest)
