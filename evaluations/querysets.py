"""Reusable reads of rounds, results and appraisals."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone

from evaluations.measure_kinds import measure_kinds
from members.models import Member
from members.models.history import AppendOnlyQuerySet
from members.models.organizations import BRANCH_KINDS
from members.querysets import READING_ROLES, at_or_above, in_subtrees, own_paths, paths_of
from scoring.querysets import DISTANT_ROLES, SENSITIVE_ROLES

if TYPE_CHECKING:
    from members.models import Organization, User


PUBLIC = ("published", "approved", "closed")  # states in which members see the results


class AppraisalQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Appraisals of branches at or below the user's, and those in which the user votes or is appraised."""
        seen = in_subtrees(paths_of(user, READING_ROLES), "organization__path")
        return self.filter(seen | self._part_of(user.member_id)) if user.member_id else self.filter(seen)

    def with_part_for(self, member: int):
        """Appraisals in which the member of that id votes or is appraised."""
        return self.filter(self._part_of(member))

    @staticmethod
    def _part_of(member: int) -> Q:
        from evaluations.models import Candidate, Voter

        return Q(pk__in=Candidate.objects.filter(member=member).values("appraisal")) | Q(
            pk__in=Voter.objects.filter(member=member).values("group__appraisal")
        )


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Rounds of organisations at, below or above the user's: a branch sees its part of the street's round."""
        paths = paths_of(user, READING_ROLES)
        above = Q(organization__path__in=at_or_above(paths))
        return self.filter(in_subtrees(paths, "organization__path") | above)

    def with_boards_for(self, user: "User"):
        """Rounds whose boards the user may open: visible ones with results; a member's own branch's, once published."""
        seen = self.visible_to(user).filter(computed_at__isnull=False)
        own = self.filter(status__in=PUBLIC, organization__path__in=at_or_above(own_paths(user)))
        return (seen | own).distinct()

    def covering(self, organization: "Organization"):
        """Rounds of the organisation or one above it."""
        return self.filter(organization__path__in=organization.lineage)

    def in_course(self):
        """Rounds that somebody has yet to do something about: all but the closed ones, and those asked to be reopened."""
        from evaluations.models import ASKING, Round, RoundStep, Step

        asking = RoundStep.objects.filter(round=OuterRef("pk"), step__in=ASKING).order_by("-pk")
        answered = ~Q(last_asking=Step.ASK_REOPEN)
        return self.alias(last_asking=Subquery(asking.values("step")[:1])).exclude(answered, status=Round.Status.CLOSED)

    def around(self, organization: "Organization"):
        """Rounds of the organisation, of those above and of those below it."""
        below = Q(organization__path__startswith=organization.path)
        return self.filter(below | Q(organization__path__in=organization.lineage))


class RoundBranchQuerySet(models.QuerySet):
    def with_results(self):
        """Parts in which somebody has a result."""
        from evaluations.models import Result

        return self.filter(Exists(Result.objects.filter(branch=OuterRef("pk"))))

    def to_review(self):
        """Parts with results that the branch has not confirmed as they are now."""
        return self.with_results().exclude(reviewed_digest=F("digest"))

    def published_for(self, user: "User"):
        """Parts whose publicity sheet the user may read: those of one's roles, and of the own branch."""
        paths = paths_of(user, READING_ROLES)
        above = at_or_above(paths_of(user, ("group_leader",)) + own_paths(user))
        seen = in_subtrees(paths, "organization__path") | Q(organization__path__in=above)
        return self.with_results().filter(seen, round__status__in=PUBLIC)


class ResultQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Results of the user's branches, a group leader's group, and the user's own."""
        above_groups = tuple(role for role in READING_ROLES if role != "group_leader")
        seen = in_subtrees(paths_of(user, above_groups), "branch__organization__path") | Q(member=user.member_id)
        if paths_of(user, ("group_leader",)):
            seen |= Q(member__in=Member.objects.for_roles(user, "group_leader"))
        return self.filter(seen)

    def on_boards_for(self, user: "User"):
        """Results that the user reads on a board: those that one may read; once published, all of the own branch."""
        seen = self.visible_to(user).exclude(member=user.member_id) if user.member_id else self.visible_to(user)
        branches = at_or_above(paths_of(user, ("group_leader",)) + own_paths(user))
        if not branches:
            return seen
        return (seen | self.filter(round__status__in=PUBLIC, branch__organization__path__in=branches)).distinct()

    def of(self, member: Member):
        return self.filter(member=member)

    def in_publicity(self):
        """Results that may be objected to today, and those that are corrected to be published again."""
        today = timezone.localdate()
        shown = Q(round__status="published", round__objections_until__gte=today)
        return self.filter(shown | Q(round__published_at__isnull=False) & ~Q(round__status__in=PUBLIC))


class AssessmentQuerySet(AppendOnlyQuerySet):
    def of_round(self, scheme: str, period: str):
        """Assessments under a scheme for a period, the earliest first."""
        return self.filter(scheme=scheme, period=period).order_by("assessed_on", "pk")


