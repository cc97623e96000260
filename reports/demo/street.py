"""The demo: two streets with a finished half-year, closed, and the running one."""

import datetime
from random import Random

from django.db import transaction

from evaluations import rollup, services
from evaluations.models import Round, RoundBranch, Step
from members.dates import first_of
from members.models import Organization, User
from reports.demo.accounts import ACCOUNTS, open_accounts
from reports.demo.appeals import answer_claim, leave_objection, publish_year
from reports.demo.appraisals import Appraisals
from reports.demo.assessing import assess_some
from reports.demo.course import COURSE_DAYS, Course
from reports.demo.declaring import ask_some_back, attach_pictures, leave_drafts
from reports.demo.leave import ask_for_leave
from reports.demo.life import Life
from reports.demo.measures import handle_measures
from reports.demo.merits import FINISHED, RUNNING, Merits, moment
from reports.demo.months import hang_up_quarter, review_months
from reports.demo.people import OTHER_STREET, STREET, Population
from reports.demo.votes import Votes
from scoring.engine import Period
from scoring.models import Adoption, Entry
from scoring.services import install_schemes

SCHEME = "community-half-year"
OTHER_SCHEME = "street-annual"  # of the other street and of the office branch: counts households visited
DISCIPLINE_SCHEME = "village-inspector"  # of those in charge of discipline, beside their branch's
HALVES_BEFORE = 3  # with attendance and dues only, for what looks back
VISITING = 2  # branches of the street that note the households they keep contact with
RECEIPTED = 2  # branches whose dues of these weeks have receipts
CLAIM = "获评楼院文明家庭"  # a merit that the street refused
AHEAD = datetime.timedelta(21)  # activities are announced so long before


class OccupiedError(Exception):
    """The database holds organisations that are not the demo's."""


def is_loaded() -> bool:
    """True if the demo is in the database already. Raises OccupiedError if something else is."""
    tops = set(Organization.objects.filter(depth=1).values_list("name", flat=True))
    names = [name for name, _, _ in ACCOUNTS]
    present = User.objects.filter(username__in=names).count()
    if {STREET, OTHER_STREET} <= tops and present == len(names):
        return True
    if tops or present:
        raise OccupiedError
    return False


@transaction.atomic
def load_demo(today: datetime.date, seed: int) -> None:
    """Fill an empty database; the same for the same day and seed.

    Facts are written in bulk and without the change history that the services keep. Everything else is as the
    services would have left it.
    """
    Demo(today, seed).load()


