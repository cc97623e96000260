"""Who may run a round, review a branch's part of it, run an appraisal, assess, act on a measure, and record a meeting's vote."""

from collections.abc import Iterable

from django.utils import timezone

from evaluations.models import Appeal, Measure, MeasureStep, MonthQuestion, Resolution
from members.models import Member, Organization, Role, RoleAssignment, User
from members.permissions import holds
from members.querysets import paths_of
from scoring.engine.elements import Item
from scoring.querysets import SENSITIVE_ROLES

TALLY_ROLES = (Role.GENERAL_BRANCH, Role.STREET_STAFF)
LEADING_ROLES = (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF)
ASSESSING_ROLES = (*LEADING_ROLES, Role.DISCIPLINE_OFFICE)


def can_run_rounds(user: User, organization: Organization) -> bool:
    """The street's staff open, compute and close rounds (source L137)."""
    return holds(user, organization.path, (Role.STREET_STAFF,))


# Who reviews a branch's part of a round: the first of these roles that somebody holds there.
REVIEWING_ROLES = (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF)


def review_offices(branches: Iterable[Organization], roles: tuple[str, ...] = REVIEWING_ROLES) -> dict[int, str]:
    """The role that reviews each branch, by the branch's id: its secretary, or the general branch where it has none.

    roles: others, of which the first that somebody holds does the work.
    """
    branches = list(branches)
    above = {path for branch in branches for path in branch.lineage}
    held = RoleAssignment.objects.on(timezone.localdate()).filter(role__in=roles, user__is_active=True)
    places = set(held.filter(organization__path__in=above).values_list("role", "organization__path"))
    return {
        branch.pk: next(
            (role for role in roles if any((role, path) in places for path in branch.lineage)),
            Role.STREET_STAFF,
        )
        for branch in branches
    }


def can_confirm_branch(user: User, branch: Organization) -> bool:
    """Confirm a branch's part of a round on its committee's behalf."""
    return bool(confirmable(user, [branch]))


def confirmable(
    user: User, branches: list[Organization], roles: tuple[str, ...] = REVIEWING_ROLES
) -> list[Organization]:
    """Those of the branches that the user confirms results and months of, or does what else falls to one of the roles."""
    offices = review_offices(branches, roles) if branches else {}
    return [branch for branch in branches if holds(user, branch.path, (offices[branch.pk],))]


def can_read_sensitive(user: User, branch: Organization) -> bool:
    """Belief and discipline of the branch's members are the user's business."""
    return holds(user, branch.path, SENSITIVE_ROLES)


def can_ask_of_month(user: User, branch: Organization) -> bool:
    """Raise a question on a branch's month: whoever reads it and takes part in the work, groups' leaders too."""
    leads_group = any(path.startswith(branch.path) for path in paths_of(user, (Role.GROUP_LEADER,)))
    return leads_group or holds(user, branch.path, (*ASSESSING_ROLES, Role.GROUP_LEADER))


def can_settle_question(user: User, question: MonthQuestion) -> bool:
    """Write down what became of a question; never one about oneself."""
    leads = holds(user, question.review.organization.path, LEADING_ROLES)
    return leads and (question.member_id is None or question.member_id != user.member_id)


def can_run_appraisal(user: User, organization: Organization) -> bool:
    """The general branch and the street's staff (source L135); views see to it that those appraised do not."""
    return holds(user, organization.path, TALLY_ROLES)


def assessor_roles(item: Item) -> tuple[str, ...]:
    """The roles that give scores in an item: the office that the scheme names, or those who lead the branch."""
    return (Role.DISCIPLINE_OFFICE,) if item.office == "discipline" else LEADING_ROLES


def assessing_role(user: User, branch: Organization, item: Item) -> str | None:
    """The role in which the user assesses the item in a branch; None without one."""
    return next((role for role in assessor_roles(item) if holds(user, branch.path, (role,))), None)


