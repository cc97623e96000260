"""Writes of adoptions: made, given other settings from a later period on, ended, withdrawn before they begin; and of their
documents."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q

from members.models import ClosedPeriod, Organization, OrganizationKind, User
from scoring.adoption_effects import branches_of, siblings_of
from scoring.documents import read_document
from scoring.engine import Period, Scheme
from scoring.models import Adoption, SchemeVersion, UnitDocument, WorkedCase
from scoring.unit_settings import refused
from scoring.worked_cases import names_settings, run_document

CYCLES = {"year": "年", "half_year": "半年"}
ONE_DAY = datetime.timedelta(1)


def starts(cycle: str, today: datetime.date) -> list[Period]:
    """Periods from whose first day a scheme may be adopted: of last year, this and the next."""
    years = range(today.year - 1, today.year + 2)
    return [period for year in years for period in (Period(year).halves if cycle == "half_year" else (Period(year),))]


def require_adoptable(adoption: Adoption) -> None:
    """Refuse, by field, what cannot be adopted: a draft, a day within a period or before the end of a closed one."""
    if adoption.version.faults:
        raise ValidationError({"version": f"{adoption.version}现在读不出来,不能采用。请选别的一版。"})
    scheme, place, day = adoption.version.scheme, adoption.organization, adoption.starts_on
    faults: dict[str, str] = {}
    if adoption.version.status != SchemeVersion.Status.RELEASED:
        faults["version"] = f"{adoption.version}还是草稿,发布以后才能采用。"
    if place.kind == OrganizationKind.GROUP:
        faults["organization"] = "党小组随所在支部考核,请选支部。"
    general = Adoption.objects.in_force(place, day)
    if adoption.position and general and general.version.code == adoption.version.code:
        faults["position"] = f"{place}的全体党员从 {day} 起已经按《{scheme.title}》考核,不用再为任职单独采用。"
    elif other := _of_another_position(adoption):
        faults["position"] = (
            f"《{scheme.title}》在{other.organization}已经用于{other.get_position_display()}。"
            "一个方案只能另加给一种任职,请先停用那一次采用。"
        )
    if day != Period.containing(day, scheme.cycle).starts_on:
        faults["starts_on"] = (
            f"《{scheme.title}》按{CYCLES[scheme.cycle]}考核,要从一个周期的第一天起用,不能从 {day} 起。"
        )
    elif closed := settled_period(adoption):
        faults["starts_on"] = closed_words(closed, scheme)
    elif same := siblings_of(adoption).filter(starts_on=day).first():
        faults["starts_on"] = f"{place}从 {day} 起已经采用{same.version},请选别的周期。"
    if faults:
        raise ValidationError(faults)


def closed_words(closed: ClosedPeriod, scheme: Scheme) -> str:
    """That a period is settled, and from when on the scheme can be adopted: from the next of its periods on."""
    period = Period.containing(closed.ends_on + ONE_DAY, scheme.cycle)
    if period.starts_on <= closed.ends_on:
        period = Period.containing(period.ends_on + ONE_DAY, scheme.cycle)
    return (
        f"{closed.organization}的{closed.title}考核已经办结。"
        f"《{scheme.title}》按{CYCLES[scheme.cycle]}考核,最早从 {period.starts_on} 起。"
    )


def _of_another_position(adoption: Adoption) -> Adoption | None:
    """An adoption of the scheme for another position that meets this one: a round has one part for each branch."""
    if not adoption.position:
        return None
    place, day = adoption.organization, adoption.starts_on
    near = Q(organization__path__in=place.lineage) | Q(organization__path__startswith=place.path)
    rows = Adoption.objects.filter(near).exclude(position__in=("", adoption.position)).order_by("starts_on")
    holding: dict[Any, Adoption] = {}  # what holds on the day, and whatever begins after it
    for row in rows.select_related("version", "organization"):
        holding[(row.organization_id, row.position, max(row.starts_on, day))] = row
    return next(
        (
            row
            for row in holding.values()
            if row.version.code == adoption.version.code and (row.ends_on is None or row.ends_on >= day)
        ),
        None,
    )


def settled_period(adoption: Adoption) -> ClosedPeriod | None:
    """A settled period that the adoption would reach into, of a branch that it is for."""
    paths = {path for branch in (*branches_of(adoption), adoption.organization) for path in branch.lineage}
    closed = ClosedPeriod.objects.filter(organization__path__in=paths, ends_on__gte=adoption.starts_on)
    return closed.select_related("organization").order_by("-ends_on").first()


def require_settings(adoption: Adoption) -> None:
    """Refuse settings that the scheme does not allow, and those under which a worked case of the unit fails."""
    problems = refused(adoption.version.scheme, adoption.settings)
    if problems:
        raise ValidationError([sentence for _, sentence in problems])
    failing = failing_cases(adoption)
    if failing:
        raise ValidationError(["本单位的算例和新的设定不符,请改设定,或先改算例。", *failing])


def failing_cases(adoption: Adoption) -> list[str]:
    """What differs in the unit's worked cases, scored with the adoption's settings: case, member, field.

    A case that names settings of its own is scored with those.
    """
    found = []
    for case in WorkedCase.objects.filter(code=adoption.version.code, organization=adoption.organization):
        scheme = adoption.version.scheme
        if not names_settings(case.document):
            scheme = scheme.configured(adoption.settings)
        run = run_document(scheme, case.document, case.name)
        found += [f"{case.name} · {row}" for row in run.wrong] + [str(fault) for fault in run.faults]
    return found


def settings_to_keep(adoption: Adoption) -> dict[str, Any]:
    """Settings in force for the organisation on the adoption's first day that its version still takes."""
    in_force = next(
        (other for other in _chain(adoption) if other.version.code == adoption.version.code and other.settings), None
    )
    if in_force is None:
        return {}
    scheme = adoption.version.scheme
    gone = {code for code, _ in refused(scheme, in_force.settings)}
    kept = {code: value for code, value in in_force.settings.items() if code not in gone}
    return {} if None in gone or refused(scheme, kept) else kept


