"""What the demo's people said against published results: one appeal answered, one objection that still waits."""

import datetime

from django.conf import settings

from evaluations import rollup, services
from evaluations.appealing import subjects_of
from evaluations.models import Appeal, AppealStep, Publication, Result, Round, RoundBranch, RoundStep, Step
from evaluations.services.appeals import appeal_on
from evaluations.services.course import snapshots
from evaluations.workdays import working_days_after
from members.models import Organization, User
from reports.demo.merits import moment
from reports.demo.people import Branch, Population
from scoring.models import Entry, SchemeVersion

WINDOW = datetime.timedelta(7)
DAY = datetime.timedelta(1)


def answer_claim(round_: Round, claim: Entry, reviewer: User, published: datetime.datetime) -> Appeal:
    """The member's appeal against a merit that was refused, dismissed before the round was approved."""
    raised = published + datetime.timedelta(hours=1)
    appeal = _raise(_result(round_, claim.member_id), f"entry:{claim.pk}", claim.member.user, raised, kind="appeal")
    appeal.text = "文明家庭是我家评上的,请按个人荣誉加分。"
    appeal.state, appeal.reviewer = Appeal.State.DISMISSED, reviewer
    appeal.reasons = "调阅了证书:表彰对象是家庭,不是个人,按条文不能加分。个人获得的荣誉可以另行申报。"
    appeal.decided_at = raised + datetime.timedelta(hours=1)
    appeal.save()
    _note(appeal, AppealStep.Step.RAISED, claim.member.user, raised)
    _note(appeal, AppealStep.Step.TAKEN, reviewer, raised + datetime.timedelta(minutes=30))
    _note(appeal, AppealStep.Step.DISMISSED, reviewer, appeal.decided_at)
    return appeal


def publish_year(
    branch: Branch, place: Organization, version: SchemeVersion, today: datetime.date, by: User | None
) -> Round:
    """The round of a branch's last year, published yesterday: what is raised against it is in time for a week."""
    published = moment(today - DAY, 10)
    round_ = Round.objects.create(organization=place, period=str(today.year - 1), scheme=version.code)
    services.request_computation(round_)
    computed, mine = published - 2 * DAY, Round.objects.filter(pk=round_.pk)
    times = {"opened_at": computed, "requested_at": computed, "computed_at": computed}
    mine.update(**times)  # as if it had been computed: the step is noted here, with its own time
    rollup.compute_branches(round_.pk, list(RoundBranch.objects.filter(round=round_).values_list("pk", flat=True)))
    RoundBranch.objects.filter(round=round_).update(done_at=computed)
    mine.update(**times)
    round_.refresh_from_db()
    RoundStep.objects.create(round=round_, step=Step.COMPUTE, done_by=by, done_at=computed, digest=round_.digest)
    for part in round_.branches.select_related("organization"):
        RoundStep.objects.create(
            round=round_, step=Step.REVIEW, done_by=branch.secretary, done_at=published - DAY,
            organization=part.organization, digest=part.digest,
        )  # fmt: skip
        RoundBranch.objects.filter(pk=part.pk).update(reviewed_digest=part.digest)
    step = RoundStep.objects.create(
        round=round_, step=Step.PUBLISH, done_by=by, done_at=published, digest=round_.digest
    )
    Publication.objects.bulk_create(snapshots(round_, step))
    round_.status, round_.published_at = Round.Status.PUBLISHED, published
    round_.objections_until = published.date() + WINDOW
    round_.save(update_fields=["status", "published_at", "objections_until"])
    return round_


def leave_objection(town: Population, version: SchemeVersion, today: datetime.date) -> Appeal:
    """In the other street, whose last year is published, somebody objects to a result."""
    secretary = town.other.secretary
    round_ = publish_year(town.other, town.other_street, version, today, None)
    raised, member = moment(today, 0), town.other.people[6].member
    appeal = _raise(_result(round_, member.pk), "result", secretary, raised, kind="objection")
    appeal.on_behalf_of, appeal.relation = "李大妈", "同住一栋楼的居民"
    appeal.text = "他常年不参加楼栋的义务劳动,考核结果里没有反映。"
    appeal.save()
    _note(appeal, AppealStep.Step.RAISED, secretary, raised)
    return appeal


def _result(round_: Round, member: int) -> Result:
    shown = round_.results.select_related("round", "branch__organization", "branch__version", "member")
    return shown.get(member=member)


def _raise(result: Result, key: str, by: User, at: datetime.datetime, *, kind: str) -> Appeal:
    appeal = appeal_on(result, subjects_of(result)[key], kind, "", by)
    appeal.raised_at, appeal.due_on = at, working_days_after(at.date(), settings.APPEAL_DAYS)
    return appeal


def _note(appeal: Appeal, step: str, by: User, at: datetime.datetime) -> None:
    AppealStep.objects.create(appeal=appeal, step=step, done_by=by, done_at=at)
