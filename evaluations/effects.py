"""What an entry would do to its member's sheet: the engine is asked twice, without the entry and with it."""

import dataclasses
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from django.core.exceptions import ValidationError

from evaluations.facts import gather
from members.models import Member
from scoring.engine import Facts, MemberSheet, Period, explain, score
from scoring.engine.membersheet import LineSheet
from scoring.models import Entry
from scoring.services import adoption_for, branch_on


@dataclass(frozen=True)
class Effect:
    """The member's sheets before and after, and what the entry's own line says; None where it makes none."""

    member: Member
    period: Period
    before: MemberSheet
    after: MemberSheet
    line: LineSheet | None
    sign: str  # of the clause: merit | fault | record | direct

    @property
    def headline(self) -> str:
        """+5 分 / 不加分 / 定为不合格: what it comes to in its item, limits included."""
        if self.sign == "direct" and self.after.verdict and self.after.verdict != self.before.verdict:
            return f"定为「{self.after.grade_title}」"
        if self.line is None:
            return "只作记录,不计分"
        if self.line.reason:
            return "不计分"
        change = self._item_change
        if change:
            return f"{_signed(change)} 分"
        return "不再加分" if self.line.value > 0 else "不再扣分"

    @property
    def reasons(self) -> list[str]:
        """Why it comes to something else than the clause names: limits reached, or why it does not count."""
        if self.line is None:
            return []
        if self.line.reason:
            return [self.line.text]
        found = []
        if self._item_change != self.line.value:
            found.append(f"按条款是 {self.line.effect or 0} 分。" + self._limit_words("这一项", self._item_change))
        part_change = self._part_change
        if part_change is not None and abs(part_change) < abs(self._item_change):
            title = next(part.title for part in self.after.parts if part.code == self._item.part)
            found.append(self._limit_words(f"「{title}」", part_change))
        return found

    @property
    def total_words(self) -> str:
        """总分由 88.40 到 91.40; or why there is none yet."""
        if self.after.total is None:
            return (
                "资料还不全,现在算不出总分。"
                if self.after.status == "incomplete"
                else f"{self.after.status_title},不计分。"
            )
        if self.before.total == self.after.total:
            return f"总分不变,{self.after.total:.2f} 分。"
        words = f"总分由 {self.before.total:.2f} 到 {self.after.total:.2f} 分"
        if self.before.grade_title != self.after.grade_title:
            words += f",等次由{self.before.grade_title or '未定'}到{self.after.grade_title or '未定'}"
        return words + "。"

    @property
    def _item(self):
        return next(item for item in self.after.items if item.code == self.line.item)

    @property
    def _item_change(self) -> Decimal:
        earlier = {item.code: item.value for item in self.before.items}
        return _less(self._item.value, earlier.get(self.line.item))

    @property
    def _part_change(self) -> Decimal | None:
        values = [
            next((part.value for part in sheet.parts if part.code == self._item.part), None)
            for sheet in (self.before, self.after)
        ]
        return None if None in values else values[1] - values[0]

    def _limit_words(self, what: str, change: Decimal) -> str:
        way, limit = ("加", "上限") if self.line.value > 0 else ("扣", "下限")
        if not change:
            return f"{what}已到{limit},不再{way}。"
        return f"{what}到{limit}为止,只{way} {abs(change).normalize():f} 分。"


def effect_of(entry: Entry) -> Effect:
    """What a checked entry, stored or not, would do if it were approved.

    The other entries that still wait are left out on both sides. Raises ValidationError where the member is in no
    branch or scheme on the entry's day.
    """
    adoption = adoption_for(entry.member, entry.date, entry.version)
    scheme = adoption.scheme
    period = Period.containing(entry.date, scheme.cycle)
    branch = branch_on(entry.member, period.ends_on)  # which scores the whole period, after a transfer too
    facts = gather([branch] if branch else [], period, scheme, member_id=entry.member_id, position=adoption.position)
    if entry.member_id not in facts.members["member"]:
        raise ValidationError(f"{entry.member}在{period.title}末不在《{scheme.title}》的考核范围内,这一条不会计分。")
    ref = (facts.entries["ref"].max() or 0) + 1
    before, after = (
        explain(scheme, score(scheme, known, period), entry.member_id) for known in (facts, _with(facts, entry, ref))
    )
    lines = [line for item in after.items for line in item.lines] + list(after.not_counted)
    line = next((line for line in lines if line.code and line.ref == ref), None)
    return Effect(entry.member, period, before, after, line, entry.rule.sign)


def _with(facts: Facts, entry: Entry, ref: int) -> Facts:
    """The facts with one more entry, approved."""
    row = {
        "member": entry.member_id,
        "ref": ref,
        "item": entry.item,
        "date": entry.date,
        "quantity": entry.quantity,
        "level": entry.level,
        "points": None if entry.points is None else int(entry.points * 1_000_000),
        "amount": None if entry.amount_yuan is None else int(entry.amount_yuan * 100),
        "half": entry.half or None,
        "award": entry.award or None,
        "approved": True,
        "reversed": False,
    }
    return dataclasses.replace(
        facts, entries=pl.concat([facts.entries, pl.DataFrame([row], schema=Facts.SCHEMAS["entries"])])
    )


def _less(value: Decimal | None, earlier: Decimal | None) -> Decimal:
    return (value or Decimal(0)) - (earlier or Decimal(0))


def _signed(value: Decimal) -> str:
    return f"{'+' if value > 0 else '−'}{abs(value).normalize():f}"
