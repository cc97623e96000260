"""The home page: what is due today, by role."""

import datetime

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import MonthQuestion, RoundStep, Step
from evaluations.monthly import digest_of_lines, lines_of
from evaluations.quarterly import Content, content_of
from members.dates import months_between
from members.models import ClosedPeriod, DuesMonth, Exemption, Role, RoleAssignment
from scoring.engine import Period
from scoring.models import Adoption
from scoring.services import install_schemes
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
MONTHLY = ["月审核:5 月还没有确认", "季度公示:第一季度还没有公示"]  # of branches that have no secretary


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def tasks(client):
    return [(task.count, task.title) for task in client.get(reverse("home")).context["tasks"]]


def test_home_of_a_secretary(sign_in, people, places, half, adopted):
    make.activity(places.branch, people.secretary, datetime.date(2025, 6, 5), "theme_day", "六月主题党日")
    make.entry(people.wang, "bonus.public_good", version=adopted, date=TODAY, note="义诊", declared_by=people.member)
    assert tasks(sign_in(people.secretary)) == [
        (1, "登记考勤"),
        (2, "登记 6 月党费"),
        (2, "补登以前月份的党费"),
        (1, "审核申报"),
        (3, "月审核:3 月起有 3 个月还没有确认"),
        (1, "季度公示:第一季度还没有公示"),
    ]


def test_home_and_dues_page_count_the_same(sign_in, people, places):
    """Waiting: who has paid nothing, or part. Not: paid in full, excused, nothing due, activist, settled abroad."""
    month = TODAY.replace(day=1)
    make.dues(people.zhang, month, people.secretary, 10, 4, TODAY)
    make.dues(people.wang, month, people.secretary, 10, 10, TODAY)
    make.dues(make.member("缓缴", places.branch), month, people.secretary)
    DuesMonth.objects.filter(member__name="缓缴").update(excused=True, excuse="重病")
    make.dues(make.member("不用缴", places.branch), month, people.secretary, 0)
    make.member("积极分子", places.branch, status="activist")
    make.member("出国", places.branch, mobility="abroad")
    frail = make.member("免考核", places.branch)
    Exemption.objects.create(member=frail, reason="年老", starts_on=make.LONG_AGO)
    client = sign_in(people.secretary)
    task = next(task for task in client.get(reverse("home")).context["tasks"] if "党费" in task.title)
    assert task.detail == "张建国、免考核还没有缴清"
    assert client.get(reverse("members:dues")).context["unpaid"] == task.count == 2


def test_home_asks_for_attendance_until_it_is_settled(sign_in, people, places):
    """However long ago: it can be recorded until a period that ends on the day or later is closed."""
    make.activity(places.branch, people.secretary, datetime.date(2025, 1, 9), "theme_day", "一月主题党日")
    client = sign_in(people.secretary)
    assert (1, "登记考勤") in tasks(client)
    closed = ClosedPeriod(organization=places.street, title="2025 年上半年")
    closed.starts_on, closed.ends_on = datetime.date(2025, 1, 1), datetime.date(2025, 6, 30)
    closed.save()
    assert (1, "登记考勤") not in tasks(client)


def overseen(client) -> list[tuple[int, str, str]]:
    found = client.get(reverse("home")).context["tasks"]
    return [(task.count, task.detail, task.url) for task in found if task.title.startswith("各支部")]


def test_home_of_a_general_branch_oversees_attendance_and_dues(sign_in, people, places):
    """In counts and as the branches' work; a branch without a secretary has its activities recorded here."""
    make.activity(places.branch, people.secretary, datetime.date(2025, 1, 9), "theme_day", "一月主题党日")
    make.activity(places.branch, people.secretary, datetime.date(2025, 6, 5), "theme_day", "六月主题党日")
    make.member("友谊党员", places.cousin)
    make.activity(places.cousin, people.staff, datetime.date(2025, 6, 5), "theme_day", "别人的")
    client = sign_in(people.general)
    to_record = f"{reverse('members:activities')}?to_record=on"
    dues = f"{reverse('members:dues')}?organization={places.branch.pk}"
    assert overseen(client) == [
        (2, "1 个支部有 2 次活动还没有登记完考勤,由支部登记", to_record),
        (3, "2 个支部有 3 人还没有缴清,由支部收缴、登记", dues),
    ]
    assert client.get(to_record).context["page"].paginator.count == 2
    assert "登记考勤" not in [title for _, title in tasks(client)]
    make.activity(places.sibling, people.staff, datetime.date(2025, 6, 6), "theme_day", "没有书记的")
    assert (1, "登记考勤") in tasks(client)
    assert overseen(client)[0][0] == 2


