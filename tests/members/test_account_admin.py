"""Accounts and roles, kept by the administrator."""

import datetime
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Role, RoleAssignment, User
from members.services import accounts as services
from tests import factories as make


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def text(response) -> str:
    return response.content.decode()


def password_in(response) -> str:
    return re.search(r"<code>(\S+)</code>", text(response))[1]


def new(client, **fields):
    data = {"name": "钱新人", "username": "qianxinren", "role": "auditor", "number": "", **fields}
    return client.post(url("add_account"), data)


# The list -------------------------------------------------------------------------------------


def test_accounts_are_those_of_one_s_own_organisations(sign_in, people):
    page = sign_in(people.administrator).get(url("accounts")).context["page"]
    assert people.secretary in page
    assert people.member in page
    assert people.outsider not in page


def test_accounts_are_found_by_name(sign_in, people):
    page = sign_in(people.administrator).get(url("accounts"), {"q": "秀英"}).context["page"]
    assert list(page) == [people.secretary]


def test_account_with_a_role_elsewhere_is_out_of_reach(sign_in, people, places):
    """Its password would open the other street."""
    RoleAssignment.objects.create(user=people.secretary, role=Role.AUDITOR, organization=places.other_street)
    client = sign_in(people.administrator)
    assert client.get(url("account", people.secretary.pk)).status_code == 404
    assert client.post(url("reset_password", people.secretary.pk)).status_code == 404


def test_administrator_of_a_branch_does_not_reach_upwards(sign_in, people, places):
    low = make.user("支部管理员", Role.ADMINISTRATOR, places.branch)
    client = sign_in(low)
    assert client.get(url("account", people.staff.pk)).status_code == 404
    response = client.post(
        url("grant_role", people.leader.pk), {"role": "street_staff", "organization": places.street.pk}
    )
    assert response.status_code == 400
    assert "这个组织不在您的工作范围内" in text(response)
    assert people.leader.role_assignments.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_accounts_take_the_same_queries(sign_in, people, places, django_assert_num_queries, count):
    for number in range(count):
        make.user(f"组长{number}", Role.GROUP_LEADER, places.branch)
    client = sign_in(people.administrator)
    with django_assert_num_queries(6):
        client.get(url("accounts"))


# A new account --------------------------------------------------------------------------------


def test_new_account_signs_in_with_the_password_shown_once(sign_in, people, places):
    response = new(sign_in(people.administrator), organization=places.branch.pk)
    user = User.objects.get(username="qianxinren")
    assert user.check_password(password_in(response))
    assert user.must_change_password
    role = user.role_assignments.get()
    assert (role.role, role.organization, role.starts_on) == ("auditor", places.branch, timezone.localdate())
    assert "<code>" not in text(Client().get(url("account", user.pk), follow=True))


def test_new_account_of_a_member_reads_the_own_ledger(sign_in, people, places):
    fields = {"name": "王志强", "role": "member", "number": people.wang.number, "organization": places.branch.pk}
    new(sign_in(people.administrator), **fields)
    assert User.objects.get(username="qianxinren").member == people.wang


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "空 格"}, "账号名只能用汉字、字母、数字和 @ . + - _,请改写。"),
        ({"username": ""}, "这一项没有填,请补上。"),
        ({"role": "emperor"}, "没有「emperor」这个选项,请重新选。"),
        ({"role": "member"}, "「党员」岗位要写明是哪一位党员。"),
        ({"number": "T9999"}, "没有编号是「T9999」、姓名是「钱新人」的党员,请核对。"),
    ],
)
def test_new_account_refuses_bad_input(sign_in, people, places, fields, sentence):
    response = new(sign_in(people.administrator), **({"organization": places.branch.pk} | fields))
    assert sentence in text(response)
    assert not User.objects.filter(name="钱新人").exists()


def test_new_account_needs_a_name_of_its_own(sign_in, people, places):
    response = new(sign_in(people.administrator), username=people.staff.username, organization=places.branch.pk)
    assert "这个账号名已经有人用,请换一个。" in text(response)


def test_new_account_in_another_street_is_refused(sign_in, people, places):
    assert "不在您的工作范围内" in text(new(sign_in(people.administrator), organization=places.foreign.pk))
    assert not User.objects.filter(username="qianxinren").exists()


def test_member_has_one_account(sign_in, people, places):
    fields = {"name": "张建国", "number": people.zhang.number, "organization": places.branch.pk}
    assert "这名党员已经有账号,不用再建。" in text(new(sign_in(people.administrator), **fields))


