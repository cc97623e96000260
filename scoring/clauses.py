"""The clauses of entries, each in the words of the unit whose adoption the entry was declared under."""

from collections import defaultdict
from collections.abc import Iterable

from members.models import Membership, Organization
from scoring.documents import with_named_documents
from scoring.engine.articles import Article
from scoring.models import Adoption, Entry, UnitDocument


def articles_of(entries: Iterable[Entry]) -> dict[int, Article]:
    """Their articles by the entries' ids; the same number of queries for any number of entries.

    Raises UnreadableVersionError where the version of one cannot be read.
    """
    entries = list(entries)
    adoptions = _adoptions_of(entries)
    documents = {one.adoption_id: one for one in UnitDocument.objects.filter(adoption__in=adoptions.values())}
    schemes = {
        adoption: with_named_documents(adoption.scheme, documents.get(adoption.pk))
        for adoption in set(adoptions.values())
    }
    found = {}
    for entry in entries:
        adoption = adoptions.get(entry.pk)
        scheme = schemes[adoption] if adoption else entry.version.scheme
        found[entry.pk] = scheme.articles[entry.rule.article]
    return found


def _adoptions_of(entries: list[Entry]) -> dict[int, Adoption]:
    """By the entries' ids the adoption of the version that each names, where it still counts for the entry's day."""
    branches = _branches_of(entries)
    places = defaultdict(list)
    for entry in entries:
        if entry.pk in branches:
            places[entry.date].append(branches[entry.pk])
    counting = Adoption.objects.counting_on_days(places)
    found = {}
    for entry in entries:
        here = counting.get(entry.date, {}).get(branches.get(entry.pk), [])
        if adoption := next((one for one in here if one.version_id == entry.version_id), None):
            found[entry.pk] = adoption
    return found


def _branches_of(entries: list[Entry]) -> dict[int, Organization]:
    """By the entries' ids the organisation that the member belonged to on the day; of two, the one joined last."""
    memberships = defaultdict(list)
    for one in Membership.objects.filter(member__in={entry.member_id for entry in entries}).select_related(
        "organization"
    ):
        memberships[one.member_id].append(one)
    return {
        entry.pk: one.organization
        for entry in entries
        for one in reversed(memberships[entry.member_id])
        if one.starts_on <= entry.date <= (one.ends_on or entry.date)
    }