def test_everyday_work_of_a_branch_without_a_secretary_falls_to_those_above(sign_in, people, places):
    """Attendance to the general branch or else the street; dues to the street, which alone may record them."""
    make.member("友谊党员", places.cousin)
    make.activity(places.cousin, people.staff, datetime.date(2025, 6, 5), "theme_day", "没有人管的")
    make.activity(places.branch, people.secretary, datetime.date(2025, 6, 5), "theme_day", "书记管的")
    found = {task.title: task.detail for task in sign_in(people.staff).get(reverse("home")).context["tasks"]}
    assert found["登记考勤"].startswith("6 月 5 日「没有人管的」,")
    assert found["登记 6 月党费"] == "刘淑芬、友谊党员还没有缴清"


def test_home_of_a_general_branch_takes_the_same_queries(sign_in, people, places, django_assert_num_queries):
    client = sign_in(people.general)
    make.activity(places.branch, people.secretary, datetime.date(2025, 6, 5))
    client.get(reverse("home"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("home"))
    for number in range(3):
        branch = make.organization(f"新支部{number}", "branch", places.community)
        make.user(f"书记{number}", Role.BRANCH_SECRETARY, branch)
        for member in range(3):
            make.member(f"新人{member}", branch)
        make.activity(branch, people.secretary, datetime.date(2025, 6, 5))
    with django_assert_num_queries(len(few)):
        client.get(reverse("home"))


def owing(client) -> list[tuple[int, str]]:
    return [(task.count, task.detail) for task in client.get(reverse("home")).context["tasks"] if "以前" in task.title]


def test_home_names_arrears_of_months_that_are_over(sign_in, people, places):
    client = sign_in(people.secretary)
    make.dues(people.wang, datetime.date(2025, 3, 1), people.secretary, 10)
    make.dues(people.wang, datetime.date(2025, 4, 1), people.secretary, 10, 4, datetime.date(2025, 4, 20))
    make.dues(people.wang, datetime.date(2025, 6, 1), people.secretary, 10)  # this month is another task
    make.dues(people.liu, datetime.date(2025, 3, 1), people.secretary, 10)  # of another branch
    assert owing(client) == [(1, "王志强欠 2 个月:3 月、4 月")]
    make.dues(people.zhang, datetime.date(2025, 5, 1), people.secretary, 10)
    assert owing(client) == [(2, "王志强等 2 人,最多的欠 2 个月")]
    (task,) = [task for task in client.get(reverse("home")).context["tasks"] if "以前" in task.title]
    assert "half=2025H1" in task.url  # where the oldest of them can be paid


def forgotten(client) -> list[tuple[int, str, str]]:
    found = client.get(reverse("home")).context["tasks"]
    return [(task.count, task.detail, task.url) for task in found if "补登" in task.title]


def recorded_dues(people, *, but=()):
    """Every month from July 2024 to May 2025 of those two who belong to the branch, but for some."""
    for month in months_between(datetime.date(2024, 7, 1), datetime.date(2025, 5, 1)):
        for member in (people.zhang, people.wang):
            if (member, month) not in but:
                make.dues(member, month, people.secretary)


def test_home_names_past_months_of_dues_that_nobody_recorded(sign_in, people, places, adopted):
    """Of the period that runs, until every payer of the month has a row; other branches' months are not asked for."""
    march, may = datetime.date(2025, 3, 1), datetime.date(2025, 5, 1)
    recorded_dues(people, but=[(people.wang, march), (people.zhang, may), (people.wang, may)])
    client = sign_in(people.secretary)
    address = f"{reverse('members:dues')}?month=2025-03&organization={places.branch.pk}"
    words = "还有 2 人没有登记,缴没缴都要登记"
    assert forgotten(client) == [(2, f"3 月等 2 个月{words}", address)]
    assert client.get(address).status_code == 200
    make.dues(people.wang, march, people.secretary)
    assert forgotten(client) == [(2, f"5 月{words}", address.replace("2025-03", "2025-05"))]
    make.dues(people.wang, may, people.secretary)
    make.dues(people.zhang, may, people.secretary)
    assert forgotten(client) == []


def test_home_asks_for_dues_of_an_earlier_period_until_it_is_settled(sign_in, people, places, adopted):
    december = datetime.date(2024, 12, 1)
    recorded_dues(people, but=[(people.wang, december)])
    client = sign_in(people.secretary)
    assert forgotten(client) == []  # no round of it is open
    round_ = services.open_round(places.street, Period.parse("2024H2"), adopted.code)
    assert [detail for _, detail, _ in forgotten(client)] == ["2024 年 12 月还有 1 人没有登记,缴没缴都要登记"]
    days = {"starts_on": datetime.date(2024, 7, 1), "ends_on": datetime.date(2024, 12, 31)}
    ClosedPeriod.objects.create(organization=places.community, title="2024 年下半年", **days)
    assert forgotten(client) == []
    ClosedPeriod.objects.all().delete()
    round_.status = "closed"
    round_.save()
    assert forgotten(client) == []


def test_home_of_the_street_names_the_oldest_month_of_branches_without_a_secretary(
    sign_in, people, places, adopted, monkeypatch
):
    """Of a yearly scheme since January, of a half-year one since July; whoever has no scheme is not asked."""
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 11, 10))
    yearly = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.sibling, version=yearly, starts_on=make.LONG_AGO)
    make.member("友谊党员", places.cousin)
    client = sign_in(people.staff)
    ((count, detail, address),) = forgotten(client)
    assert (count, detail) == (2, "1 月等 10 个月还有 2 人没有登记,缴没缴都要登记")
    assert address.endswith(f"?month=2025-01&organization={places.sibling.pk}")
    people.liu.memberships.update(organization=places.branch)
    ((count, detail, address),) = forgotten(client)
    assert (count, detail) == (1, "7 月等 4 个月还有 1 人没有登记,缴没缴都要登记")
    assert address.endswith(f"?month=2025-07&organization={places.cousin.pk}")
    assert forgotten(sign_in(people.outsider)) == []