class ResolutionQuerySet(AppendOnlyQuerySet):
    def visible_to(self, user: "User"):
        """Resolutions in the scope of the user's roles and of the own branch; those that are sensitive only where one
        decides such matters, and the one concerned.
        """
        from evaluations.models.resolutions import SENSITIVE

        near = in_subtrees(paths_of(user, SENSITIVE_ROLES), "organization__path")
        far = in_subtrees(paths_of(user, DISTANT_ROLES), "organization__path")
        own_branch = Q(organization__path__in=at_or_above(own_paths(user)), organization__kind__in=BRANCH_KINDS)
        own = Q(member=user.member_id) if user.member_id else Q(pk__in=[])
        return self.filter(near | own | (far | own_branch) & ~Q(purpose__in=SENSITIVE))

    def in_force(self):
        """Resolutions that no later one replaces."""
        return self.filter(replacement=None)


class MeetingRuleQuerySet(AppendOnlyQuerySet):
    def in_force(self, organization: "Organization", kind: str):
        """The rule for a kind of meeting: the last one of the nearest organisation that has set any; None without one."""
        found = self.filter(organization__path__in=organization.lineage, kind=kind)
        return found.order_by("-organization__depth", "-pk").select_related("organization", "set_by").first()


class TrialQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Trials on rounds of the streets whose staff the user is; those on one's own branch alone to its secretary."""
        of_streets = in_subtrees(paths_of(user, ("street_staff",)), "round__organization__path")
        return self.filter(of_streets | Q(organization__path__in=paths_of(user, ("branch_secretary",))))


class MeasureQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Measures of the user's branches; those on discipline only to who decides such matters. One's own, once begun."""
        seen = in_subtrees(paths_of(user, SENSITIVE_ROLES), "organization__path")
        plain = in_subtrees(paths_of(user, ("auditor",)), "organization__path")
        if paths_of(user, ("group_leader",)):
            plain |= Q(member__in=Member.objects.for_roles(user, "group_leader"))
        seen |= plain & Q(kind__in=measure_kinds().codes(sensitive=False))
        return self.filter(seen | Q(member=user.member_id, opened_at__isnull=False))

    def begun_for(self, member: Member):
        """What somebody has decided to do about a member."""
        return self.filter(member=member, opened_at__isnull=False)

    def with_next_step(self):
        """Adds `next_title`, `next_role` and `next_due_on` of the step that is to be done now; null without one."""
        from evaluations.models import MeasureStep

        due = MeasureStep.objects.filter(measure=OuterRef("pk"), measure__state="running", done_on__isnull=True)
        due = due.order_by("number")
        return self.annotate(
            next_title=Subquery(due.values("title")[:1]),
            next_role=Subquery(due.values("role")[:1]),
            next_due_on=Subquery(due.values("due_on")[:1]),
        )


class AppealQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Appeals in the scope of those who lead and decide, those recorded by oneself, and one's own.

        What others object to about oneself is seen once it is decided. The auditor sees what is not sensitive.
        """
        near = in_subtrees(paths_of(user, SENSITIVE_ROLES), "organization__path")
        far = in_subtrees(paths_of(user, ("auditor",)), "organization__path") & Q(is_sensitive=False)
        seen = near | far
        if user.member_id:
            of_others = Q(member=user.member_id, kind="objection")
            decided = Q(state__in=("upheld", "dismissed"))
            seen = (seen | Q(member=user.member_id)) & (~of_others | decided)
        return self.filter(seen | Q(raised_by=user.pk))

    def undecided(self):
        """Appeals that somebody still has to answer."""
        return self.filter(state__in=("raised", "in_review"))

    def to_review_by(self, user: "User"):
        """Undecided appeals that fall to the user's office, and not to another person of it."""
        staff = in_subtrees(paths_of(user, ("street_staff",)), "organization__path") & Q(is_discipline=False)
        discipline = in_subtrees(paths_of(user, ("discipline_office",)), "organization__path") & Q(is_discipline=True)
        mine = Q(reviewer=user.pk) | Q(reviewer=None) & (staff | discipline)
        return self.undecided().filter(mine).exclude(raised_by=user.pk).exclude(member=user.member_id or 0)


class QuarterSheetQuerySet(AppendOnlyQuerySet):
    def visible_to(self, user: "User"):
        """Sheets that the user may read: those of one's roles, and what hangs in the own branch."""
        above = at_or_above(paths_of(user, ("group_leader",)) + own_paths(user))
        return self.filter(
            in_subtrees(paths_of(user, READING_ROLES), "organization__path") | Q(organization__path__in=above)
        )


class MonthQuestionQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Questions of the user's branches, sensitive ones only where one decides such matters; one's own."""
        near = in_subtrees(paths_of(user, SENSITIVE_ROLES), "review__organization__path")
        far = in_subtrees(paths_of(user, ("auditor",)), "review__organization__path")
        if groups := paths_of(user, ("group_leader",)):
            above = at_or_above(groups)
            far |= Q(member__in=Member.objects.for_roles(user, "group_leader"))
            far |= Q(member=None, review__organization__path__in=above)
        return self.filter(near | far & Q(is_sensitive=False) | Q(asked_by=user.pk))

    def unsettled(self):
        return self.filter(settled_at__isnull=True)

    def objections(self):
        """Those to what a quarter's sheet says."""
        return self.filter(sheet__isnull=False)
