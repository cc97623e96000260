"""A round computed: facts gathered, the engine run, results written. The same facts give the same bytes."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluations.bulk import upsert
from evaluations.digests import digest_of
from evaluations.facts import gather, people_of
from evaluations.models import COURSE, FIGURES, Result, Round, RoundBranch, RoundStep, Step, figures
from evaluations.services.proposals import propose_measures
from evaluations.services.rounds import changed_branches
from members.models import Organization
from scoring.engine import ENGINE_VERSION, Period, results_rows, score
from scoring.models import Adoption, SchemeVersion

SHEET_FIELDS = ("missing", "items", "parts", "lists", "consequences", "grounds", "alerts")


class RoundSettledError(Exception):
    """The round was published or closed while the computation was under way; nothing is written."""


def compute_branches(round_id: int, branch_ids: list[int]) -> None:
    """Results of these branches (ids of RoundBranch), written in one transaction; the last batch ends the round.

    Running it again does the same again: a task that died is simply repeated.
    """
    round_ = Round.objects.select_related("organization").get(pk=round_id)
    parts = list(RoundBranch.objects.filter(round=round_id, pk__in=branch_ids).select_related("organization"))
    period = Period.parse(round_.period)
    as_of = timezone.localdate(round_.requested_at)  # not today's date: a task that is repeated gives the same
    by_terms = _by_terms(parts, round_.scheme, period)
    computed = {
        terms: terms.score([part.organization for part in group], period, as_of)
        for terms, group in by_terms.items()
        if terms.version
    }
    with transaction.atomic():
        locked = Round.objects.select_for_update().get(pk=round_id)
        if locked.status not in COURSE[Step.COMPUTE].before:
            raise RoundSettledError(round_id)
        for terms, group in by_terms.items():
            _write(locked, terms, group, computed.get(terms, []))
        finish_round(locked)


@dataclass(frozen=True)
class Terms:
    """What branches are scored under: a version, a unit's settings (as JSON), and whom it is for."""

    version: SchemeVersion | None
    settings: str = "{}"
    position: str = ""

    @classmethod
    def of(cls, adoption: Adoption | None) -> "Terms":
        if adoption is None:
            return cls(None)
        return cls.of_settings(adoption.version, adoption.settings, adoption.position)

    @classmethod
    def of_settings(cls, version: SchemeVersion, settings: dict, position: str) -> "Terms":
        return cls(version, json.dumps(settings, sort_keys=True), position)

    def score(
        self, branches: list[Organization], period: Period, as_of: date, closed: Round | None = None
    ) -> list[dict]:
        """Rows of everybody's results, each with `organization` and `person`; of a closed round with its own facts."""
        scheme = self.version.scheme.configured(json.loads(self.settings))
        facts = gather(branches, period, scheme, as_of=as_of, position=self.position, closed=closed)
        results, people = score(scheme, facts, period), people_of(facts)
        places = dict(results.members.select("member", "organization").iter_rows())
        return [
            {"organization": places[row["member"]], "person": people[row["member"]], **row}
            for row in results_rows(results)
        ]


def _by_terms(parts: list[RoundBranch], code: str, period: Period) -> dict[Terms, list[RoundBranch]]:
    """Branches by the terms that they are scored under."""
    groups = defaultdict(list)
    adoptions = Adoption.objects.under_scheme([part.organization for part in parts], code, period.ends_on)
    for part in parts:
        groups[Terms.of(adoptions.get(part.organization))].append(part)
    return groups


def _write(round_: Round, terms: Terms, parts: list[RoundBranch], rows: list[dict]) -> None:
    by_organization = {part.organization_id: part for part in parts}
    results = defaultdict(list)
    for row in rows:
        part = by_organization[row["organization"]]
        results[part.pk].append(_result(part, row))
    everybody = [result for group in results.values() for result in group]
    before = _figures(parts)
    Result.objects.filter(round=round_, branch__in=parts).exclude(
        member__in=[result["member_id"] for result in everybody]
    ).delete()
    upsert(Result, everybody, unique=("round_id", "member_id"))
    now = timezone.now()
    for part in parts:
        part.version, part.settings, part.position = terms.version, json.loads(terms.settings), terms.position
        part.done_at = now
        part.state = RoundBranch.State.DONE if terms.version else RoundBranch.State.FAILED
        part.error = "" if terms.version else "这个支部在这个周期没有采用计分方案,请先在街道办理采用。"
        _set_digest(part, results[part.pk], before.get(part.pk, {}), now)
    fields = ["version", "settings", "position", "state", "error", "digest", "done_at", "changes", "changed_at"]
    RoundBranch.objects.bulk_update(parts, fields, batch_size=200)


