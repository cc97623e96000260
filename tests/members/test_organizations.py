"""The tree of organisations."""

import datetime
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import ClosedPeriod, Organization, Oversight
from members.permissions import can_manage_organizations
from tests import factories as make
from tests.workbooks import rows_of


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def errors(page):
    return page.context["form"].errors


def branch_data(parent, **fields):
    return {"name": "新支部", "kind": "branch", "parent": parent.pk, "head_count": "", **fields}


def test_tree_counts_members_below(people, places, sign_in):
    page = sign_in(people.staff).get(url("organizations"))
    assert [(place.name, place.indent, place.members_below) for place in page.context["organizations"]] == [
        ("和平街道党工委", 0, 3),
        ("和平社区党总支", 1, 3),
        ("和平社区第一党支部", 2, 2),
        ("和平社区第二党支部", 2, 1),
        ("友谊社区党总支", 1, 0),
        ("友谊社区党支部", 2, 0),
    ]


def test_tree_as_a_workbook(people, places, sign_in):
    rows = rows_of(sign_in(people.general).get(url("organizations"), {"export": "xlsx"}))
    assert rows == [
        ["名称", "类别", "党员"],
        ["和平社区党总支", "党总支", 3],
        ["和平社区第一党支部", "党支部", 2],
        ["和平社区第二党支部", "党支部", 1],
    ]
    assert sign_in(people.member).get(url("organizations"), {"export": "xlsx"}).status_code == 403


def test_tree_query_count_does_not_grow(people, places, sign_in):
    client = sign_in(people.secretary)
    client.get(url("organizations"))
    with CaptureQueriesContext(connection) as one:
        client.get(url("organizations"))
    for name in ("第一小组", "第二小组"):
        make.organization(name, "group", Organization.objects.get(pk=places.branch.pk))
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("organizations")).context["organizations"]) == 3
    assert len(one) == len(three)


def test_tree_needs_a_role(people, sign_in):
    assert sign_in(people.member).get(url("organizations")).status_code == 403
    assert sign_in(people.administrator).get(url("organizations")).status_code == 200


def test_organization_is_hidden_and_managed_by_role(people, places, sign_in):
    pages = ("organization", "edit_organization", "add_oversight")
    assert [sign_in(people.outsider).get(url(page, places.branch.pk)).status_code for page in pages] == [404] * 3
    for user in (people.secretary, people.general, people.auditor):
        assert [sign_in(user).get(url(page, places.branch.pk)).status_code for page in pages] == [200, 403, 403]
        assert sign_in(user).get(url("add_organization")).status_code == 403
    assert can_manage_organizations(people.administrator, places.branch)
    assert not can_manage_organizations(people.administrator, places.foreign)