@pytest.mark.django_db(transaction=True)
def test_home_warns_of_half_a_year_without_dues_until_the_results_stand(sign_in, people, half, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 10))
    for month in range(1, 7):
        make.dues(people.wang, datetime.date(2025, month, 1), people.secretary, 10)
    services.request_computation(half.round)
    alert = (1, "核实预警")
    assert alert in tasks(sign_in(people.secretary))
    assert alert in tasks(sign_in(people.staff))
    assert alert not in tasks(sign_in(people.leader))
    half.round.status = "approved"
    half.round.save()
    assert alert not in tasks(sign_in(people.staff))


def test_home_of_the_street(sign_in, people, places, half, adopted):
    make.member("林小友", places.cousin)
    fields = {"version": adopted, "date": TODAY, "note": "义诊", "status": "reviewed", "declared_by": people.secretary}
    make.entry(people.wang, "bonus.public_good", **fields)
    make.entry(people.wang, "discipline.misconduct", **fields)
    titles = [title for _, title in tasks(sign_in(people.staff))]
    assert titles == ["登记 6 月党费", "补登以前月份的党费", "审批加分和扣分", *MONTHLY, "办理民主评议"]
    assert tasks(sign_in(people.discipline)) == [(1, "审批纪律条款")]


def test_home_of_the_street_after_the_last_day(sign_in, people, half, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 1))
    assert (1, "2025 年上半年考核:试算") in tasks(sign_in(people.staff))


@pytest.mark.django_db(transaction=True)
def test_home_of_a_member_shows_the_own_total(sign_in, people, half):
    services.request_computation(half.round)
    page = sign_in(people.member).get(reverse("home"))
    assert "92.40" in page.content.decode()
    assert page.context["tasks"] == []


@pytest.mark.django_db(transaction=True)
def test_home_leads_to_the_ledger_of_the_total_that_it_shows(sign_in, people, half):
    services.request_computation(half.round)
    ledger = f"{reverse('reports:my_ledger')}?period=2025H1&amp;scheme={half.round.scheme}"
    assert ledger in sign_in(people.member).get(reverse("home")).content.decode()


