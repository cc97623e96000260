"""Everyday life: activities with their attendance, dues with their payments, visits and reports."""

import datetime
from collections import Counter
from collections.abc import Iterator
from random import Random

from django.db.models import DateTimeField, F
from django.db.models.functions import Cast
from django.utils import timezone

from members.dates import last_of, months_between, quarter_days, quarters_of
from members.models import (
    Activity,
    ActivityKind,
    Attendance,
    AttendanceStatus,
    DuesBase,
    DuesMonth,
    DuesPayment,
    DuesReceipt,
    MemberStatus,
    MigrantReport,
    Minutes,
    VisitMonth,
)
from reports.demo.merits import moment
from reports.demo.people import COMMITTEE, Branch, Person

KIND, STATUS = ActivityKind, AttendanceStatus
TOPICS = (
    "学习党章党规", "走访困难党员", "学雷锋志愿服务", "清明祭扫先烈", "劳动者风采交流", "重温入党誓词",
    "庆七一座谈", "防汛知识宣传", "助学帮扶", "敬老爱老", "反诈宣传进楼院", "年终总结谈心",
)  # fmt: skip
MINUTES = (
    "主持人:{chair}\n记录人:{clerk}\n议题:{month} 月组织生活的安排;上月考勤和党费\n"
    "讨论和决定:\n1. 主题党日照计划办,提前三天通知到人。\n2. 没有缴清党费的,由组织委员上门了解。"
)
# How often, in percent, each habit leads to what; the rest of the hundred is present.
HABITS: dict[str, dict[str, float]] = {
    "steady": {STATUS.PERSONAL_LEAVE: 9, STATUS.LATE: 2, STATUS.SICK_LEAVE: 1},
    "usual": {STATUS.PERSONAL_LEAVE: 12, STATUS.LATE: 4, STATUS.SICK_LEAVE: 2, STATUS.LEFT_EARLY: 1},
    "busy": {STATUS.PERSONAL_LEAVE: 15, STATUS.LATE: 4, STATUS.OFFICIAL_LEAVE: 5, STATUS.ABSENT: 1, STATUS.PROXY: 0.5},
    "frail": {STATUS.SICK_LEAVE: 55, STATUS.PERSONAL_LEAVE: 3},
    "tardy": {STATUS.LATE: 42, STATUS.LEFT_EARLY: 8, STATUS.PERSONAL_LEAVE: 4},
    "rare": {STATUS.ABSENT: 62, STATUS.PERSONAL_LEAVE: 12},
    "never": {STATUS.ABSENT: 100},
}
CONTACTS = 0.4  # the share of members at home who keep contact with households
REPORTING = 0.85  # how often somebody who is away reports for a quarter
LATEST_PAY_DAY = 14  # of the running month; who pays later has not paid yet
NOT_EXPECTED = ("migrant", "exempt", "abroad")
# What the member whose account is shown did, by kind and number of the activity of that kind in a half-year.
SCRIPT = {
    (KIND.THEME_DAY, 2): STATUS.LATE,
    (KIND.STUDY, 1): STATUS.PERSONAL_LEAVE,
    (KIND.THEME_DAY, 4): STATUS.SICK_LEAVE,
}


def workday(month: datetime.date, day: int) -> datetime.date:
    """That day of the month; the Friday before it where it is a weekend's."""
    date = month.replace(day=day)
    return date - datetime.timedelta(max(0, date.weekday() - 4)) if date.day > 2 else date


