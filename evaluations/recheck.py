"""Closed rounds computed again from what is on record, and compared with what was stored, byte for byte."""

import json
from collections import defaultdict
from collections.abc import Iterator

from django.utils import timezone

from evaluations.digests import digest_of
from evaluations.models import Result, Round, RoundBranch
from evaluations.rollup import SHEET_FIELDS, Terms, row_digest
from members.models import Member
from scoring.engine import ENGINE_VERSION, FactsError, Period, Scheme, SchemeError, SettingsError

TITLES = {
    "status": "状态",
    "total": "总分",
    "grade": "等次",
    "rank": "名次",
    "missing": "缺少的资料",
    "lists": "榜单",
    "consequences": "建议",
    "grounds": "依据",
    "alerts": "预警",
}


def recheck(round_: Round) -> list[str]:
    """What a closed round gives otherwise than it was stored, a sentence each; empty when every byte is the same.

    It is computed with the version, settings and position stored with each branch, on the facts of the closed
    period; nothing is written.
    """
    parts = list(RoundBranch.objects.filter(round=round_).select_related("organization", "version"))
    try:
        rows = _computed(round_, parts)
    except (SchemeError, SettingsError, FactsError) as error:
        return [f"不能重算:{error}"]
    found = [*_differences(round_, rows), *_broken_digests(round_, parts, rows)]
    if found and round_.engine_version != ENGINE_VERSION:
        found.append(f"办结时的计算引擎是第 {round_.engine_version} 版,现在是第 {ENGINE_VERSION} 版。")
    return found


def _computed(round_: Round, parts: list[RoundBranch]) -> dict[int, dict]:
    """The rows that the round's facts give, by member, each with `scheme`."""
    period, as_of = Period.parse(round_.period), timezone.localdate(round_.requested_at)
    groups = defaultdict(list)
    for part in parts:
        if part.version:
            groups[Terms.of_settings(part.version, part.settings, part.position)].append(part.organization)
    rows = {}
    for terms, branches in groups.items():
        scheme = terms.version.scheme.configured(json.loads(terms.settings))
        for row in terms.score(branches, period, as_of, closed=round_):
            rows[row["member"]] = {"scheme": scheme, **row}
    return rows


def _differences(round_: Round, rows: dict[int, dict]) -> Iterator[str]:
    """A sentence for every member whose result is another, missing or new."""
    stored = {
        result.member_id: result
        for result in Result.objects.filter(round=round_)
        .select_related("member", "branch__organization", "branch__version")
        .order_by("branch__organization__path", "member__number")
    }
    for pk, result in stored.items():
        words = _words(result, rows[pk]) if pk in rows else "办结时有结果,按现在的记录不在这次考核里"
        if words:
            yield f"{result.member}({result.branch.organization}):{words}"
    for member in Member.objects.filter(pk__in=rows.keys() - stored.keys()):
        yield f"{member}:办结时没有结果,按现在的记录应有"


def _words(result: Result, row: dict) -> str:
    """总分 92.40 → 91.20;参加组织活动 16.00 → 14.00. Empty where nothing differs."""
    scheme = row["scheme"]
    was, now = _figures(_stored_row(result)), _figures(row)
    words = [
        f"{_title(scheme, name)} {_said(was.get(name))} → {_said(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]
    if result.branch.organization_id != row["organization"]:
        words.append("所在支部不同")
    if not words and result.digest != row_digest(_engine_row(row)):
        words.append("校验码不符")
    return ";".join(words)


def _engine_row(row: dict) -> dict:
    return {key: value for key, value in row.items() if key != "scheme"}


def _stored_row(result: Result) -> dict:
    """The stored result in the form of the engine's row; the boards from their columns."""
    on = {"honor": result.on_honor_board, "warning": result.on_warning_board}
    return {
        **{field: result.sheet[field] for field in SHEET_FIELDS},
        "lists": [code for code, shown in on.items() if shown],
        "status": result.status,
        "total": None if result.total is None else str(result.total),
        "grade": result.grade,
        "rank": result.rank,
    }


def _figures(row: dict) -> dict[str, object]:
    """Everything that is compared, by name: the items and parts each for itself."""
    named = {name: row[name] for name in TITLES}
    return named | {f"{kind}.{code}": value for kind in ("parts", "items") for code, value in row[kind].items()}


def _title(scheme: Scheme, name: str) -> str:
    kind, _, code = name.partition(".")
    titles = {one.code: one.title for one in (scheme.parts if kind == "parts" else scheme.items)}
    return TITLES.get(name) or titles.get(code, code)


def _said(value: object) -> str:
    if isinstance(value, list):
        return "、".join(value) or "无"
    return "无" if value is None else str(value)


def _broken_digests(round_: Round, parts: list[RoundBranch], rows: dict[int, dict]) -> Iterator[str]:
    """A sentence for every digest of a branch, or of the round, that its members' results do not give."""
    by_branch = defaultdict(list)
    for pk, row in rows.items():
        by_branch[row["organization"]].append((pk, row_digest(_engine_row(row))))
    computed = {part.organization_id: digest_of(sorted(by_branch[part.organization_id])) for part in parts}
    for part in parts:
        if part.version and part.digest != computed[part.organization_id]:
            yield f"{part.organization}的校验码不符。"
    in_order = sorted(parts, key=lambda part: part.organization.path)
    if round_.digest != digest_of([(part.organization_id, computed[part.organization_id]) for part in in_order]):
        yield "整次考核的校验码不符。"
