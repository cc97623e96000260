"""What the header offers each role: no page that would be refused, and who one is."""

import datetime
import re
from html import unescape
from urllib.parse import urljoin

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from members.models import Role, RoleAssignment, User
from reports.context_processors import page
from scoring.models import Adoption, SchemeVersion
from scoring.services import install_schemes
from tests import factories as make
from tests.access.table import ROLES

OFFERED = {
    "member": "首页 我的台账 申报 评议 表决 申诉 公示",
    "leader": "首页 活动 记分 月审核 党员 表决 榜单",
    "secretary": "首页 活动 党费 记分 月审核 党员 评议 表决 考核 申诉 结果运用 榜单 方案",
    "general": "首页 活动 党费 记分 月审核 党员 评议 表决 考核 申诉 结果运用 榜单",
    "staff": "首页 活动 党费 记分 月审核 党员 评议 表决 考核 申诉 结果运用 榜单 方案 组织",
    "discipline": "首页 活动 党费 记分 月审核 党员 考评 表决 考核 申诉 结果运用 榜单",
    "auditor": "首页 活动 党费 记分 月审核 党员 评议 表决 考核 申诉 榜单 方案",
    "administrator": "首页 账号 组织",
}


# What stands behind one word, for roles that have more than one row.
GATHERED = {
    "secretary": "首页 日常 党员 评议 考核 方案",
    "general": "首页 日常 党员 评议 考核",
    "staff": "首页 日常 党员 评议 考核 方案",
    "discipline": "首页 日常 党员 评议 考核",
    "auditor": "首页 日常 党员 评议 考核 方案",
}


def pages(nav):
    """Every page that the navigation leads to, in the order of the screen."""
    return [page for entry in nav for page in entry.get("pages", [entry])]


def labels_for(user):
    return [entry["label"] for entry in pages(page_for(user)["nav"])]


def page_for(user, path="/"):
    request = RequestFactory().get(path)
    request.user = User.objects.get(pk=user.pk)  # as a request finds it: nothing read yet
    return page(request)


@pytest.mark.parametrize("role", OFFERED)
def test_navigation_leads_to_no_refusal(role, visitors, adopted):
    nav = pages(visitors[role].get("/").context["nav"])
    assert sorted(entry["label"] for entry in nav) == sorted(OFFERED[role].split())
    assert {entry["label"]: visitors[role].get(entry["url"]).status_code for entry in nav} == {
        entry["label"]: 200 for entry in nav
    }


@pytest.mark.parametrize("role", OFFERED)
def test_navigation_stays_one_row(role, visitors, adopted):
    nav = visitors[role].get("/").context["nav"]
    assert " ".join(entry["label"] for entry in nav) == GATHERED.get(role, OFFERED[role])
    assert all(entry["url"] == entry["pages"][0]["url"] for entry in nav if "pages" in entry)


def test_pages_of_a_group_stand_in_a_second_row_while_one_is_shown(visitors, adopted):
    rows = [
        [
            re.findall(r'<a href="([^"]+)"( aria-current="\w+")?>(\w+)</a>', row)
            for row in re.findall(r"<nav .*?</nav>", html, re.S)
        ]
        for html in (visitors["staff"].get(path).content.decode() for path in ("/", "/boards/"))
    ]
    assert [[label for _, _, label in row] for row in rows[0]] == [GATHERED["staff"].split()]
    first, second = rows[1][:2]
    assert [label for _, current, label in first if current] == ["考核"]
    assert second == [
        ("/rounds/", "", "考核"),
        ("/appeals/", "", "申诉"),
        ("/measures/", "", "结果运用"),
        ("/boards/", ' aria-current="page"', "榜单"),
    ]


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("secretary", True),
        ("general", True),
        ("staff", True),
        ("discipline", True),
        ("auditor", True),
        ("leader", False),
    ],
)
def test_navigation_leads_to_visits_where_the_scheme_counts_them(people, places, role, offered):
    street_annual = next(version for version in install_schemes() if version.code == "street-annual")
    later = make.LONG_AGO + datetime.timedelta(1)  # than what other tests of this module have it adopt
    Adoption.objects.create(organization=places.street, version=street_annual, starts_on=later)
    assert ("走访" in labels_for(getattr(people, role))) == offered


def test_navigation_goes_by_the_branch_rather_than_the_street(people, places, adopted):
    street_annual = SchemeVersion.objects.get(code="street-annual")
    Adoption.objects.create(organization=places.branch, version=street_annual, starts_on=make.LONG_AGO)
    assert "走访" in labels_for(people.secretary)
    assert "走访" not in labels_for(people.general)