def can_assess(user: User, member: Member, branch: Organization, item: Item) -> bool:
    """`branch` scores the member. Nobody assesses themselves."""
    return user.member_id != member.pk and assessing_role(user, branch, item) is not None


def can_assess_somewhere(user: User) -> bool:
    return bool(paths_of(user, ASSESSING_ROLES))


# Measures ---------------------------------------------------------------------------------------

# Who does what a role is to do about a measure: the office itself, or one above it on its behalf.
STANDING_IN = {
    Role.BRANCH_SECRETARY: (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF),
    Role.GENERAL_BRANCH: (Role.GENERAL_BRANCH, Role.STREET_STAFF),
    Role.STREET_STAFF: (Role.STREET_STAFF,),
    Role.DISCIPLINE_OFFICE: (Role.DISCIPLINE_OFFICE,),
}


def acts_for(user: User, measure: Measure, role: str) -> bool:
    """True if the user does what falls to a role; never about oneself."""
    roles = STANDING_IN.get(role, ())
    return user.member_id != measure.member_id and holds(user, measure.organization.path, roles)


def can_decide_measure(user: User, measure: Measure) -> bool:
    """Take a proposal up or dismiss it."""
    return acts_for(user, measure, measure.rules.office)


def can_take_step(user: User, step: MeasureStep) -> bool:
    """Put a step down as done; a term that nobody keeps is ended by whoever decides the measure."""
    return acts_for(user, step.measure, step.role or step.measure.rules.office)


def can_stop_measure(user: User, measure: Measure) -> bool:
    """Dismiss it, or stop it on the way: whoever decides it, and whoever is to approve the next step."""
    step = measure.next_step
    return can_decide_measure(user, measure) or (step is not None and can_take_step(user, step))


# Resolutions ------------------------------------------------------------------------------------


def can_record_resolutions(user: User) -> bool:
    """Somewhere: the form offers only organisations in the user's scope."""
    return bool(paths_of(user, LEADING_ROLES))


def can_correct_resolution(user: User, resolution: Resolution) -> bool:
    """Record another in its place; not one about oneself."""
    return holds(user, resolution.organization.path, LEADING_ROLES) and (
        resolution.member_id is None or resolution.member_id != user.member_id
    )


def can_set_meeting_rules(user: User, organization: Organization) -> bool:
    """The street's staff say when a vote is valid and carried."""
    return holds(user, organization.path, (Role.STREET_STAFF,))


def can_read_minutes(user: User, resolution: Resolution) -> bool:
    """Minutes may speak of others, too: they are for those who decide such matters, and for the one concerned."""
    if resolution.member_id and resolution.member_id == user.member_id:
        return True
    return holds(user, resolution.organization.path, SENSITIVE_ROLES)


# Appeals ----------------------------------------------------------------------------------------


def appeal_roles(appeal: Appeal) -> tuple[str, ...]:
    """Offices that review an appeal: on discipline the discipline office alone."""
    return (Role.DISCIPLINE_OFFICE,) if appeal.is_discipline else (Role.STREET_STAFF, Role.DISCIPLINE_OFFICE)


def can_review_appeal(user: User, appeal: Appeal) -> bool:
    """Neither the person concerned nor whoever raised it. Who had a hand in the line is refused with a sentence."""
    return (
        holds(user, appeal.organization.path, appeal_roles(appeal))
        and user.member_id != appeal.member_id
        and user.pk != appeal.raised_by_id
    )


def can_see_objector(user: User, appeal: Appeal) -> bool:
    """Who objected, and what they say and hand in, is for whoever recorded it and for the reviewers."""
    own = appeal.kind != Appeal.Kind.OBJECTION and user.member_id == appeal.member_id
    return own or user.pk == appeal.raised_by_id or can_review_appeal(user, appeal)


def can_record_objections(user: User, branch: Organization) -> bool:
    """Put down what somebody says against a published result of the branch."""
    return holds(user, branch.path, LEADING_ROLES)