def test_number_of_another_street_s_member_is_not_known(sign_in, people, places):
    fields = {"name": "孙东风", "number": people.sun.number, "organization": places.branch.pk}
    assert "姓名是「孙东风」的党员,请核对" in text(new(sign_in(people.administrator), **fields))


# Roles ----------------------------------------------------------------------------------------


def test_role_is_granted_from_today(sign_in, people, places):
    data = {"role": "branch_secretary", "organization": places.sibling.pk}
    sign_in(people.administrator).post(url("grant_role", people.leader.pk), data)
    role = people.leader.role_assignments.get(role="branch_secretary")
    assert (role.organization, role.starts_on, role.ends_on) == (places.sibling, timezone.localdate(), None)


def test_role_that_is_held_is_not_granted_again(sign_in, people, places):
    data = {"role": "branch_secretary", "organization": places.branch.pk}
    response = sign_in(people.administrator).post(url("grant_role", people.secretary.pk), data)
    assert response.status_code == 400
    assert "李秀英在和平社区第一党支部已经是支部书记,不用再加。" in text(response)


@pytest.mark.parametrize("began", [make.LONG_AGO, None])
def test_ended_role_is_gone_with_the_next_request(sign_in, people, places, began):
    role = people.secretary.role_assignments.get()
    role.starts_on = began or timezone.localdate()
    role.save()
    theirs = Client()
    theirs.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    assert theirs.get(url("roster")).status_code == 200
    sign_in(people.administrator).post(url("end_role", people.secretary.pk, role.pk))
    assert theirs.get(url("roster")).status_code == 403


def test_ended_role_stays_on_record(sign_in, people):
    role = people.secretary.role_assignments.get()
    client = sign_in(people.administrator)
    client.post(url("end_role", people.secretary.pk, role.pk))
    role.refresh_from_db()
    assert role.ends_on == timezone.localdate() - datetime.timedelta(days=1)
    assert "以前的岗位" in text(client.get(url("account", people.secretary.pk)))


def test_role_of_another_account_is_not_found(sign_in, people):
    role = people.staff.role_assignments.get()
    assert sign_in(people.administrator).post(url("end_role", people.secretary.pk, role.pk)).status_code == 404


# Password and lock ----------------------------------------------------------------------------


def test_reset_password_ends_sessions_and_is_shown_once(sign_in, people):
    theirs = Client()
    theirs.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    response = sign_in(people.administrator).post(url("reset_password", people.secretary.pk))
    assert response["Cache-Control"] == "no-store"
    assert theirs.get("/").status_code == 302
    data = {"username": people.secretary.username, "password": password_in(response)}
    assert theirs.post("/sign-in/", data).status_code == 302
    assert theirs.get("/").url == "/password/"


def test_reset_password_opens_after_too_many_failures(sign_in, people):
    theirs = Client()
    for _ in range(5):
        theirs.post("/sign-in/", {"username": people.secretary.username, "password": "wrong"})
    response = sign_in(people.administrator).post(url("reset_password", people.secretary.pk))
    data = {"username": people.secretary.username, "password": password_in(response)}
    assert theirs.post("/sign-in/", data).status_code == 302


def test_locked_account_is_out_at_once_and_may_come_back(sign_in, people):
    theirs = Client()
    theirs.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    client = sign_in(people.administrator)
    client.post(url("switch_account", people.secretary.pk))
    assert theirs.get("/").url == "/sign-in/?next=/"
    client.post(url("switch_account", people.secretary.pk), {"on": "1"})
    people.secretary.refresh_from_db()
    assert people.secretary.is_active


# Oneself --------------------------------------------------------------------------------------


def test_nobody_changes_the_own_account(sign_in, people, places):
    own, client = people.administrator, sign_in(people.administrator)
    data = {"role": "street_staff", "organization": places.street.pk}
    answers = [
        client.post(url("grant_role", own.pk), data),
        client.post(url("end_role", own.pk, own.role_assignments.get().pk)),
        client.post(url("switch_account", own.pk)),
        client.post(url("reset_password", own.pk)),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert "要由另一位管理员办理" in text(client.get(url("account", own.pk)))
    own.refresh_from_db()
    assert own.is_active
    assert own.role_assignments.count() == 1


def test_of_two_administrators_who_end_each_other_one_stays(people, places):
    other = make.user("另一位管理员", Role.ADMINISTRATOR, places.street)
    services.switch_account(people.administrator, on=False, actor=other)
    # The request of the other one was under way already.
    with pytest.raises(PermissionDenied):
        services.switch_account(other, on=False, actor=people.administrator)
    with pytest.raises(PermissionDenied):
        services.end_role(other.role_assignments.get(), actor=people.administrator)
    other.refresh_from_db()
    assert other.is_active