class Demo:
    def __init__(self, today: datetime.date, seed: int):
        self.today = today
        self.rng = Random(seed)  # noqa: S311  no secret comes from it
        self.running = Period.containing(today)
        self.finished = self.running.previous
        self.town = Population(self.rng, today, self.finished.ends_on)

    def load(self) -> None:
        self.town.build()
        open_accounts(self.town)
        versions = {version.code: version for version in install_schemes()}
        self.version = versions[SCHEME]
        Adoption.objects.bulk_create(
            Adoption(organization=street, version=versions[code], starts_on=datetime.date(self.today.year - 2, 1, 1))
            for street, code in (
                (self.town.street, SCHEME),
                (self.town.other_street, OTHER_SCHEME),
                (self.town.office.organization, OTHER_SCHEME),
            )
        )
        self.life = Life(
            self.rng,
            self.today,
            {"arrears": self.finished.starts_on, "arrears_now": self.finished.months[3]},
        )
        clerks = self.town.users["zhenggong"], self.town.users["zhenggong2"]
        self.appraisals = Appraisals(self.rng, self.version.scheme, clerks)
        self.merits = Merits(self.rng, self.town, self.version, self.today)
        earlier = [self.finished]
        for _ in range(HALVES_BEFORE):
            earlier.insert(0, earlier[0].previous)
        self.life.decide_bases(self.town.everywhere)
        for period in earlier:
            self.life.hold_activities(self.town.everywhere, period.starts_on, period.ends_on, missing=False)
            self.life.collect_dues(self.town.everywhere, period.starts_on, period.ends_on)
        visiting = [self.town.other, self.town.office, *self.town.branches[:VISITING]]
        self.life.visit_households(visiting, self.finished.starts_on, first_of(self.today, -1))
        for year in (self.today.year - 1, self.today.year):
            self.life.report_from_away(self.town.everywhere, year)
        self.votes = Votes(self.rng, self.town, self.today)
        self.votes.exempt()
        self._finish()
        self._run()
        self.votes.condemn()
        self.votes.hold_recent(max(self.running.starts_on, self.today - datetime.timedelta(12)))
        self.votes.save()
        year = Period(self.today.year - 1)
        annual = Appraisals(self.rng, versions[OTHER_SCHEME].scheme, self.appraisals.clerks)
        annual.close([self.town.other, self.town.office], year, year.ends_on - datetime.timedelta(4))
        leave_objection(self.town, versions[OTHER_SCHEME], self.today)
        office, staff = self.town.office, self.town.users["zhenggong"]
        publish_year(office, office.organization, versions[OTHER_SCHEME], self.today, staff)
        assess_some(self.town, versions[DISCIPLINE_SCHEME], self.rng, self.today)
        review_months(self.town, self.today)
        hang_up_quarter(self.town, self.today)
        handle_measures(self.town, Round.objects.get(period=self.finished.code), self.today)

    def _finish(self) -> None:
        """The finished half-year: entries, ballots, results, closed."""
        period, merits = self.finished, self.merits
        merits.draw_usual(period.starts_on, period.ends_on, share=1.0)
        merits.play_parts(FINISHED, period.starts_on, period.ends_on)
        self._refuse_members_claim(period.months[3] + datetime.timedelta(9))
        merits.save()
        self.appraisals.close(self.town.branches, period, period.ends_on - datetime.timedelta(4))
        closing = min(period.ends_on + datetime.timedelta(11), self.today - datetime.timedelta(1))
        computing = max(period.ends_on, closing - COURSE_DAYS)
        round_ = self._compute(period, period.ends_on, moment(computing, 9))
        Course(round_, self.town, closing).close()
        self._answer_appeal(round_)

    def _run(self) -> None:
        """The running half-year up to today: some things are still to be done."""
        period, merits, today = self.running, self.merits, self.today
        self.life.hold_activities(self.town.everywhere, period.starts_on, today + AHEAD, missing=True)
        self.life.collect_dues(self.town.everywhere, period.starts_on, today)
        self.life.give_receipts(self.town.branches[:RECEIPTED], max(period.starts_on, first_of(today, -1)))
        ask_for_leave(self.town, today)
        share = (today - period.starts_on).days / (period.ends_on - period.starts_on).days
        merits.draw_usual(period.starts_on, today, share)
        merits.play_parts(RUNNING, period.starts_on, today)
        self._leave_waiting()
        merits.save()
        attach_pictures()
        ask_some_back(self.town, today)
        leave_drafts(self.town, self.version, today)
        self._appraise(period)
        self._compute(period, today - datetime.timedelta(1), moment(today, 0))

    def _appraise(self, period: Period) -> None:
        """Of the running half-year some appraisals are over, two are open, one is set up; two branches have none yet."""
        branches, today = self.town.branches, self.today
        self.appraisals.close([branches[0], branches[2], branches[4]], period, today - datetime.timedelta(2))
        self.appraisals.open(branches[1], period, today - datetime.timedelta(1), online=0, paper=0)
        self.appraisals.open(branches[3], period, today - datetime.timedelta(2), online=3, paper=1)
        self.appraisals.prepare(branches[5], period, today + datetime.timedelta(1))

    def _compute(self, period: Period, opened: datetime.date, asked: datetime.datetime) -> Round:
        """The street's round with its results as of a moment. What is queued on commit finds nothing left to do."""
        round_ = Round.objects.create(organization=self.town.street, period=period.code, scheme=self.version.code)
        staff, done = self.town.users["zhenggong"], asked + datetime.timedelta(minutes=1)
        services.request_computation(round_, actor=staff)
        mine = Round.objects.filter(pk=round_.pk)
        branches = RoundBranch.objects.filter(round=round_)
        mine.update(opened_at=moment(opened, 7), requested_at=asked, computed_at=done)
        rollup.compute_branches(round_.pk, list(branches.values_list("pk", flat=True)))
        mine.update(computed_at=done)
        branches.update(done_at=done)
        round_ = mine.get()
        course = Course(round_, self.town, self.today)
        course.note(Step.OPEN, None, moment(opened, 7))
        course.note(Step.COMPUTE, staff, done)
        return round_

    def _answer_appeal(self, round_: Round) -> None:
        """The member appealed against the merit that was refused; somebody else looked into it."""
        claim = Entry.objects.get(member=self.town.cast["member"].member, note=CLAIM)
        round_.refresh_from_db()
        answer_claim(round_, claim, self.town.users["zhenggong2"], round_.published_at)

    # Entries that did not simply go through -----------------------------------------------------
    def _refuse_members_claim(self, date: datetime.date) -> None:
        """A merit that the member declared and the street refused: the ledger says why it does not count."""
        merits, users, days = self.merits, self.town.users, datetime.timedelta
        person = self.town.cast["member"]
        claim = merits.declare(person, "bonus.honor", date, by=person.user, value="street", note=CLAIM)
        merits.review(claim, users["shuji"], date + days(2))
        merits.decide(claim, users["zhenggong"], date + days(5), refused="文明家庭是集体荣誉,不属于个人单项荣誉。")

    def _leave_waiting(self) -> None:
        """Entries that wait for the branch, the street or the discipline office; refused and taken back ones."""
        merits, users, cast, days = self.merits, self.town.users, self.town.cast, datetime.timedelta

        def ago(count: int) -> datetime.date:
            return max(self.running.starts_on, self.today - days(count))

        for person, item, value, note, day in (
            (cast["member"], "bonus.public_good", None, "义务为老年食堂送餐一个月", 3),
            (cast["declares"], "bonus.public_good", None, "参加无偿献血 400 毫升", 5),
            (self.town.leader(self.town.branches[0], 0), "bonus.activity", None, "街道健步走比赛一等奖", 6),
            (self.town.branches[1].people[8], "bonus.honor", "street", "获评街道优秀志愿者", 4),
        ):
            merits.declare(person, item, ago(day), by=person.user, value=value, note=note)
        for number, slot, item, value, day in (
            (0, 15, "bonus.honor", "district", 8),
            (1, 10, "bonus.public_good", None, 7),
            (2, 9, "duties_basic.unfinished", None, 9),
            (4, 9, "bonus.example", 8, 6),
            (5, 9, "bonus.emergency", None, 4),
            (6, 9, "duties_key.unfinished", None, 5),
            (5, 8, "discipline.misconduct", None, 10),
            (6, 8, "discipline.other", 5, 6),
        ):
            branch = self.town.branches[number]
            merits.declare(branch.people[slot], item, ago(day), by=branch.secretary, value=value)
        secretary = self.town.branches[0].people[0]
        merits.declare(secretary, "bonus.outstanding", ago(5), by=users["zhenggong"], value=5)

        member = cast["member"]
        claim = merits.declare(member, "bonus.emergency", ago(40), by=member.user, note="协助邻居搬运家具")
        merits.review(
            claim, users["shuji"], ago(38), refused="邻里互助值得表扬,但不属于突发事件应急,不能按这一条加分。"
        )
        claim = merits.declare(
            self.town.branches[4].people[10],
            "bonus.honor",
            ago(30),
            by=self.town.branches[4].secretary,
            value="district",
        )
        merits.decide(claim, users["zhenggong"], ago(26), refused="没有附证书,请补齐材料后重新申报。")
        twice = merits.settle(member, "bonus.public_good", ago(50))
        merits.settle(member, "bonus.public_good", ago(50)).note = twice.note
        merits.reverse(twice, users["zhenggong2"], ago(20), "同一件事登记了两次,冲正其中一次。")