class Life:
    """The facts of some months. `today` is the last day on which anything has happened.

    arrears_since: from which month on people of a habit pay nothing.
    """

    def __init__(self, rng: Random, today: datetime.date, arrears_since: dict[str, datetime.date]):
        self.rng, self.today, self.arrears_since = rng, today, arrears_since
        self.households = Random(today.toordinal())  # noqa: S311  no secret comes from it

    # Activities ---------------------------------------------------------------------------------
    def hold_activities(self, branches: list[Branch], first: datetime.date, last: datetime.date, *, missing: bool):
        """Activities of these months and who attended them.

        missing: attendance of the branches' latest activities is not taken yet, or only in part.
        """
        programmes = [
            sorted(self._held_by(branch, number, first, last), key=lambda activity: activity.date)
            for number, branch in enumerate(branches)
        ]
        Activity.objects.bulk_create(activity for programme in programmes for activity in programme)
        rows: list[Attendance] = []
        for number, (branch, programme) in enumerate(zip(branches, programmes, strict=True)):
            past = [activity for activity in programme if activity.date <= self.today]
            latest = {activity.organization_id: activity for activity in past}
            seen: Counter = Counter()
            for activity in past:
                seen[activity.organization_id, activity.kind] += 1
                sheet = list(self._sheet(branch, activity, seen[activity.organization_id, activity.kind]))
                if missing and activity is latest[activity.organization_id]:
                    sheet = self._unfinished(branch, number, activity, sheet)
                rows += sheet
        Attendance.objects.bulk_create(rows, batch_size=2000)
        held = {(activity.date, activity.starts_at) for programme in programmes for activity in programme}
        for day, starts_at in held:
            at = min(moment(day, starts_at.hour + 2, starts_at.minute), timezone.now())
            found = Attendance.objects.filter(activity__date=day, activity__starts_at=starts_at)
            found.update(recorded_at=at)
        self._write_minutes(branches[0])

    def _write_minutes(self, branch: Branch) -> None:
        """Of the committee's meetings of a branch, those that have none yet."""
        meetings = Activity.objects.filter(organization=branch.organization, kind=KIND.COMMITTEE_MEETING, minutes=None)
        names = {"chair": branch.people[0].member.name, "clerk": branch.people[2].member.name}
        Minutes.objects.bulk_create(
            Minutes(
                activity=meeting,
                text=MINUTES.format(**names, month=meeting.date.month),
                written_by=branch.secretary,
                written_at=moment(meeting.date, 18),
            )
            for meeting in meetings.filter(date__lt=self.today)
        )

    def _held_by(self, branch: Branch, number: int, first: datetime.date, last: datetime.date) -> list[Activity]:
        months = months_between(first, last)
        activities = [activity for month in months for activity in self._programme(branch, number, month)]
        return [activity for activity in activities if first <= activity.date <= last]

    def _programme(self, branch: Branch, number: int, month: datetime.date) -> Iterator[Activity]:
        """What a branch holds in a month: the theme day, and by the calendar meetings, lectures, studies, labour."""
        m, quarter = month.month, "一二三四"[(month.month - 1) // 3]

        def on(day: int, kind: str, title: str, at: str, organization=None) -> Activity:
            return Activity(
                organization=organization or branch.organization,
                kind=kind,
                title=title,
                date=workday(month, day + number % 4),
                starts_at=datetime.time.fromisoformat(at),
                place="社区广场" if kind == KIND.LABOUR else "社区党群服务中心",
                created_by=branch.secretary,
            )

        yield on(3, KIND.COMMITTEE_MEETING, f"{m} 月支委会", "16:00")
        yield on(8, KIND.THEME_DAY, f"{m} 月主题党日:{TOPICS[m - 1]}", "14:30")
        if m % 2:
            yield on(18, KIND.STUDY, f"{m} 月集中学习", "19:00")
            for group in branch.groups:
                yield on(13, KIND.GROUP_MEETING, f"{m} 月党小组会", "15:00", group)
        if m % 3 == 2:
            yield on(23, KIND.PARTY_LECTURE, f"第{quarter}季度党课", "15:00")
        if m % 3 == 0:
            yield on(25, KIND.BRANCH_MEETING, f"第{quarter}季度党员大会", "15:00")
        if m in (4, 10):
            yield on(21, KIND.LABOUR, "楼院环境整治义务劳动", "09:00")
        if m % 6 == 0:
            yield on(21, KIND.ORG_LIFE_MEETING, "半年民主评议会", "14:30")
        if m == 1:
            yield on(22, KIND.ORG_LIFE_MEETING, "年度组织生活会", "09:00")

    def _sheet(self, branch: Branch, activity: Activity, ordinal: int) -> Iterator[Attendance]:
        """A row for everybody who belonged to the activity's organisation on its day."""
        for slot, person in enumerate(branch.people):
            place = person.place_on(activity.date)
            if not place.path.startswith(activity.organization.path):
                continue
            yield Attendance(
                activity=activity,
                member=person.member,
                status=self._status(person, slot, activity, ordinal),
                recorded_by=branch.secretary,
            )

    def _status(self, person: Person, slot: int, activity: Activity, ordinal: int) -> str:
        committee_only = activity.kind == KIND.COMMITTEE_MEETING and slot >= COMMITTEE
        full_only = activity.kind in (KIND.BRANCH_MEETING, KIND.ORG_LIFE_MEETING)
        activist = person.member.status == MemberStatus.ACTIVIST
        if person.attends in NOT_EXPECTED or committee_only or (full_only and activist):
            return STATUS.NOT_REQUIRED
        if person.attends == "scripted":
            return SCRIPT.get((activity.kind, ordinal), STATUS.PRESENT)
        odds = HABITS[person.attends]
        drawn = self.rng.random() * 100
        for status, percent in odds.items():
            drawn -= percent
            if drawn < 0:
                return status
        return STATUS.PRESENT

    @staticmethod
    def _unfinished(branch: Branch, number: int, activity: Activity, sheet: list[Attendance]) -> list[Attendance]:
        """The latest attendance: nothing yet in the first branch and its first group, a part in the next two."""
        if activity.organization in branch.groups:
            return [] if number == 0 and activity.organization == branch.groups[0] else sheet
        return sheet[: {0: 0, 1: len(sheet) // 2, 2: len(sheet) - 3}.get(number, len(sheet))]

    # Dues ---------------------------------------------------------------------------------------
    def decide_bases(self, branches: list[Branch]):
        """What dues go by; of those who are away nobody in the second branch has decided it yet."""
        DuesBase.objects.bulk_create(
            DuesBase(
                member=person.member,
                month=max(since, person.owes_since),
                kind=kind,
                pay=f"{pay:.2f}" if pay else "",
                recorded_by=branch.secretary,
            )
            for number, branch in enumerate(branches)
            for person in branch.people
            if person.pays != "nothing" and not (number == 1 and person.attends == "migrant")
            for since, kind, pay in person.bases
        )
        DuesBase.objects.update(recorded_at=Cast(F("month"), DateTimeField()))

    def collect_dues(self, branches: list[Branch], first: datetime.date, last: datetime.date):
        """What everybody owes for these months, and what was paid of it by today."""
        months: list[DuesMonth] = []
        payments: list[DuesPayment] = []
        for branch in branches:
            for person in branch.people:
                if person.pays == "nothing":
                    continue
                for number, month in enumerate(months_between(first, last)):
                    if month < person.owes_since:
                        continue
                    excused = person.pays == "excused" and number in (1, 2)
                    owed = DuesMonth(
                        member=person.member,
                        month=month,
                        due_yuan=person.due_yuan(month),
                        excused=excused,
                        excuse="住院治疗" if excused else "",
                        excused_by="支部大会" if excused else "",
                        recorded_by=branch.secretary,
                    )
                    months.append(owed)
                    if not excused:
                        payments += self._payments(person, owed, number, branch)
        DuesMonth.objects.bulk_create(months, batch_size=2000)
        payments = [payment for payment in payments if payment.paid_on <= self.today]
        DuesPayment.objects.bulk_create(payments, batch_size=2000)
        mine = DuesMonth.objects.filter(month__range=(first, last))
        mine.update(recorded_at=Cast(F("month"), DateTimeField()))
        DuesPayment.objects.filter(dues_month__in=mine).update(recorded_at=Cast(F("paid_on"), DateTimeField()))

    def give_receipts(self, branches: list[Branch], first: datetime.date):
        """Receipts for what was paid since a day: what a branch's secretary took in within a third of a month is one."""
        for branch in branches:
            lots: dict[tuple[datetime.date, int], list[DuesPayment]] = {}
            paid = DuesPayment.objects.filter(
                dues_month__member__in=[person.member for person in branch.people], paid_on__gte=first
            )
            for payment in paid.order_by("paid_on", "pk"):
                third = min((payment.paid_on.day - 1) // 10, 2)
                lots.setdefault((payment.paid_on.replace(day=1), third), []).append(payment)
            for lot in lots.values():
                receipt = DuesReceipt.objects.create(organization=branch.organization, recorded_by=branch.secretary)
                DuesReceipt.objects.filter(pk=receipt.pk).update(recorded_at=moment(lot[-1].paid_on, 16))
                DuesPayment.objects.filter(pk__in=[payment.pk for payment in lot]).update(receipt=receipt)

    def _payments(self, person: Person, owed: DuesMonth, number: int, branch: Branch) -> Iterator[DuesPayment]:
        """Payments towards a month, the `number`th of its half-year (from 0), by the person's habit."""

        def paid(on: datetime.date, share: int = 1) -> DuesPayment:
            return DuesPayment(
                dues_month=owed, amount_yuan=owed.due_yuan / share, paid_on=on, recorded_by=branch.secretary
            )

        month, last = owed.month, last_of(owed.month)
        if month == self.today.replace(day=1) and person.pay_day > LATEST_PAY_DAY:
            return  # still to come
        on_time = month + datetime.timedelta(person.pay_day - 1 + self.rng.randint(0, 5))
        match person.pays:
            case "quarterly":  # in advance, in the quarter's first month
                start = month.replace(month=(month.month - 1) // 3 * 3 + 1)
                yield paid(start + datetime.timedelta(person.pay_day))
            case "forgetful":
                late = self.rng.choices((0, 1, 40), (74, 23, 3))[0]
                yield paid(last + datetime.timedelta(late + self.rng.randint(0, 15)) if late else on_time)
            case "arrears" | "arrears_now":
                if month < self.arrears_since[person.pays]:
                    yield paid(on_time)
            case "part_paid":
                yield paid(on_time, share=2)
                if number % 6 != 4:  # one month the second half is never brought
                    yield paid(on_time + datetime.timedelta(4), share=2)
            case "scripted":  # once in a half-year a fortnight late
                yield paid(last + datetime.timedelta(13) if number % 6 == 1 else on_time)
            case _:
                yield paid(on_time)

    # Visits and reports -------------------------------------------------------------------------
    def visit_households(self, branches: list[Branch], first: datetime.date, last: datetime.date):
        """Households that some members at home keep contact with, and how many of them were visited in these months."""
        rng = self.households
        at_home = [person for branch in branches for person in branch.people if person.attends not in NOT_EXPECTED]
        visitors = [(person, rng.randint(2, 5)) for person in at_home if rng.random() < CONTACTS]
        VisitMonth.objects.bulk_create(
            VisitMonth(
                member=person.member,
                month=month,
                assigned=assigned,
                visited=assigned - rng.choices((0, 1, 2), (85, 12, 3))[0],
            )
            for month in months_between(first, last)
            for person, assigned in visitors
        )

    def report_from_away(self, branches: list[Branch], year: int):
        """On which day those who are away reported for each quarter of a year, as far as they did by today."""
        away = [person for branch in branches for person in branch.people if person.attends == "migrant"]
        reports = [
            MigrantReport(
                member=person.member,
                quarter=quarter,
                reported_on=quarter_days(quarter)[0] + datetime.timedelta(self.households.randrange(60, 90)),
            )
            for quarter in quarters_of(year)
            for person in away
            if self.households.random() < REPORTING
        ]
        MigrantReport.objects.bulk_create(report for report in reports if report.reported_on <= self.today)