def test_home_of_a_member_in_the_first_period_leads_to_ledger_and_declaring(sign_in, people, places):
    secretary = make.member_user(people.wang, places.branch)
    RoleAssignment.objects.create(
        user=secretary, role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO
    )
    for user in (people.member, secretary):
        page = sign_in(user).get(reverse("home")).content.decode()
        assert f'href="{reverse("reports:my_ledger")}">看每一分从哪里来</a>' in page
        assert f'href="{reverse("scoring:add")}?for=me">申报加分</a>' in page
    assert "申报加分" not in sign_in(people.secretary).get(reverse("home")).content.decode()


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("member", "要办的事会列在这里:要您参加的评议、"),
        ("discipline", "要办的事会列在这里:等您审批的纪律条款、"),
        ("auditor", "要办的事会列在这里:一个月里办结或者重新打开的考核。"),
        ("administrator", "要办的事会列在这里:初始密码还没有改的账号。"),
    ],
)
def test_empty_home_says_what_will_be_there_by_role(sign_in, people, role, words):
    page = sign_in(getattr(people, role)).get(reverse("home")).content.decode()
    assert words in page
    assert "没登记的考勤" not in page


def test_home_without_work_says_so(sign_in, people, places):
    assert "今天没有要办的事" in sign_in(people.auditor).get(reverse("home")).content.decode()


def test_home_of_an_administrator_names_accounts_with_their_first_password(sign_in, people, places):
    client = sign_in(people.administrator)
    assert tasks(client) == []
    people.secretary.must_change_password = people.outsider.must_change_password = True
    people.secretary.save()
    people.outsider.save()
    page = client.get(reverse("home"))
    assert [(task.title, task.detail) for task in page.context["tasks"]] == [
        ("初始密码还没有改的账号", "李秀英,请催本人登录以后改")
    ]
    accounts = client.get(page.context["tasks"][0].url)
    assert accounts.context["page"][0] == people.secretary


def test_home_of_an_auditor_names_rounds_that_were_settled_lately(sign_in, people, places, half):
    client = sign_in(people.auditor)
    assert tasks(client) == []
    now = timezone.now()
    for days in (40, 3):
        done_at = now - datetime.timedelta(days)
        RoundStep.objects.create(
            round=half.round, step=Step.CLOSE, done_by=people.staff, done_at=done_at, reason="更正"
        )
    (task,) = client.get(reverse("home")).context["tasks"]
    assert (task.count, task.url) == (1, reverse("evaluations:round", args=[half.round.pk]))
    assert task.detail.startswith("和平街道党工委2025 年上半年考核,")
    assert task.detail.endswith("办结")


def strip(client) -> list[tuple[str, str]]:
    return [(stage.title, stage.state) for stage in client.get(reverse("home")).context["rounds"][0].stages]


def test_home_shows_how_far_the_round_is(sign_in, people, half, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 10))
    client = sign_in(people.staff)
    titles = ["登记", "试算", "支部审核", "公示", "党工委审批", "办结"]

    def with_now(place):
        return [(title, "done" if at < place else "now" if at == place else "") for at, title in enumerate(titles)]

    assert strip(client) == with_now(0)
    with django_capture_on_commit_callbacks(execute=True):
        services.request_computation(half.round)
    half.round.refresh_from_db()
    assert strip(client) == with_now(2)
    assert "支部审核:2 个支部已审核 0 个" in client.get(reverse("home")).content.decode()
    make.published(half.round, people.other_staff)
    assert strip(client) == with_now(4)
    assert "公示:异议截止" in client.get(reverse("home")).content.decode()
    make.window_over(half.round)
    services.approve_round(half.round, actor=people.staff)
    assert strip(client) == with_now(5)
    services.close_round(half.round, actor=people.staff)
    assert strip(client) == with_now(6)


def standings(client) -> list[tuple[str, str, str]]:
    found = client.get(reverse("home")).context["rounds"]
    return [(one.round.scheme, one.round.period, one.deadline) for one in found]


def test_home_shows_the_rounds_of_the_own_schemes_with_their_last_days(sign_in, people, places, half):
    """A branch under another scheme sees its own round and not the street's; a round of last year says so."""
    yearly = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.sibling, version=yearly, starts_on=make.LONG_AGO)
    for code in ("2024", "2025"):
        services.open_round(places.street, Period.parse(code), yearly.code)
    head = make.user("二支书记", Role.BRANCH_SECRETARY, places.sibling)
    annual = [
        ("street-annual", "2025", "12 月 31 日截止"),
        ("street-annual", "2024", "已过截止日(2024 年 12 月 31 日)"),
    ]
    half_year = [("community-half-year", "2025H1", "6 月 30 日截止")]
    assert standings(sign_in(head)) == annual
    assert standings(sign_in(people.secretary)) == half_year
    assert sorted(standings(sign_in(people.staff))) == sorted(half_year + annual)


