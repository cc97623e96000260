"""The home page: what is due today, by role."""

import datetime

import pytest
from django.urls import reverse

from evaluations import services
from evaluations.models import MonthQuestion
from evaluations.monthly import digest_of_lines, lines_of
from evaluations.quarterly import Content, content_of
from members.models import DuesMonth, Exemption
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
MONTHLY = ["上月还没有审核(5 月)", "上季度还没有公示(第一季度)"]  # of branches that have no secretary


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
        (1, "审核申报"),
        (1, "上月还没有审核(5 月)"),
        (1, "上季度还没有公示(第一季度)"),
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
    assert titles == ["审批加分和扣分", *MONTHLY, "办理民主评议"]
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


def test_home_without_work_says_so(sign_in, people, places):
    assert "今天没有要办的事" in sign_in(people.auditor).get(reverse("home")).content.decode()


def strip(client) -> list[tuple[str, str]]:
    return [(stage.title, stage.state) for stage in client.get(reverse("home")).context["stages"]]


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


def monthly_tasks(client):
    return [task for task in client.get(reverse("home")).context["tasks"] if task.title in MONTHLY]


def test_home_asks_for_the_month_and_the_quarter_until_they_are_done(sign_in, people, places, half):
    client = sign_in(people.secretary)
    may, quarter = datetime.date(2025, 5, 1), "2025Q1"
    month_task, quarter_task = monthly_tasks(client)
    assert month_task.url == reverse("evaluations:month", args=[places.branch.pk, "2025-05"])
    assert quarter_task.url == reverse("evaluations:quarter", args=[places.branch.pk, quarter])
    seen = digest_of_lines(lines_of(places.branch, may))
    services.confirm_month(places.branch, may, seen=seen, actor=people.secretary)
    assert monthly_tasks(client) == [quarter_task]
    seen = Content(content_of(places.branch, quarter)).digest
    services.publish_quarter(places.branch, quarter, seen=seen, actor=people.secretary)
    assert monthly_tasks(client) == []


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
    assert [task.title for task in monthly_tasks(client)] == ["上月还没有审核(5 月)"]  # nobody in the first quarter


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