def _figures(parts: list[RoundBranch]) -> dict[int, dict[str, list]]:
    """The stored results' figures by part and member."""
    found = defaultdict(dict)
    stored = Result.objects.filter(branch__in=parts).order_by()
    for branch, member, *values in stored.values_list("branch", "member", *FIGURES):
        found[branch][str(member)] = figures(*values)
    return found


def _set_digest(part: RoundBranch, results: list[dict], before: dict[str, list], now: datetime) -> None:
    """Put down the digest of a part's results, and, if it had another one, what has changed."""
    digest = digest_of(sorted((result["member_id"], result["digest"]) for result in results))
    if part.digest and part.digest != digest:
        after = {str(result["member_id"]): figures(*(result[field] for field in FIGURES)) for result in results}
        part.changes = differences(before, after)
        part.changed_at = now
    part.digest = digest


def differences(before: dict[str, list], now: dict[str, list]) -> dict[str, list]:
    """{member id: [figures before, figures now]} of who differs; None for who is not there."""
    members = dict.fromkeys([*before, *now])
    return {pk: [before.get(pk), now.get(pk)] for pk in members if (before.get(pk) or None) != (now.get(pk) or None)}


def _result(part: RoundBranch, row: dict) -> dict:
    """The columns of one member's result."""
    return {
        "round_id": part.round_id,
        "branch_id": part.pk,
        "member_id": row["member"],
        "status": row["status"],
        "total": None if row["total"] is None else Decimal(row["total"]),
        "grade": row["grade"],
        "rank": row["rank"],
        "on_honor_board": "honor" in row["lists"],
        "on_warning_board": "warning" in row["lists"],
        "sheet": json.dumps({field: row[field] for field in SHEET_FIELDS}),
        "person": json.dumps(row["person"]),
        "digest": row_digest(row),
    }


def row_digest(row: dict) -> str:
    """The digest of one member's result: of all that the engine says, whatever the branch."""
    return digest_of({key: value for key, value in row.items() if key not in ("organization", "person")})


def finish_round(round_: Round) -> bool:
    """True when no branch is waiting any more: the round is then marked computed, with its digest.

    The caller holds the lock on the round's row.
    """
    branches = RoundBranch.objects.filter(round=round_)
    if branches.filter(state=RoundBranch.State.WAITING).exists():
        return False
    fresh = round_.computed_at is None or round_.computed_at < round_.requested_at
    lapse_reviews(round_)
    reviewed = branches.exclude(reviewed_digest="").exists() and not branches.to_review().exists()
    round_.status = COURSE[Step.REVIEW if reviewed else Step.COMPUTE].after
    round_.computed_at = timezone.now()
    round_.engine_version = ENGINE_VERSION
    round_.digest = digest_of(list(branches.order_by("organization__path").values_list("organization_id", "digest")))
    round_.save(update_fields=["status", "computed_at", "engine_version", "digest"])
    if fresh:  # a task that is repeated is the same computation
        RoundStep.objects.create(
            round=round_, step=Step.COMPUTE, done_by_id=round_.requested_by_id, digest=round_.digest
        )
    propose_measures(round_)
    return True


def lapse_reviews(round_: Round) -> None:
    """Make void what branches confirmed before their results changed, and say so in the course."""
    changed = RoundBranch.objects.filter(round=round_).exclude(reviewed_digest="").exclude(reviewed_digest=F("digest"))
    RoundStep.objects.bulk_create(
        RoundStep(
            round=round_,
            organization_id=part.organization_id,
            step=Step.LAPSE,
            done_by_id=round_.requested_by_id,
            reason="重新试算以后结果有变动,要重新审核。",
            digest=part.digest,
        )
        for part in changed
    )
    changed.update(reviewed_digest="")


def outdated(round_: Round) -> list[RoundBranch]:
    """The round's parts whose facts give other results now. Only those that something was written about are computed."""
    period = Period.parse(round_.period)
    parts = list(changed_branches(round_, round_.requested_at).select_related("organization"))
    found, as_of = [], timezone.localdate(round_.requested_at)
    for terms, group in _by_terms(parts, round_.scheme, period).items():
        digests = defaultdict(list)
        rows = terms.score([part.organization for part in group], period, as_of) if terms.version else []
        for row in rows:
            digests[row["organization"]].append((row["member"], row_digest(row)))
        found += [part for part in group if part.digest != digest_of(sorted(digests[part.organization_id]))]
    return sorted(found, key=lambda part: part.organization.path)