def test_organization_hides_people_from_administrators(people, places, sign_in):
    people.zhang.positions.create(organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    assert "张建国" in sign_in(people.staff).get(url("organization", places.branch.pk)).content.decode()
    assert "张建国" not in sign_in(people.administrator).get(url("organization", places.branch.pk)).content.decode()


def test_add_organization(people, places, sign_in):
    response = sign_in(people.administrator).post(url("add_organization"), branch_data(places.community))
    place = Organization.objects.get(name="新支部")
    assert response.url == url("organization", place.pk)
    assert Organization.objects.get_parent(place) == places.community


@pytest.mark.parametrize(
    ("parent", "fields", "faults"),
    [
        ("branch", {}, {"kind": ["党支部下面可以设党小组,不能设党支部。"]}),
        ("community", {"kind": "department"}, {"kind": ["党总支下面可以设党支部,不能设部门。"]}),
        ("community", {"head_count": 3}, {"head_count": ["只有企业填写领导职数。"]}),
        ("community", {"name": ""}, {"name": ["这一项没有填,请补上。"]}),
        ("foreign", {}, {"parent": ["这个组织不在您的工作范围内,请重新选。"]}),
    ],
)
def test_add_organization_refuses_with_a_sentence(people, places, sign_in, parent, fields, faults):
    data = branch_data(getattr(places, parent), **fields)
    assert errors(sign_in(people.administrator).post(url("add_organization"), data)) == faults
    assert not Organization.objects.filter(name="新支部").exists()


def test_edit_organization_renames_and_moves(people, places, sign_in):
    data = branch_data(places.other_community, name="改名支部")
    assert sign_in(people.staff).post(url("edit_organization", places.branch.pk), data).status_code == 302
    place = Organization.objects.get(pk=places.branch.pk)
    assert (place.name, Organization.objects.get_parent(place)) == ("改名支部", places.other_community)
    assert Organization.objects.find_problems() == ([], [], [], [], [])


def test_edit_organization_refuses_a_kind_that_does_not_hold_its_people(people, places, sign_in):
    community = branch_data(places.street, kind="branch", name="和平社区党总支")
    page = sign_in(people.staff).post(url("edit_organization", places.community.pk), community)
    assert errors(page) == {"kind": ["下面有和平社区第一党支部,不能改为党支部。"]}
    branch = branch_data(places.street, kind="general_branch", name="第一")
    page = sign_in(people.staff).post(url("edit_organization", places.branch.pk), branch)
    assert errors(page) == {"kind": ["第一有党员,不能改为党总支。"]}


def test_edit_organization_stays_within_settled_periods(people, places, sign_in):
    ClosedPeriod.objects.create(
        organization=places.community,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    data = branch_data(places.other_community, name="和平社区第一党支部")
    page = sign_in(people.staff).post(url("edit_organization", places.branch.pk), data)
    assert errors(page) == {
        "parent": ["和平社区党总支的2025 年上半年考核已经办结,其中的和平社区第一党支部不能再移出。"]
    }
    assert Organization.objects.get_parent(Organization.objects.get(pk=places.branch.pk)) == places.community


def test_edit_organization_is_not_moved_below_itself(people, places, sign_in):
    group = make.organization("内部单位", "unit", places.street)
    inner = make.organization("下级单位", "unit", group)
    data = {"name": "内部单位", "kind": "unit", "parent": inner.pk}
    page = sign_in(people.staff).post(url("edit_organization", group.pk), data)
    assert errors(page) == {"parent": ["下级单位在内部单位里面,不能作它的上级。"]}


def test_edit_organization_keeps_the_top_where_it_is(people, places, sign_in):
    client = sign_in(people.staff)
    assert "parent" not in client.get(url("edit_organization", places.street.pk)).context["form"].fields
    data = {"name": "和平街道", "kind": "committee", "parent": places.foreign.pk}
    assert client.post(url("edit_organization", places.street.pk), data).status_code == 302
    assert Organization.objects.get(pk=places.street.pk).depth == 1


def test_oversight_is_added_and_removed(people, places, sign_in):
    client = sign_in(people.staff)
    data = {"overseen": places.branch.pk, "matter": "安全"}
    client.post(url("add_oversight", places.community.pk), data)
    rule = Oversight.objects.get()
    again = client.post(url("add_oversight", places.community.pk), data)
    assert errors(again) == {"__all__": ["这个部门已经主管这个单位的这件事。"]}
    assert "和平社区党总支" in client.get(url("organization", places.branch.pk)).content.decode()
    foreign = client.post(url("add_oversight", places.community.pk), {"overseen": places.foreign.pk, "matter": "x"})
    assert list(errors(foreign)) == ["overseen"]
    remove = url("remove_oversight", places.community.pk, rule.pk)
    assert client.get(remove).status_code == 405
    assert sign_in(people.outsider).post(remove).status_code == 404
    assert sign_in(people.secretary).post(remove).status_code == 404
    sign_in(people.staff).post(remove)
    assert not Oversight.objects.exists()


# The enterprise -----------------------------------------------------------------------------------


def test_enterprise_has_leaders_departments_and_units(db, capsys):
    call_command("load_organizations", "enterprise")
    assert capsys.readouterr().out == "已建立临江水务集团,共 34 个组织。\n"
    top = Organization.objects.get(kind="enterprise")
    departments = Organization.objects.get_children(top).filter(kind="department")
    units = Organization.objects.get_children(top).filter(kind="unit")
    assert (top.head_count, len(departments), len(units)) == (10, 9, 24)
    assert all(department.oversees.exists() for department in departments)
    assert all(unit.overseen_by.values("overseer").distinct().count() >= 7 for unit in units)
    assert not Oversight.objects.filter(overseen__in=departments).exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "不是 JSON"),
        (json.dumps({"name": "x", "kind": "unit"}), "最上一级只能是党工委或企业,不能是单位。"),
        (json.dumps({"name": "x"}), "缺少 'kind'"),
    ],
)
def test_load_organizations_refuses(db, tmp_path, content, sentence):
    file = tmp_path / "tree.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=sentence):
        call_command("load_organizations", str(file))
    with pytest.raises(CommandError, match="没有文件"):
        call_command("load_organizations", "no such tree")
    assert not Organization.objects.exists()