def test_home_shows_three_rounds_and_how_many_more(sign_in, people, places, half):
    for code in ("2023H1", "2023H2", "2024H1", "2024H2"):
        services.open_round(places.street, Period.parse(code), half.round.scheme)
    client = sign_in(people.staff)
    assert [period for _, period, _ in standings(client)] == ["2025H1", "2024H2", "2024H1"]
    page = client.get(reverse("home")).content.decode()
    assert f'还有 2 次,<a href="{reverse("evaluations:rounds")}">看全部</a>' in page


@pytest.mark.django_db(transaction=True)
def test_home_of_a_member_shows_the_stage_and_until_when_to_object(sign_in, people, places, half, monkeypatch):
    inspectors = next(version for version in install_schemes() if version.code == "village-inspector")
    fields = {"starts_on": make.LONG_AGO, "position": "discipline_member"}
    Adoption.objects.create(organization=places.branch, version=inspectors, **fields)
    services.open_round(places.street, Period.parse("2025"), inspectors.code)  # not the member's
    client = sign_in(people.member)
    assert standings(client) == [("community-half-year", "2025H1", "6 月 30 日截止")]
    assert reverse("evaluations:round", args=[half.round.pk]) not in client.get(reverse("home")).content.decode()
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 10))
    services.request_computation(half.round)
    half.round.refresh_from_db()
    make.published(half.round, people.other_staff)
    assert "公示:异议截止" in client.get(reverse("home")).content.decode()


def monthly_tasks(client):
    found = client.get(reverse("home")).context["tasks"]
    return [task for task in found if task.title.startswith(("月审核", "季度公示"))]


def confirm(branch, month, actor):
    month = datetime.date(2025, month, 1)
    services.confirm_month(branch, month, seen=digest_of_lines(lines_of(branch, month)), actor=actor)


def test_home_asks_for_the_months_and_the_quarter_until_they_are_done(sign_in, people, places, half):
    """The first activity was in March; what is left out stays asked for, the oldest first."""
    client = sign_in(people.secretary)
    quarter = "2025Q1"
    month_task, quarter_task = monthly_tasks(client)
    assert (month_task.count, month_task.url) == (
        3,
        reverse("evaluations:month", args=[places.branch.pk, "2025-03"]),
    )
    assert quarter_task.url == reverse("evaluations:quarter", args=[places.branch.pk, quarter])
    confirm(places.branch, 5, people.secretary)
    confirm(places.branch, 3, people.secretary)
    month_task, _ = monthly_tasks(client)
    assert (month_task.title, month_task.url) == (
        "月审核:4 月还没有确认",
        reverse("evaluations:month", args=[places.branch.pk, "2025-04"]),
    )
    confirm(places.branch, 4, people.secretary)
    assert monthly_tasks(client) == [quarter_task]
    seen = Content(content_of(places.branch, quarter)).digest
    services.publish_quarter(places.branch, quarter, seen=seen, actor=people.secretary)
    assert monthly_tasks(client) == []


@pytest.mark.parametrize(
    ("settled", "titles"),
    [
        (False, ["月审核:3 月起有 6 个月还没有确认", "季度公示:第一季度起有 2 个季度还没有公示"]),
        (True, ["月审核:7 月起有 2 个月还没有确认"]),
    ],
)
def test_home_asks_for_the_last_half_until_it_is_settled(sign_in, people, places, half, monkeypatch, settled, titles):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 9, 3))
    if settled:
        days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
        ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", **days)
    assert [task.title for task in monthly_tasks(sign_in(people.secretary))] == titles


def test_home_asks_for_no_month_before_the_scheme_or_before_the_last_half(sign_in, people, places, half, monkeypatch):
    make.activity(places.branch, people.secretary, datetime.date(2023, 3, 5))  # put on record afterwards
    client = sign_in(people.secretary)
    assert monthly_tasks(client)[0].title == "月审核:2024 年 7 月起有 11 个月还没有确认"
    QuerySet(Adoption).update(starts_on=datetime.date(2025, 4, 1))
    assert [task.title for task in monthly_tasks(client)] == ["月审核:4 月起有 2 个月还没有确认"]


