"""Setting up a new street from the command line."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from members.models import Organization, RoleAssignment, User
from scoring.models import Adoption, SchemeVersion

pytestmark = pytest.mark.django_db
ACCOUNT = ("guanli", "冯管理", "administrator", "和平街道党工委")


def test_create_account_on_an_empty_database(capsys):
    call_command("create_account", *ACCOUNT, "--new-root")
    user = User.objects.get(username="guanli")
    password = capsys.readouterr().out.strip().rsplit(":", 1)[1]
    assert user.check_password(password)
    assert user.must_change_password
    assert RoleAssignment.objects.get(user=user).organization == Organization.objects.get(kind="committee")


def test_create_account_needs_the_organisation():
    with pytest.raises(CommandError, match="没有叫「和平街道党工委」的组织。新装的系统请加 --new-root。"):
        call_command("create_account", *ACCOUNT)
    assert not User.objects.exists()


def test_create_account_twice_is_refused(people, places):
    with pytest.raises(CommandError):
        call_command("create_account", people.staff.username, "同名", "auditor", places.street.name)


def test_install_schemes_again_adds_no_version():
    call_command("install_schemes")
    call_command("install_schemes")
    assert SchemeVersion.objects.filter(code="community-half-year").count() == 1


def test_install_schemes_keeps_the_version_in_use(monkeypatch, adopted):
    SchemeVersion.objects.filter(pk=adopted.pk).update(digest="older")
    call_command("install_schemes")
    assert list(SchemeVersion.objects.filter(code=adopted.code).values_list("number", flat=True)) == [2, 1]


def test_adopt_scheme(places):
    call_command("install_schemes")
    call_command("adopt_scheme", places.street.name, "community-half-year", "2026-01-01")
    assert Adoption.objects.get().organization == places.street


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("和平街道党工委", "nothing", "2026-01-01"), "没有叫「nothing」的方案。现有:community-half-year、"),
        (("和平街道党工委", "community-half-year", "2026-02-30"), "日期「2026-02-30」不对,应写成 2026-01-01。"),
        (("无名街道", "community-half-year", "2026-01-01"), "没有叫「无名街道」的组织。"),
    ],
)
def test_adopt_scheme_refuses(places, words, sentence):
    call_command("install_schemes")
    with pytest.raises(CommandError, match=sentence):
        call_command("adopt_scheme", *words)
