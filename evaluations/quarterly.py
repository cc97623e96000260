"""The quarterly publicity: everybody's points so far by part, as a branch hangs them up, and what has changed since."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Exists, OuterRef
from django.utils import timezone

from evaluations.backlogs import Backlog
from evaluations.digests import digest_of
from evaluations.interim import Interim, interims_of
from evaluations.models import MonthQuestion, QuarterSheet, Result
from evaluations.permissions import LEADING_ROLES, confirmable
from members.dates import first_of, months_from, quarter_days, quarter_of
from members.exports import Sheet
from members.models import Member, Organization, Role, RoleAssignment, User
from members.permissions import holds
from members.querysets import in_subtrees, paths_of
from scoring.engine import Scheme, results_rows

NAMED = 12  # whom a sentence names; the others are there on demand
STATES = dict(Result.Status.choices)


def content_of(branch: Organization, quarter: str) -> dict:
    """What a quarter's sheet says: for each scheme its title, the parts, and a row a member in the order of the roster.

    {"sections": [{"scheme", "title", "parts": [[code, title]], "rows": [[member id, state, {part: points}, total]]}]}
    with the points of the facts up to the quarter's last day as text; a part or total that is not known is null.
    """
    last = quarter_days(quarter)[1]
    return {"sections": [_section(interim, interim.results(last)) for interim in interims_of(branch, last)]}


def _section(interim: Interim, results) -> dict:
    parts = parts_shown(interim.scheme)
    rows = {row["member"]: row for row in results_rows(results)}
    roster = Member.objects.filter(pk__in=rows).order_by("number").values_list("pk", flat=True)
    return {
        "scheme": interim.version.code,
        "title": str(interim.version),
        "parts": parts,
        "rows": [_row(rows[pk], [code for code, _ in parts]) for pk in roster],
    }


def parts_shown(scheme: Scheme) -> list[list[str]]:
    """The parts that make the total, before they are weighted: code and title."""
    by_code = {part.code: part for part in scheme.parts}
    made = [by_code[code] for code in (*scheme.total.of, *scheme.total.minus)]
    made = [by_code[part.of] if part.kind == "weighted" else part for part in made]
    return [[part.code, part.title] for part in made]


def _row(row: dict, parts: list[str]) -> list:
    return [row["member"], row["status"], {code: row["parts"].get(code) for code in parts}, row["total"]]


# As it is shown ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One member's line of a sheet."""

    member: Member
    state: str
    cells: list[tuple[str | None, str]]  # points and the column's title

    @property
    def has_points(self) -> bool:
        return bool(self.cells) and self.state in (Result.Status.SCORED, Result.Status.INCOMPLETE)

    @property
    def state_title(self) -> str:
        return STATES[self.state]

    @property
    def row(self) -> list[str | Decimal]:
        """Number, name and figures; instead of these the state of who has none."""
        if self.has_points:
            figures = [Decimal(points) if points else "—" for points, _ in self.cells]
        else:
            figures = [self.state_title, *[""] * (len(self.cells) - 1)]
        return [self.member.number, self.member.name, *figures]


@dataclass(frozen=True)
class Section:
    """The lines of those who are scored under one scheme."""

    title: str
    columns: list[str]  # the parts and, where anybody has one, the total; the state where nobody has points
    later: list[str]  # parts that nobody has yet
    lines: list[Line]

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def sheet(self) -> Sheet:
        """As it stands in a workbook."""
        return Sheet(self.title, ["编号", "姓名", *self.columns], [line.row for line in self.lines])


class Content:
    """A sheet's content with the members' names."""

    def __init__(self, content: dict) -> None:
        self.content = content

    @cached_property
    def sections(self) -> list[Section]:
        ids = {row[0] for section in self.content["sections"] for row in section["rows"]}
        members = Member.objects.without_numbers().in_bulk(ids)
        return [_shown(section, members) for section in self.content["sections"] if section["rows"]]

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    @property
    def people(self) -> int:
        """How many are listed; somebody who is scored under two schemes is one."""
        return len({line.member for section in self.sections for line in section.lines})


def _shown(section: dict, members: dict[int, Member]) -> Section:
    """A section with names; a part that nobody has yet, such as an appraisal to come, takes no column."""
    known = [(code, title) for code, title in section["parts"] if any(row[2][code] for row in section["rows"])]
    later = [title for code, title in section["parts"] if (code, title) not in known]
    has_totals = any(row[3] for row in section["rows"])
    columns = [*(title for _, title in known), *["合计"] * has_totals]
    lines = [
        Line(members[pk], state, list(zip((*(points[code] for code, _ in known), total), columns, strict=False)))
        for pk, state, points, total in section["rows"]
    ]
    return Section(section["title"], columns or ["状态"], later, lines)


