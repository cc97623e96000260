"""Sentences for the lines of a sheet."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import Any

from scoring.engine.blocks import EntryRule, Rule
from scoring.engine.conditions import Compare, EntryCount
from scoring.engine.elements import Item
from scoring.engine.numbers import POINT, plain

REFUSED = {
    "reversed": "已冲正,不计入。",
    "outside_period": "日期在本期之后,不计入本期。",
    "not_for": "这一条不适用于本人的职务、层次或类别,不计分。",
    "replaced": "后来又评了一次,以最后一次为准,这一次不计。",
    "lower_award": "同一奖项按最高的一项计分,这一项不再计。",
    "simplified": "本项对本人简化,保持满分,这一条不计。",
}


def label(line: dict[str, Any], item: Item, rule: Rule | None) -> str:
    """What happened when: 3 月 5 日 主题党日; 2 月党费; 4 月 20 日 参加公益事业; 本项最高 10 分."""
    if rule is not None:
        return rule.label(line)
    if line["kind"] == "floor":
        return f"本项最低 {plain(item.floor)} 分"
    return f"本项最高 {plain(item.cap)} 分"


def effect_words(line: dict[str, Any], rule: Rule | None) -> str:
    """What it was, beside the label and the points; for a line that does not count, why not."""
    if rule is None:
        return "低于的部分不再扣" if line["kind"] == "floor" else "超出的部分不计"
    if line["kind"] == "not_counted":
        return _not_counted(line, rule)
    zeroed = "" if line["kind"] != "zeroing" else "本项不得分" if line["value"] else "本项不得分(前面已经扣完)"
    return ",".join(filter(None, (rule.text(line), zeroed)))


def _not_counted(line: dict[str, Any], rule: Rule) -> str:
    reason = line["reason"]
    if reason in REFUSED:
        return REFUSED[reason]
    if reason == "not_approved" and isinstance(rule, EntryRule):
        return f"还没有批准,批准后{rule.pending(line)}。"
    if reason == "noted":
        return f"平时记下 {plain(abs(line['worth'] or 0))} 分,供考评人参考,不直接计分。"
    return rule.excused(line)


def threshold_words(row: dict[str, Any], title: str, condition: Compare | EntryCount) -> str:
    """How far it is to what a condition leads to: a distance and a line, never what people will make of it."""
    if isinstance(condition, EntryCount):
        what = "、".join(condition.titles)
        return f"「{what}」已有 {row['value']} 条记录,满 {row['threshold']} 条就到「{title}」线。"
    figure = condition.figure
    if figure.falls_short:
        lost = f"已扣 {plain(row['value'])} 分," if row["value"] else ""
        return f"{lost}再扣 {plain(row['distance'])} 分就到「{title}」线(扣满 {plain(row['threshold'])} 分)。"
    if figure.scale != POINT:
        return f"{figure.title}现在有 {row['value']}{figure.unit},满 {row['threshold']}{figure.unit}就到「{title}」线。"
    value, threshold = f"{plain(row['value'])}{figure.unit}", f"{plain(row['threshold'])}{figure.unit}"
    return f"{figure.title}现在是 {value},低于 {threshold},就到「{title}」线。"


def cap_words(title: str, value: int, cap: int) -> str:
    """What is still to be had under a limit."""
    if value >= cap:
        return f"{title}已经到最高 {plain(cap)} 分,再多也不加。"
    return f"{title}最多 {plain(cap)} 分,现在有 {plain(value)} 分,还可以加 {plain(cap - value)} 分。"


def grade_words(row: dict[str, Any], title: str) -> str:
    distance, threshold = plain(abs(row["distance"])), plain(row["threshold"])
    if row["distance"] > 0:
        return f"再得 {distance} 分可达到{title}线({threshold} 分)。"
    if row["distance"] == 0:
        return f"正好在{title}线({threshold} 分)上。"
    return f"比{title}线({threshold} 分)高 {distance} 分。"


SAME = 3  # so many equal terms in a row are written as one: 5 × 19


def sum_words(terms: list[Decimal], total: Decimal) -> str:
    """20 − 3 − 4 = 13, as one would key it in; empty where there is nothing to add up."""
    if len(terms) < 2:
        return ""
    found = []
    for term, run in groupby(terms):
        times = len(list(run))
        found += [(term, f" × {times}")] if times >= SAME else [(term, "")] * times
    (first, times), *others = found
    rest = "".join(f" {'−' if term < 0 else '+'} {plain(abs(term))}{often}" for term, often in others)
    return f"{plain(first)}{times}{rest} = {plain(total)}"


def attendance_words(figures: dict[str, Any]) -> str:
    """应到 10 次,到会 9 次,参加率 90%"""
    if figures["required"] == 0:
        return "本期没有应到的活动"
    return f"应到 {figures['required']} 次,到会 {figures['attended']} 次,参加率 {plain(figures['rate'])}%"


def quarter_words(quarter: str) -> str:
    """2025Q1 as 第一季度"""
    return f"第{'一二三四'[int(quarter[-1]) - 1]}季度"


def reported_words(reported: list[str]) -> str:
    if not reported:
        return "本期没有汇报"
    return f"{'、'.join(quarter_words(quarter) for quarter in reported)}作了汇报"
