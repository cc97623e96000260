"""Rosters from files: checked, kept for the preview, then written all or nothing."""

import dataclasses
import datetime
import hashlib
import json

from django.db import IntegrityError, transaction

from members.models import FactChange, Member, Membership, MobilityChange, Organization, Position, User
from members.resources import MemberResource, TooManyFaultsError
from members.roster_columns import to_dataset
from members.roster_rows import Plan, Row, undated_changes
from members.services import keeping
from members.services.people import joining_change
from members.services.positions import position_change
from members.services.states import mobility_change
from members.workbooks import Sheet


class RosterChangedError(Exception):
    """The roster is no longer what the preview was made from; nothing was written."""


def check_roster(sheet: Sheet, *, actor: User) -> MemberResource:
    """What a file would change: `rows` of the result, none of it stored. Raises WorkbookError.

    There are fewer than the file's where so many have faults that the rest was not looked at.
    """
    return run(sheet, actor, dry_run=True)


def run(sheet: Sheet, actor: User, dry_run: bool) -> MemberResource:
    dataset, unused = to_dataset(sheet)
    resource = MemberResource(actor)
    resource.unused = unused
    try:
        result = resource.import_data(
            dataset, dry_run=dry_run, use_transactions=True, rollback_on_validation_errors=True
        )
    except TooManyFaultsError:
        resource.unread = len(dataset) - len(resource.rows)
        return resource
    if result.has_errors():
        errors = [error.error for error in result.base_errors]
        raise (errors or [error.error for _, errors in result.row_errors() for error in errors])[0]
    return resource


def fingerprint(resource: MemberResource) -> str:
    """The same for two previews that promise the same."""
    promises = [dataclasses.astuple(row) for row in resource.rows]
    return hashlib.sha256(json.dumps(promises).encode()).hexdigest()


@transaction.atomic
def import_roster(sheet: Sheet, promised: str, *, actor: User) -> MemberResource:
    """Write a checked file. promised: the `fingerprint` of the preview that the user confirmed.

    Raises RosterChangedError if the file would by now do something else, and IntegrityError if the database refuses
    what the checks let pass.
    """
    try:
        with transaction.atomic():  # what came in between can still be read afterwards
            resource = run(sheet, actor, dry_run=False)
    except IntegrityError as error:
        if fingerprint(check_roster(sheet, actor=actor)) == promised:
            raise
        raise RosterChangedError from error  # somebody else took a number at this very moment
    if resource.faulty or fingerprint(resource) != promised:
        raise RosterChangedError
    memberships, positions, moves, changes = [], [], [], []
    for member, plan in resource.created:
        membership = Membership(member=member, organization=plan.branch, starts_on=plan.starts_on)
        memberships.append(membership)
        changes.append(joining_change(membership, actor))
        positions += posts_of(member, plan, plan.branch, plan.starts_on)
        moves += moves_of(member, plan)
    places = {each.member_id: each.organization for each in current_memberships(resource)}
    for before, member, plan in resource.updated:
        changes += undated_changes(before, member, actor)
        if plan.posts:
            positions += posts_of(member, plan, places[member.pk], resource.today)
        moves += moves_of(member, plan)
    Membership.objects.bulk_create(memberships)
    Position.objects.bulk_create(positions)
    MobilityChange.objects.bulk_create(moves)
    changes += [position_change(position, actor) for position in positions]
    FactChange.objects.bulk_create([*changes, *(mobility_change(move, actor) for move in moves)])
    return resource


def posts_of(member: Member, plan: Plan, place: Organization, since: datetime.date) -> list[Position]:
    """Posts that are not yet held; in the member's own organisation and since the day, unless the row says otherwise."""
    return [
        Position(
            member=member,
            organization=post.organization or place,
            title=post.title,
            starts_on=post.starts_on or since,
        )
        for post in plan.posts
    ]


def moves_of(member: Member, plan: Plan) -> list[MobilityChange]:
    if plan.move:
        plan.move.member = member
    return [plan.move] if plan.move else []


def current_memberships(resource: MemberResource):
    members = [member for _, member, plan in resource.updated if plan.posts]
    return Membership.objects.in_office().filter(member__in=members).select_related("organization")


# The file between preview and confirmation ---------------------------------------------------------


@dataclasses.dataclass
class Upload:
    """An uploaded file with what its rows were found to come to; `promised` is the fingerprint of that.

    sheet: without rows where some have faults: such a file is not written. unread: rows that were not looked at.
    """

    sheet: Sheet
    rows: list[Row]
    unused: list[str]
    promised: str
    unread: int = 0

    @property
    def is_faulty(self) -> bool:
        return any(row.faults for row in self.rows)


def checked_upload(sheet: Sheet, *, actor: User) -> Upload:
    """Raises WorkbookError."""
    resource = check_roster(sheet, actor=actor)
    kept = Sheet([]) if resource.faulty else sheet
    return Upload(kept, resource.rows, resource.unused, fingerprint(resource), resource.unread)


def keep_upload(upload: Upload, *, actor: User, token: str = "") -> str:
    """Store a checked file; gives back the token for the user's session. token: of the file that this replaces."""
    return keeping.keep(dataclasses.asdict(upload), actor=actor, token=token)


def kept_upload(token: str, *, actor: User) -> Upload | None:
    """The stored file; None if it is gone, too old or another user's."""
    content = keeping.kept(token, actor=actor)
    if content is None:
        return None
    sheet = Sheet([(number, row) for number, row in content["sheet"]["rows"]])
    return Upload(**{**content, "sheet": sheet, "rows": [Row(**row) for row in content["rows"]]})