def _chain(adoption: Adoption) -> list[Adoption]:
    """Adoptions in force on the day: the organisation's own first, then those above it."""
    same = Adoption.objects.filter(position=adoption.position)
    by_path = same.own_of(adoption.organization.lineage, adoption.starts_on)
    return sorted(by_path.values(), key=lambda row: -len(row.organization.path))


@transaction.atomic
def adopt_version(adoption: Adoption, *, actor: User | None) -> Adoption:
    """The stored adoption. Raises ValidationError, by field, where it cannot be made.

    The document of the organisation's adoption before it goes along where the scheme is the same.
    """
    Organization.objects.select_for_update().get(pk=adoption.organization_id)  # one adoption at a time
    require_adoptable(adoption)
    require_settings(adoption)
    adoption.adopted_by = actor
    adoption.full_clean()
    adoption.save()
    _carry_document(adoption)
    return adoption


@transaction.atomic
def change_settings(
    adoption: Adoption, settings: Mapping[str, Any], starts_on: datetime.date, *, actor: User
) -> Adoption:
    """The adoption that has the settings from a day on: a new one, or one of that day that has not begun.

    Raises ValidationError, by field where it can; an adoption in use is never changed.
    """
    Organization.objects.select_for_update().get(pk=adoption.organization_id)
    changed = with_settings(adoption, settings, starts_on)
    if changed.pk is None:
        return adopt_version(changed, actor=actor)
    require_settings(changed)
    changed.adopted_by = actor
    changed.save()
    return changed


def with_settings(adoption: Adoption, settings: Mapping[str, Any], starts_on: datetime.date) -> Adoption:
    """The adoption that `change_settings` would store, not stored. Raises ValidationError where there can be none."""
    waiting = Adoption.objects.filter(
        organization=adoption.organization, position=adoption.position, starts_on=starts_on
    ).first()
    if waiting and not waiting.has_begun:
        if waiting.version_id != adoption.version_id:
            raise ValidationError(
                {"starts_on": f"从 {starts_on} 起已经办好采用{waiting.version},请到那一次采用里改设定。"}
            )
        waiting.settings = dict(settings)
        return waiting
    if starts_on < adoption.starts_on:
        raise ValidationError({"starts_on": f"这次采用从 {adoption.starts_on} 才开始,不能从更早的周期起改设定。"})
    if adoption.ends_on and starts_on > adoption.ends_on:
        raise ValidationError({"starts_on": f"这次采用只用到 {adoption.ends_on},不能从以后的周期起改设定。"})
    changed = Adoption(
        organization=adoption.organization,
        version=adoption.version,
        position=adoption.position,
        settings=dict(settings),
        starts_on=starts_on,
        ends_on=adoption.ends_on,
        ended_by=adoption.ended_by,
    )
    require_adoptable(changed)
    return changed


@transaction.atomic
def withdraw_adoption(adoption: Adoption) -> None:
    """Take back an adoption that has not begun. Raises ValidationError for one in use."""
    if adoption.has_begun:
        raise ValidationError(f"{adoption}已经从 {adoption.starts_on} 起用,不能撤回。要改,请从以后的周期起采用。")
    remove_document(adoption)
    adoption.delete()