def test_months_of_several_branches_are_one_task(sign_in, people, places, half):
    """It leads to the list of the oldest month; to the branch where only one has it to do."""
    both = make.user("赵两支", Role.BRANCH_SECRETARY, places.community)
    client = sign_in(both)
    month_task, quarter_task = monthly_tasks(client)
    assert (month_task.count, month_task.url) == (
        4,
        reverse("evaluations:month", args=[places.branch.pk, "2025-03"]),
    )
    assert (quarter_task.count, quarter_task.url) == (2, f"{reverse('evaluations:months')}?month=2025-03")
    assert client.get(quarter_task.url).context["quarter"] == "2025Q1"


def test_months_take_the_same_queries(sign_in, people, places, half, django_assert_num_queries):
    client = sign_in(make.user("赵两支", Role.BRANCH_SECRETARY, places.community))
    client.get(reverse("home"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("home"))
    for number in range(3):
        branch = make.organization(f"新支部{number}", "branch", places.community)
        make.member(f"新人{number}", branch)
        make.activity(branch, people.secretary, datetime.date(2025, 2, 5))
    with django_assert_num_queries(len(few)):
        client.get(reverse("home"))


def test_home_of_a_secretary_has_the_objections_to_a_sheet(sign_in, people, places, half):
    seen = Content(content_of(places.branch, "2025Q1")).digest
    sheet = services.publish_quarter(places.branch, "2025Q1", seen=seen, actor=people.secretary)
    asked = services.object_to_sheet(sheet, people.zhang, "不对", actor=people.member)
    client = sign_in(people.secretary)

    def task():
        return next(
            (one for one in client.get(reverse("home")).context["tasks"] if one.title == "对季度公示的异议要答复"), None
        )

    assert (task().count, task().button) == (1, "答复")
    assert task().url == reverse("evaluations:settle_question", args=[asked.pk])
    assert task().detail == "和平社区第一党支部张建国:2025 年第一季度公示到 2025 年 6 月 25 日,还有 7 天"
    services.object_to_sheet(sheet, people.wang, "也不对", actor=people.secretary, on_behalf_of="王志强")
    assert (task().count, task().url) == (
        2,
        f"{reverse('evaluations:quarter', args=[places.branch.pk, '2025Q1'])}#objections",
    )
    for question in MonthQuestion.objects.all():
        services.settle_question(question, "没有错", actor=people.secretary)
    assert task() is None


def test_home_of_an_empty_branch_asks_for_the_roster_first(sign_in, people, places, half):
    empty = make.organization("和平社区第三党支部", "branch", places.community)
    client = sign_in(make.user("新书记", "branch_secretary", empty))
    assert tasks(client)[0] == (1, "名册里还没有人,先导入名册")
    assert monthly_tasks(client) == []
    group = make.organization("第一小组", "group", empty)
    make.member("新党员", group).memberships.update(starts_on=datetime.date(2025, 5, 10))
    assert "名册" not in tasks(client)[0][1]
    assert [task.title for task in monthly_tasks(client)] == ["月审核:5 月还没有确认"]  # nobody in the first quarter


def test_home_of_those_above_asks_only_for_branches_without_a_secretary(sign_in, people, places, half):
    make.member("林小友", places.cousin)
    assert [task.detail.partition(",")[0] for task in monthly_tasks(sign_in(people.general))] == [
        "和平社区第二党支部"
    ] * 2
    assert [task.detail.partition(",")[0] for task in monthly_tasks(sign_in(people.staff))] == ["友谊社区党支部"] * 2
    assert monthly_tasks(sign_in(people.leader)) == []


def test_auditor_finds_the_rules_and_whatever_was_decided(sign_in, people):
    """What the role may read is in the navigation: schemes and appraisals, and appeals beside the rounds."""
    client = sign_in(people.auditor)
    home = client.get(reverse("home")).content.decode()
    assert f'href="{reverse("scoring:schemes")}"' in home
    assert f'href="{reverse("evaluations:appraisals")}"' in home
    assert f'href="{reverse("evaluations:appeals")}"' in client.get(reverse("evaluations:rounds")).content.decode()
