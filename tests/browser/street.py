"""A small street for the browser: run in the served site's environment, it fills an empty database."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    import django

    django.setup()
    from members.models import Role
    from scoring.models import Adoption
    from scoring.services import install_schemes
    from tests import factories as make

    street = make.organization("和平街道党工委", "committee")
    community = make.organization("和平社区党总支", "general_branch", street)
    branch = make.organization("和平社区第一党支部", "branch", community)
    make.organization("和平社区第二党支部", "branch", community)
    zhang = make.member("张建国", branch, number="HP001")
    accounts = {
        "shuji": make.user("李秀英", Role.BRANCH_SECRETARY, branch),
        "zongzhi": make.user("周总支", Role.GENERAL_BRANCH, community),
        "zhenggong": make.user("陈政工", Role.STREET_STAFF, street),
        "dangyuan": make.member_user(zhang, branch),
    }
    for username, account in accounts.items():
        account.username = username
        account.save()
    versions = {version.code: version for version in install_schemes()}
    Adoption.objects.create(organization=street, version=versions["community-half-year"], starts_on=make.LONG_AGO)
    settled_year(street, versions["town-layered"], accounts["zhenggong"])
    settled_half(street, branch, zhang, versions["community-half-year"])
    new_street(versions["community-half-year"])
    street_without_members()
    published_half(versions["community-half-year"])
    reviewing_street(versions["community-half-year"])
    reviewing_branch(versions["community-half-year"])
    branch_of_sixty()


def branch_of_sixty() -> None:
    """Another street with one branch: sixty members, who each owe dues by their pay, and two who are away."""
    import datetime

    from django.utils import timezone

    from members.dates import first_of
    from members.models import Role, VisitMonth
    from tests import factories as make

    street = make.organization("长青街道党工委", "committee")
    branch = make.organization("长青社区党支部", "branch", street)
    secretary = make.user("秦书记", Role.BRANCH_SECRETARY, branch)
    secretary.username = "cqshuji"
    secretary.save()
    today = timezone.localdate()
    for number in range(60):
        person = make.member(
            f"党员{'甲乙丙丁戊己庚辛壬癸'[number % 10]}{number // 10 + 1}", branch, number=f"CQ{number:03}"
        )
        make.base(person, datetime.date(2020, 1, 1), "employed", pay=f"{2000 + 100 * number}.00", by=secretary)
        if number < 5:
            VisitMonth.objects.create(member=person, month=first_of(today, -1), assigned=3, visited=3)
    for name in ("马远航", "江外出"):
        make.member(name, branch, number=f"CQ{name}", mobility="migrant")


def street_without_members() -> None:
    """A third street of two branches, whose roster is still to come."""
    from members.models import Role
    from tests import factories as make

    street = make.organization("学府街道党工委", "committee")
    for number in "一二":
        make.organization(f"学府第{number}党支部", "branch", street)
    staff = make.user("钱政工", Role.STREET_STAFF, street)
    staff.username = "xuefu"
    staff.save()


def new_street(version) -> None:
    """Another street of two branches whose last half-year waits to be computed."""
    from django.utils import timezone

    from evaluations import services
    from members.models import Role
    from scoring.engine import Period
    from scoring.models import Adoption
    from tests import factories as make

    period = Period.containing(timezone.localdate()).previous
    street = make.organization("新村街道党工委", "committee")
    accounts = {name: make.user(name, Role.STREET_STAFF, street) for name in ("kezhang", "keyuan")}
    for number, (name, account) in enumerate((("甲", "jia"), ("乙", "yi"))):
        branch = make.organization(f"新村第{'一二'[number]}党支部", "branch", street)
        person = make.member(f"{name}一", branch, number=f"XC{number:03}")
        accounts[account] = make.user(f"{name}书记", Role.BRANCH_SECRETARY, branch)
        accounts[f"{account}yi"] = make.member_user(person, branch)
        event = make.activity(branch, accounts[account], period.starts_on, "theme_day", "主题党日")
        make.attendance(event, person, "late", accounts[account])
        make.closed_appraisal(branch, period.code, {person: {90: 6}})
    for username, account in accounts.items():
        account.username = username
        account.save()
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    services.open_round(street, period, version.code)


def reviewing_street(version) -> None:
    """Another street with one branch, whose secretary has two merits to review."""
    from django.utils import timezone

    from members.models import Role
    from scoring.models import Adoption
    from tests import factories as make

    street = make.organization("胜利街道党工委", "committee")
    branch = make.organization("胜利社区党支部", "branch", street)
    group = make.organization("胜利社区第一小组", "group", branch)
    xu = make.member("许胜利", group, number="SM001")
    accounts = {
        "smshuji": make.user("钱秀芝", Role.BRANCH_SECRETARY, branch),
        "smdangyuan": make.member_user(xu, branch),
        "smzuzhang": make.user("冯小组", Role.GROUP_LEADER, group),
    }
    for username, account in accounts.items():
        account.username = username
        account.save()
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    for number in range(2):
        person = make.member(f"高同志{'甲乙'[number]}", branch, number=f"SM{number + 2:03}")
        make.entry(
            person, "bonus.public_good", version=version, date=timezone.localdate(), note="义务巡逻",
            declared_by=make.member_user(person, branch),
        )  # fmt: skip


def settled_year(street, version, staff) -> None:
    """A branch with a scheme of its own, without grades, and its last year, settled."""
    from django.utils import timezone

    from config.celery import app
    from evaluations import services
    from scoring.engine import Period
    from scoring.models import Adoption
    from tests import factories as make

    branch = make.organization("友谊社区党支部", "branch", street)
    for number, name in enumerate(("林小友", "许志远"), 1):
        make.member(name, branch, number=f"YY{number:03}")
    Adoption.objects.create(organization=branch, version=version, starts_on=make.LONG_AGO)
    app.conf.task_always_eager = True
    round_ = services.open_round(branch, Period(timezone.localdate().year - 1), version.code)
    services.request_computation(round_)
    make.closed(round_, staff)


def settled_half(street, branch, person, version) -> None:
    """A half-year of long ago whose result leads to a measure."""
    from evaluations import services
    from evaluations.models import Result, Round, RoundBranch

    round_ = Round.objects.create(organization=street, period="2020H1", scheme=version.code, status="approved")
    part = RoundBranch.objects.create(round=round_, organization=branch, version=version, state="done")
    sheet = {
        "missing": [],
        "items": {},
        "parts": {},
        "lists": [],
        "consequences": ["criticism"],
        "grounds": [],
        "alerts": [],
    }
    Result.objects.create(round=round_, branch=part, member=person, status="scored", total=58, sheet=sheet)
    services.propose_measures(round_)


def published_half(version) -> None:
    """Another street with one branch, whose last half-year is published: a member is down as late, but was not."""
    from django.utils import timezone

    from evaluations import services
    from members.models import Role
    from scoring.engine import Period
    from scoring.models import Adoption
    from tests import factories as make

    street = make.organization("光明街道党工委", "committee")
    branch = make.organization("光明社区党支部", "branch", street)
    zhou = make.member("周光明", branch, number="GM001")
    accounts = {
        "gmshuji": make.user("吴秀兰", Role.BRANCH_SECRETARY, branch),
        "gmzhenggong": make.user("郑政工", Role.STREET_STAFF, street),
        "gmzhenggong2": make.user("冯政工", Role.STREET_STAFF, street),
        "gmdangyuan": make.member_user(zhou, branch),
    }
    for username, account in accounts.items():
        account.username = username
        account.save()
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    period = Period.containing(timezone.localdate()).previous
    event = make.activity(branch, accounts["gmshuji"], period.starts_on, "theme_day", "主题党日")
    make.attendance(event, zhou, "late", accounts["gmshuji"])
    make.closed_appraisal(branch, period.code, {zhou: {90: 6}})
    round_ = services.open_round(street, period, version.code)
    services.request_computation(round_)
    round_.refresh_from_db()
    make.published(round_, accounts["gmzhenggong"])


def reviewing_branch(version) -> None:
    """A branch of a third street that looks back on March 2025; one of its members was late at twelve activities."""
    import datetime

    from members.models import Role
    from scoring.models import Adoption
    from tests import factories as make

    street = make.organization("月亮街道党工委", "committee")
    branch = make.organization("月亮社区党支部", "branch", street)
    person, other = (make.member(name, branch, number=f"YL00{n}") for n, name in enumerate(("钱月亮", "孙月明"), 1))
    accounts = {
        "yueshuji": make.user("冯月书", Role.BRANCH_SECRETARY, branch),
        "yuedangyuan": make.member_user(person, branch),
    }
    for username, account in accounts.items():
        account.username = username
        account.save()
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    by = accounts["yueshuji"]
    for number in range(12):
        event = make.activity(branch, by, datetime.date(2025, number // 2 + 1, 5 + number % 2), title="集中学习")
        make.attendance(event, person, "late", by)
        make.attendance(event, other, "present", by)
    for month in range(1, 7):
        make.dues(person, datetime.date(2025, month, 1), by, 10, 10, datetime.date(2025, month + 1, 20))
    fields = {"version": version, "status": "approved", "declared_by": by}
    for month in range(1, 6):
        make.entry(other, "bonus.public_good", date=datetime.date(2025, month, 9), note="义诊", **fields)
        make.entry(person, "bonus.public_good", date=datetime.date(2025, month, 8), note="给老年食堂送餐", **fields)
    make.closed_appraisal(branch, "2025H1", {person: {90: 6}, other: {95: 6}})


if __name__ == "__main__":
    main()
