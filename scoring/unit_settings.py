"""What a unit may set under a scheme: in words, with what is allowed and the article and reading behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone

from members.models import Organization
from scoring.engine import Scheme, SettingsError, plain
from scoring.engine.articles import Article
from scoring.engine.marks import read_documents
from scoring.engine.settings import Setting, settings_problems
from scoring.models import Adoption

REFERENCES = ({"setting"}, {"minus"})  # what a definition writes where a setting's value goes


@dataclass(frozen=True)
class SettingRow:
    """A setting as a page shows it."""

    setting: Setting
    words: str
    default: str
    differs: bool
    article: Article | None
    reading: str | None


def setting_rows(scheme: Scheme, values: Mapping[str, Any]) -> list[SettingRow]:
    """Every setting of the scheme with the unit's value, in the order of the definition."""
    bases = bases_of(scheme)
    rows = []
    for code, setting in scheme.settings.items():
        article, reading = bases.get(code, (None, None))
        default = default_of(scheme, setting)
        value = values.get(code, default)
        rows.append(
            SettingRow(
                setting,
                in_words(scheme, setting, value),
                in_words(scheme, setting, default),
                value != default,
                scheme.articles.get(article),
                scheme.readings.get(reading),
            )
        )
    return rows


def differing(scheme: Scheme, values: Mapping[str, Any]) -> list[SettingRow]:
    """The settings in which the unit differs from the scheme's own values."""
    return [row for row in setting_rows(scheme, values) if row.differs] if values else []


def settings_of(organization: Organization, code: str) -> dict[str, Any]:
    """The values that the organisation, or the one above it, has set under a scheme in force today."""
    today = timezone.localdate()
    adoption = Adoption.objects.under_scheme([organization], code, today).get(organization)
    return dict(adoption.settings) if adoption else {}


def default_of(scheme: Scheme, setting: Setting) -> Any:
    """The scheme's own value, as a unit's would be stored."""
    if setting.kind == "number":
        return stored_number(setting.default)
    if setting.kind == "bands":
        return [{"grade": grade.code, "at_least": stored_number(grade.at_least)} for grade in scheme.bands]
    return {}


def stored_number(value: Decimal | str | None) -> Any:
    """A number as settings keep it: 10, or "12.5" to stay exact. What is none is given back for the engine to refuse."""
    if value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number) >= 10**9:
        return value
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def in_words(scheme: Scheme, setting: Setting, value: Any) -> str:
    """优秀 90 分及以上、其余不合格"""
    if setting.kind == "number":
        return plain(Decimal(str(value)))
    if setting.kind == "bands":
        titles = {grade.code: grade.title for grade in scheme.grades}
        return "、".join(band_words(titles, band) for band in value) or "没有设定,不评等次"
    titles = {item.code: item.title for item in scheme.items}
    groups = {code: people.title for code, people in scheme.people.items()}
    return ";".join(
        f"{groups.get(group, group)}:{'、'.join(titles.get(item, item) for item in items)}"
        for group, items in value.items()
        if items
    ) or "没有"  # fmt: skip


def band_words(titles: Mapping[str, str], band: Mapping[str, Any]) -> str:
    title, limit = titles.get(band["grade"], band["grade"]), band.get("at_least")
    return f"其余{title}" if limit is None else f"{title} {plain(Decimal(str(limit)))} 分及以上"


def bases_of(scheme: Scheme) -> dict[str, tuple[str | None, str | None]]:
    """Article and reading of every setting: those of the nearest rule in the definition that takes its value.

    Grade bands are taken by the definition as a whole; theirs are those of its first grade.
    """
    _, data = next(read_documents(scheme.sources[0]))
    found: dict[str, tuple[str | None, str | None]] = {}
    for code, article, reading in _uses(data, None, None):
        if code not in found or found[code][0] is None:
            found[code] = article, reading
    first = scheme.grades[0]
    return {code: basis if basis[0] else (first.article, first.reading) for code, basis in found.items()}


def _uses(data: Any, article: str | None, reading: str | None) -> Iterator[tuple[str, str | None, str | None]]:
    if isinstance(data, dict):
        if set(data) in REFERENCES:
            yield str(next(iter(data.values()))), article, reading
            return
        article, reading = data.get("article", article), data.get("reading", reading)
        for value in data.values():
            yield from _uses(value, article and str(article), reading)
    elif isinstance(data, list):
        for value in data:
            yield from _uses(value, article, reading)


def refused(scheme: Scheme, values: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """Setting (None: several together) and sentence of everything that the scheme refuses in `values`."""
    problems: list[tuple[str | None, str]] = list(settings_problems(scheme.settings, values))
    for code, value in values.items():
        setting = scheme.settings.get(code)
        if setting and setting.kind == "bands" and code not in dict(problems) and (gap := gap_in(scheme, value)):
            problems.append((code, gap))
    if not problems:
        try:
            scheme.configured(values)
        except SettingsError as error:
            problems += [(None, sentence) for sentence in error.problems]
    return problems


def gap_in(scheme: Scheme, bands: list[dict[str, Any]]) -> str | None:
    """A sentence where totals are left without a grade: those below the last band."""
    limit = bands[-1].get("at_least")
    if limit is None:
        return None
    left = [grade.title for grade in scheme.grades if grade.code not in {band["grade"] for band in bands}]
    last = f"在最后加上「{left[-1]}」" if left else "把最后一等"
    return f"等次有空档:低于 {plain(Decimal(str(limit)))} 分没有等次。请{last},起点分留空。"