@dataclass(frozen=True)
class Difference:
    """What reads otherwise between two contents, of all the members of whom it is the same."""

    words: str
    members: list[Member]
    is_listing: bool  # they came on a list, or went

    @property
    def named(self) -> list[Member]:
        return self.members[:NAMED]

    @property
    def others(self) -> list[Member]:
        return self.members[NAMED:]


def differences(before: dict, now: dict) -> list[Difference]:
    """What has changed from one content to another: who came on the lists and went, then whose line reads otherwise."""
    listed, said = _listed(before, now), _said_by_member(before, now)
    ids = {pk for pks in listed.values() for pk in pks} | set(said)
    members = list(Member.objects.without_numbers().filter(pk__in=ids).order_by("number")) if ids else []
    found = [
        Difference(words, [member for member in members if member.pk in pks], True) for words, pks in listed.items()
    ]
    same: dict[str, list[Member]] = {}
    for member in members:
        if member.pk in said:
            same.setdefault(";".join(said[member.pk]), []).append(member)
    return found + [Difference(words, people, False) for words, people in same.items()]


def _listed(before: dict, now: dict) -> dict[str, set[int]]:
    """Who came and who went, by what is said of it; the list is named where there are several."""
    old, new = set(_by_member(before)), set(_by_member(now))
    names = {section["scheme"]: section["title"] for content in (before, now) for section in content["sections"]}
    found: dict[str, set[int]] = {}
    for keys, moved in ((new - old, "新增"), (old - new, "减少")):
        for scheme, title in names.items():
            pks = {pk for code, pk in keys if code == scheme}
            # Without the scheme's edition, which reads like the sheet's.
            words = f"{title.partition('》')[0]}》的名单里" if len(names) > 1 else "名单里"
            if pks:
                found[words + moved] = pks
    return found


def _said_by_member(before: dict, now: dict) -> dict[int, list[str]]:
    titles = {
        (section["scheme"], code): title
        for content in (before, now)
        for section in content["sections"]
        for code, title in section["parts"]
    }
    old, new = _by_member(before), _by_member(now)
    found: dict[int, list[str]] = {}
    for scheme, pk in old:
        if (scheme, pk) in new and (words := list(_said(scheme, old[scheme, pk], new[scheme, pk], titles))):
            found.setdefault(pk, []).extend(words)
    return found


def _by_member(content: dict) -> dict[tuple[str, int], list]:
    return {(section["scheme"], row[0]): row[1:] for section in content["sections"] for row in section["rows"]}


def _said(scheme: str, old: list, new: list, titles: dict[tuple[str, str], str]) -> Iterable[str]:
    (state, points, total), (state_now, points_now, total_now) = old, new
    if state != state_now:
        yield f"状态 {STATES[state]} → {STATES[state_now]}"
    for code in dict.fromkeys([*points, *points_now]):
        if points.get(code) != points_now.get(code):
            yield f"{titles[scheme, code]} {points.get(code) or '—'} → {points_now.get(code) or '—'}"
    if total != total_now:
        yield f"合计 {total or '—'} → {total_now or '—'}"


def latest(branch: Organization, quarter: str) -> QuarterSheet | None:
    """The edition that holds now; None before the quarter was published."""
    return QuarterSheet.objects.filter(organization=branch, quarter=quarter).order_by("number").last()


def quarters_to_publish(backlogs: dict[Organization, Backlog]) -> list[tuple[str, Organization]]:
    """Quarters that are over and nobody has hung up, each with its branch; the oldest first."""
    first, last = quarter_days(quarter_of(first_of(timezone.localdate(), -3)))
    done = set(QuarterSheet.objects.filter(organization__in=backlogs).values_list("quarter", "organization"))
    waiting = [
        (quarter, branch)
        for branch, backlog in backlogs.items()
        for quarter in dict.fromkeys(map(quarter_of, months_from(backlog.since(first), last)))
        if (quarter, branch.pk) not in done
    ]
    return sorted(waiting, key=lambda one: (one[0], one[1].path))


def objections_to_answer(user: User) -> list[MonthQuestion]:
    """Open objections to sheets that wait for the user, with their sheets, the most pressing first.

    They wait for the office that confirms the branch's months; one to a secretary's own line for the general branch.
    """
    paths = paths_of(user, LEADING_ROLES)
    if not paths:
        return []
    heads = RoleAssignment.objects.in_office().filter(role=Role.BRANCH_SECRETARY, user__member=OuterRef("member"))
    waiting = MonthQuestion.objects.objections().unsettled().exclude(member=user.member_id)
    waiting = waiting.filter(in_subtrees(paths, "review__organization__path")).annotate(of_head=Exists(heads))
    waiting = list(waiting.select_related("sheet__organization", "member").order_by("sheet__objections_until", "pk"))
    own = {branch.pk for branch in confirmable(user, list({one.sheet.organization for one in waiting}))}
    return [
        one
        for one in waiting
        if one.sheet.organization_id in own
        or (one.of_head and holds(user, one.sheet.organization.path, (Role.GENERAL_BRANCH,)))
    ]
