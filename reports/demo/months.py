"""What the demo's branches have reviewed month by month, and the quarter that they hung up."""

import datetime

from evaluations.models import MonthConfirmation, MonthQuestion, MonthReview, QuarterSheet
from evaluations.monthly import digest_of_lines, lines_of
from evaluations.quarterly import Content, content_of
from members.dates import first_of, quarter_days, quarter_of
from reports.demo.merits import moment
from reports.demo.people import Branch, Population

REVIEW_DAY = 4  # of the following month: the committee meets
WINDOW = datetime.timedelta(7)
ASKED = (
    "这次活动本人说请过假,请查请假条。",
    "这几天他在外地看病,要不要按病假登记?",
)
FOUND = "查了签到表和请假条,登记没有错。"


def review_months(town: Population, today: datetime.date) -> None:
    """The month before last is confirmed in three branches; last month waits in the first, over one question."""
    last, before = first_of(today, -1), first_of(today, -2)
    for branch in town.branches[:3]:
        _confirm(branch, before, today)
    for branch in town.branches[1:3]:
        _confirm(branch, last, today)
    _ask(town.branches[0], last, today)


def hang_up_quarter(town: Population, today: datetime.date) -> None:
    """The first branches have hung up the last quarter that is over."""
    quarter = quarter_of(first_of(today, -3))
    for branch in town.branches[:2]:
        content = content_of(branch.organization, quarter)
        at = _moment(quarter_days(quarter)[1], today, 10)
        QuarterSheet.objects.create(
            organization=branch.organization,
            quarter=quarter,
            content=content,
            digest=Content(content).digest,
            objections_until=at.date() + WINDOW,
            published_by=branch.secretary,
            published_at=at,
        )


def _confirm(branch: Branch, month: datetime.date, today: datetime.date) -> None:
    lines = lines_of(branch.organization, month)
    MonthConfirmation.objects.create(
        review=MonthReview.objects.create(organization=branch.organization, month=month),
        lines=[line.kept for line in lines],
        digest=digest_of_lines(lines),
        confirmed_by=branch.secretary,
        confirmed_at=_moment(first_of(month, 1) - datetime.timedelta(1), today, 15),
    )


def _ask(branch: Branch, month: datetime.date, today: datetime.date) -> None:
    """Two questions on lines of attendance or dues, one of them settled."""
    review = MonthReview.objects.create(organization=branch.organization, month=month)
    own = branch.people[0].member.pk  # nobody answers a question about oneself
    lines = [line for line in lines_of(branch.organization, month) if not line.entry and line.member != own]
    asked = _moment(first_of(month, 1) - datetime.timedelta(1), today, 9)
    for line, text, found in zip(lines[:2], ASKED, ("", FOUND), strict=False):
        MonthQuestion.objects.create(
            review=review,
            member_id=line.member,
            key=line.key,
            words=f"{line.item}:{line.words}",
            text=text,
            asked_by=branch.secretary,
            asked_at=asked,
            answer=found,
            settled_by=branch.secretary if found else None,
            settled_at=asked + datetime.timedelta(hours=2) if found else None,
        )


def _moment(last: datetime.date, today: datetime.date, hour: int) -> datetime.datetime:
    """A time on the day of the committee's meeting after a last day; yesterday at the latest."""
    return moment(min(last + datetime.timedelta(REVIEW_DAY), today - datetime.timedelta(1)), hour)