# Ending ----------------------------------------------------------------------------------------


def after_end(adoption: Adoption, day: datetime.date) -> Adoption:
    """What would count from a day on if the adoption ended, as one of the same organisation, not stored.

    For a position it may have no version: nothing is added any more. Raises ValidationError, by field, where the
    adoption cannot end then.
    """
    place = adoption.organization
    later = siblings_of(adoption).filter(starts_on__gt=adoption.starts_on).order_by("starts_on").first()
    above = Adoption.objects.filter(position=adoption.position).own_of(place.lineage[:-1], day)
    inherited = max(above.values(), key=lambda row: len(row.organization.path), default=None)
    planned = Adoption(organization=place, position=adoption.position, starts_on=day)
    versions = [adoption.version]
    if inherited:
        planned.version, planned.settings = inherited.version, inherited.settings
        versions.append(inherited.version)
    fault = None
    if later:
        fault = f"从 {later.starts_on} 起已经办好采用{later.version},请到那一次采用里办理。"
    elif inherited is None and not adoption.position:
        fault = f"{place}的上级没有采用方案,停用以后就没有方案计分了。请改为采用别的方案。"
    elif day <= adoption.starts_on:
        fault = f"这次采用从 {adoption.starts_on} 才开始。还没有起用的,请撤回;已经起用的,请选以后的周期。"
    else:
        for scheme in (version.scheme for version in versions if not version.faults):
            if day != Period.containing(day, scheme.cycle).starts_on:
                fault = f"《{scheme.title}》按{CYCLES[scheme.cycle]}考核,要从一个周期的第一天起,不能从 {day} 起。"
            elif closed := settled_period(planned):
                fault = closed_words(closed, scheme)
    if fault:
        raise ValidationError({"starts_on": fault})
    return planned


@transaction.atomic
def end_adoption(adoption: Adoption, day: datetime.date, *, actor: User) -> None:
    """From a day on the adoption above counts again. Raises ValidationError, by field, where it cannot."""
    Organization.objects.select_for_update().get(pk=adoption.organization_id)
    after_end(adoption, day)
    Adoption.objects.filter(pk=adoption.pk).update(ends_on=day - ONE_DAY, ended_by=actor)


@transaction.atomic
def keep_adoption(adoption: Adoption) -> None:
    """Take back the end of an adoption, which has not come. Raises ValidationError once it has."""
    adoption = Adoption.objects.select_for_update().get(pk=adoption.pk)
    if adoption.has_ended:
        raise ValidationError(f"{adoption}已经用到 {adoption.ends_on} 为止。要再用,请重新采用。")
    Adoption.objects.filter(pk=adoption.pk).update(ends_on=None, ended_by=None)


# Documents --------------------------------------------------------------------------------------


@transaction.atomic
def attach_document(adoption: Adoption, title: str, upload: UploadedFile, *, actor: User) -> UnitDocument:
    """The unit's document, read and kept in place of a former one; no article is pointed at it yet.

    Raises DocumentError where the file cannot be taken.
    """
    articles, kind = read_document(upload)
    remove_document(adoption)
    upload.seek(0)
    upload.name = f"{uuid4().hex}.{kind}"
    return UnitDocument.objects.create(
        adoption=adoption, title=title, file=upload, articles=articles, attached_by=actor
    )


def map_articles(document: UnitDocument, mapping: Mapping[str, str], *, actor: User) -> None:
    """Point the scheme's articles at the unit's; those left out show the model text."""
    document.mapping, document.attached_by = dict(mapping), actor
    document.save(update_fields=["mapping", "attached_by", "attached_at"])


@transaction.atomic
def remove_document(adoption: Adoption) -> None:
    """Take the document off the adoption; the file goes when no other adoption shows it."""
    for document in UnitDocument.objects.filter(adoption=adoption):
        storage, name = document.file.storage, document.file.name
        document.delete()
        if not UnitDocument.objects.filter(file=name).exists():
            transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))


def _carry_document(adoption: Adoption) -> None:
    """Attach to a new adoption what the one before it of the same organisation and scheme showed."""
    before = siblings_of(adoption).filter(version__code=adoption.version.code, starts_on__lt=adoption.starts_on)
    earlier = before.order_by("-starts_on").first()
    document = UnitDocument.objects.filter(adoption=earlier).first() if earlier else None
    if document:
        known = adoption.version.scheme.articles
        UnitDocument.objects.create(
            adoption=adoption,
            title=document.title,
            file=document.file.name,
            articles=document.articles,
            mapping={id_: own for id_, own in document.mapping.items() if id_ in known},
            attached_by=document.attached_by,
        )
