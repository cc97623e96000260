"""Versions of schemes: drafted, checked, released; and the worked cases that a version must answer."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.models import Organization, Role, User
from scoring.engine import Fault, Scheme
from scoring.engine.cases import CaseFilesError
from scoring.models import Adoption, SchemeVersion, WorkedCase
from scoring.models.schemes import read_once
from scoring.services import next_number
from scoring.worked_cases import BAD_NAME, NAME, Run, run_case, split_documents
from scoring.yaml_limits import yaml_fault

LONGEST_HEADING = 120  # characters of a heading with its source
LINE_SHOWN = 100  # characters of a line beside its fault
FARTHEST_LINE = 5  # digits of a line of the source


@dataclass(frozen=True)
class Checked:
    """A definition and its text as read: the scheme, or everything that is wrong with them."""

    scheme: Scheme | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Placed:
    """A fault with the words of its line, and the field of a draft's form that holds them."""

    fault: Fault
    field: str
    words: str


def placed(faults: Iterable[Fault], definition: str, text: str) -> list[Placed]:
    """The faults of a definition and its text, each beside its line."""
    sources = {"definition.yaml": ("definition", definition), "text.md": ("text", text)}
    found = []
    for fault in faults:
        field, words = sources[fault.file]
        lines = words.split("\n")
        line = lines[fault.line - 1].strip() if fault.line <= len(lines) else ""
        found.append(Placed(fault, field, line if len(line) <= LINE_SHOWN else f"{line[:LINE_SHOWN]}…"))
    return found


def check_sources(definition: str, text: str, code: str) -> Checked:
    """The scheme, which must be `code`, or every fault with its file and line."""
    faults = [fault for fault in (yaml_fault(definition, "definition.yaml"), *_heading_faults(text)) if fault]
    if faults:
        return Checked(None, tuple(faults))
    scheme, faults = read_once(definition, text)
    if faults:
        return Checked(None, faults)
    if scheme.code != code:
        line = next((n for n, words in enumerate(definition.splitlines(), 1) if words.startswith("scheme:")), 1)
        return Checked(None, (Fault("definition.yaml", line, f"「scheme」应是 {code},现在是 {scheme.code}。"),))
    return Checked(scheme, ())


def _heading_faults(text: str) -> list[Fault]:
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#") and len(line) > LONGEST_HEADING:
            faults.append(Fault("text.md", number, f"标题太长,最多 {LONGEST_HEADING} 个字。"))
        elif line.startswith("#") and re.search(rf"source=[\d,\-]*\d{{{FARTHEST_LINE + 1}}}", line):
            faults.append(Fault("text.md", number, f"「source」里的行号太大,最多 {FARTHEST_LINE} 位数。"))
    return faults


def draft_version(base: SchemeVersion, definition: str, text: str, note: str, *, actor: User) -> SchemeVersion:
    """A new draft that starts from `base`; it may hold faults."""
    draft = SchemeVersion(
        code=base.code,
        number=next_number(base.code),
        title=base.title,
        status=SchemeVersion.Status.DRAFT,
        created_by=actor,
        origin=Organization.objects.for_roles(actor, Role.STREET_STAFF).first(),
    )
    return _save_sources(draft, definition, text, note)


@transaction.atomic
def edit_draft(draft: SchemeVersion, definition: str, text: str, note: str) -> SchemeVersion:
    """The draft with other words. Raises ValidationError once it is released."""
    return _save_sources(_locked_draft(draft), definition, text, note)


@transaction.atomic
def discard_draft(draft: SchemeVersion) -> None:
    _locked_draft(draft).delete()


def _locked_draft(draft: SchemeVersion) -> SchemeVersion:
    found = SchemeVersion.objects.drafts().select_for_update().filter(pk=draft.pk).first()
    if found is None:
        raise ValidationError("这个草稿已经发布或删去,不能再改。")
    return found


def _save_sources(draft: SchemeVersion, definition: str, text: str, note: str) -> SchemeVersion:
    checked = check_sources(definition, text, draft.code)
    draft.definition, draft.text, draft.note = definition, text, note
    draft.digest = hashlib.sha256(f"{definition}\0{text}".encode()).hexdigest()
    if checked.scheme:
        draft.title = checked.scheme.title
    draft.full_clean()
    draft.save()
    return draft


# Release --------------------------------------------------------------------------------------


def run_cases(version: SchemeVersion) -> list[tuple[WorkedCase, Run]]:
    """Every worked case of the scheme, of all units, under the version."""
    cases = WorkedCase.objects.filter(code=version.code).select_related("organization").order_by("name", "pk")
    return [(case, run_case(version, case.document)) for case in cases]


def refusals(version: SchemeVersion) -> list[str]:
    """Why the draft cannot be released: faults of its sources, else every answer that differs; one sentence each."""
    checked = check_sources(version.definition, version.text, version.code)
    if checked.faults:
        return [str(fault) for fault in checked.faults]
    if SchemeVersion.objects.released().filter(code=version.code, digest=version.digest).exists():
        return ["这个草稿与已发布的一版完全相同,不用再发布。"]
    return [f"算例 {case.name} · {what}" for case, run in run_cases(version) for what in (*run.faults, *run.wrong)]


@transaction.atomic
def release_version(draft: SchemeVersion) -> SchemeVersion:
    """The draft as a version that units may adopt; from then on it never changes.

    Raises ValidationError with a sentence for every fault and every worked case that fails.
    """
    draft = _locked_draft(draft)
    if problems := refusals(draft):
        raise ValidationError(problems)
    if SchemeVersion.objects.released().filter(code=draft.code, number__gt=draft.number).exists():
        draft.number = next_number(draft.code)  # the latest to be released is the latest version
    draft.status = SchemeVersion.Status.RELEASED
    draft.save()
    return draft


# Worked cases ---------------------------------------------------------------------------------


def latest_schemes() -> dict[str, Scheme]:
    """The newest released version of every scheme, by code."""
    return {version.code: version.scheme for version in SchemeVersion.objects.order_by("number").readable()}


def schemes_for(organization: Organization) -> dict[str, Scheme]:
    """By code the version of every scheme that counts for the organisation today; without one the latest."""
    counting = Adoption.objects.counting_at([organization], timezone.localdate()).get(organization, [])
    own = {one.version.code: one.version.scheme for one in counting if not one.version.faults}
    return latest_schemes() | own


@transaction.atomic
def import_cases(text: str, file: str, organization: Organization, *, actor: User) -> tuple[list[WorkedCase], int]:
    """The unit's cases of the file, and how many of them replaced one of the same name.

    Raises CaseFilesError with every fault; then nothing is stored.
    """
    cases, faults = [], []
    for found, document in split_documents(text, file, schemes_for(organization)):
        if not NAME.fullmatch(found.name):
            faults.append(Fault(file, found.line, f"算例「{found.name}」的{BAD_NAME}"))
        known = WorkedCase.objects.filter(code=found.scheme.code, organization=organization, name=found.name).first()
        case = known or WorkedCase(code=found.scheme.code, organization=organization, name=found.name)
        case.document, case.created_by = document, actor
        cases.append(case)
    if faults:
        raise CaseFilesError(faults)
    replaced = sum(case.pk is not None for case in cases)
    for case in cases:
        case.save()
    return cases, replaced