@pytest.mark.parametrize("role", ["discipline", "auditor"])
@pytest.mark.parametrize(
    ("page", "about"),
    [
        ("members:activities", None),
        ("members:calendar", None),
        ("members:activity", "activity"),
        ("members:dues", None),
        ("members:dues_half", None),
        ("members:dues_receipt", "receipt"),
        ("members:visits", None),
        ("members:visits_half", None),
        ("members:migrant_reports", None),
    ],
)
def test_who_only_reads_is_offered_nothing_that_fails(visitors, objects, role, page, about):
    """Every link of the page opens, and nothing on it can be sent but a search."""
    address = reverse(page, kwargs=objects(about, role)[0][0] if about else {})
    main = re.search(r"<main.*?</main>", visitors[role].get(address).content.decode(), re.S)[0]
    assert not [form for form in re.findall(r'<form[^>]*method="post".*?</form>', main, re.S) if "<button" in form]
    links = {unescape(link) for link in re.findall(r'href="([^"#]+)', main)}
    failed = {link: visitors[role].get(urljoin(address, link)).status_code for link in links}
    assert {link: status for link, status in failed.items() if status != 200} == {}


def test_every_role_has_a_navigation():
    assert set(OFFERED) == set(ROLES) - {"anonymous"}


def test_secretary_who_is_a_member_has_both(people, places):
    both = make.member_user(people.liu, places.sibling)
    RoleAssignment.objects.create(user=both, role=Role.BRANCH_SECRETARY, organization=places.sibling)
    assert (
        " ".join(labels_for(both)) == "首页 我的台账 活动 党费 记分 月审核 党员 评议 表决 考核 申诉 结果运用 榜单 方案"
    )


@pytest.mark.parametrize(
    ("path", "label", "current"),
    [
        ("/", "首页", "page"),
        ("/members/", "党员", "page"),
        ("/members/12/edit/", "党员", "true"),
        ("/entries/12/", "记分", "true"),
        ("/adoptions/", "方案", "true"),
        ("/adoptions/3/settings/", "方案", "true"),
        ("/trials/", "方案", "true"),
        ("/password/", None, None),
    ],
)
def test_navigation_marks_where_one_is(people, path, label, current):
    nav = pages(page_for(people.staff, path)["nav"])
    assert [(entry["label"], entry["current"]) for entry in nav if entry["current"]] == (
        [(label, current)] if label else []
    )


@pytest.mark.parametrize(
    ("role", "line"),
    [
        ("secretary", "李秀英 · 支部书记 · 和平社区第一党支部"),
        ("staff", "陈政工 · 政工科 · 和平街道党工委"),
        ("member", "张建国 · 和平社区第一党支部"),
    ],
)
def test_header_says_who_one_is(people, role, line):
    assert page_for(getattr(people, role))["role_line"] == line


def test_header_names_the_leading_role(people, places):
    RoleAssignment.objects.create(user=people.leader, role=Role.STREET_STAFF, organization=places.street)
    assert page_for(people.leader)["role_line"] == "赵德胜 · 政工科 · 和平街道党工委"


def test_header_costs_two_queries(people, django_assert_num_queries):
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=people.secretary.pk)
    with django_assert_num_queries(2):  # roles, and the scheme in force
        page(request)
        page(request)


def test_revoked_role_is_gone_with_the_next_request(visitors, people):
    browser = visitors["secretary"]
    record = reverse("members:member", args=[people.wang.pk])
    assert browser.get(record).status_code == 200
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    people.secretary.role_assignments.update(ends_on=yesterday)
    assert browser.get(record).status_code == 404
    assert browser.get(reverse("members:roster")).status_code == 403
    assert [entry["label"] for entry in browser.get("/").context["nav"]] == ["首页"]


def test_switched_off_account_of_staff_is_sent_to_sign_in(visitors, people):
    browser = visitors["staff"]
    assert browser.get(reverse("members:roster")).status_code == 200
    User.objects.filter(pk=people.staff.pk).update(is_active=False)
    assert browser.get(reverse("members:roster")).url == f"/sign-in/?next={reverse('members:roster')}"


@pytest.mark.parametrize(
    ("path", "label"),
    [("members:leave", "活动"), ("scoring:add", "记分"), ("scoring:adoptions", "方案"), ("evaluations:trials", "方案")],
)
def test_page_beside_an_entry_marks_it(path, label, people):
    nav = pages(page_for(people.staff, reverse(path))["nav"])
    assert [entry["label"] for entry in nav if entry["current"]] == [label]


@pytest.mark.parametrize(("role", "label"), [("secretary", "月审核"), ("auditor", "月审核"), ("member", "公示")])
def test_sheet_of_a_quarter_belongs_to_the_months_or_to_what_hangs(role, label, people):
    nav = pages(page_for(getattr(people, role), "/quarters/3/2025Q1/")["nav"])
    assert [entry["label"] for entry in nav if entry["current"]] == [label]
