"""Measures that a round's results lead to, as proposals."""

from collections import defaultdict

from django.db import transaction

from evaluations.measure_kinds import measure_kinds
from evaluations.models import Measure, Result, Round, RoundBranch
from evaluations.services.measures import ORIGINAL
from members.models import Organization, OrganizationKind
from scoring.documents import worded
from scoring.engine import Period, Scheme
from scoring.engine.decide import as_met
from scoring.models import Adoption

Proposals = dict[tuple[int, str], dict]  # by member and code, the fields that follow from the result


@transaction.atomic
def propose_measures(round_: Round) -> int:
    """How many proposals the round's results newly lead to.

    Proposals that nobody has taken up and that follow no more are removed; what somebody has decided on stays, and
    says whether it still follows. Doing it again changes nothing.
    """
    round_ = Round.objects.select_for_update().get(pk=round_.pk)
    wanted = _proposals(round_)
    stored = {
        (measure.member_id, measure.code): measure for measure in Measure.objects.filter(round=round_, follows=None)
    }
    gone = [measure.pk for key, measure in stored.items() if key not in wanted]
    Measure.objects.filter(pk__in=gone, state=Measure.State.PROPOSED).delete()
    Measure.objects.filter(pk__in=gone).update(still_follows=False)
    new = [
        Measure(round_id=round_.pk, member_id=member, code=code, **fields)
        for (member, code), fields in wanted.items()
        if (member, code) not in stored
    ]
    Measure.objects.bulk_create(new, batch_size=500)
    _renew([(measure, wanted[key]) for key, measure in stored.items() if key in wanted])
    return len(new)


def _renew(pairs: list[tuple[Measure, dict]]) -> None:
    """Bring stored measures up to what follows now; of what has been decided on only that it follows again."""
    changed = []
    for measure, fields in pairs:
        wanted = {"still_follows": True}
        if measure.state == Measure.State.PROPOSED:
            wanted |= fields
        if any(getattr(measure, field) != value for field, value in wanted.items()):
            vars(measure).update(wanted)
            changed.append(measure)
    fields = ["still_follows", "organization", "kind", "title", "words", "clauses"]
    Measure.objects.bulk_update(changed, fields, batch_size=200)


def _proposals(round_: Round) -> Proposals:
    """What the results of a round lead to; not stored."""
    period, by_branch = Period.parse(round_.period), defaultdict(list)
    results = Result.objects.filter(round=round_).exclude(sheet__consequences=[], sheet__alerts=[])
    for branch, member, sheet in results.values_list("branch", "member", "sheet"):
        grounds = tuple(sheet["grounds"])
        by_branch[branch] += [(member, code, grounds) for code in (*sheet["consequences"], *sheet["alerts"])]
    parts = RoundBranch.objects.filter(pk__in=by_branch).select_related("organization", "version")
    schemes, found = _schemes(round_, parts), {}
    for part in parts:
        follows = _follows(part, schemes[part.pk], period, {(code, grounds) for _, code, grounds in by_branch[part.pk]})
        found |= {(member, code): follows[code, grounds] for member, code, grounds in by_branch[part.pk]}
    returning = [member for (member, _), fields in found.items() if _returns(fields["kind"])]
    in_education = set(
        Organization.objects.filter(kind=OrganizationKind.EDUCATION_BRANCH, memberships__member__in=returning)
        .filter(memberships__ends_on__isnull=True)
        .values_list("memberships__member", flat=True)
    )
    return {
        (member, code): fields
        for (member, code), fields in found.items()
        if not _returns(fields["kind"]) or member in in_education
    }


def _returns(kind: str) -> bool:
    """True for what only concerns whoever is in the education branch."""
    return any(step.to == ORIGINAL for step in measure_kinds().kinds[kind].steps)


def _schemes(round_: Round, parts) -> dict[int, Scheme]:
    """The scheme of each part, with the articles in the words of its unit."""
    branches = [part.organization for part in parts]
    adoptions = Adoption.objects.under_scheme(branches, round_.scheme, Period.parse(round_.period).ends_on)
    words = {adoption.pk: worded(adoption) for adoption in set(adoptions.values())}
    schemes = {}
    for part in parts:
        adoption = adoptions.get(part.organization)
        same = adoption and (adoption.version_id, adoption.settings) == (part.version_id, part.settings)
        schemes[part.pk] = words[adoption.pk] if same else part.scheme
    return schemes


def _follows(
    part: RoundBranch, scheme: Scheme, period: Period, led: set[tuple[str, tuple[str, ...]]]
) -> dict[tuple[str, tuple[str, ...]], dict]:
    """The fields of what each of these codes, on its grounds, leads to in a branch."""
    outcome = scheme.outcome_for(period)
    alerts = {alert.code: alert for alert in scheme.alerts}
    rules = {rule.code: (rule, rule.title) for rule in outcome.consequences}
    rules |= {rule.quota.tie: (rule, rule.quota.tie_title) for rule in outcome.consequences if rule.quota}
    found = {}
    for code, grounds in led:
        if code in alerts:
            rule, title = alerts[code], alerts[code].title
        else:
            rule, title = rules[code]
            rule = as_met(rule, "consequence", outcome, grounds)
        articles = [scheme.articles[article] for article in (rule.article, *rule.basis.also)]
        found[code, grounds] = {
            "organization_id": part.organization_id,
            "kind": measure_kinds().of(scheme.code, code).code,
            "title": title,
            "words": rule.words[:500],
            "clauses": [{"heading": article.heading, "text": article.text} for article in articles],
        }
    return found
