"""Make an account with one role; prints its first password, which must be changed at the first sign-in."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from members.models import Member, Organization, OrganizationKind, Role, User
from members.services.accounts import add_account


class Command(BaseCommand):
    help = "建一个账号并给一个岗位,印出初始密码。第一次登录时必须改密码。"

    def add_arguments(self, parser):
        parser.add_argument("username", help="登录名")
        parser.add_argument("name", help="姓名")
        parser.add_argument("role", choices=Role.values, help="岗位")
        parser.add_argument("organization", help="组织的名称")
        parser.add_argument("--member", metavar="编号", help="这个账号是哪一位党员")
        parser.add_argument(
            "--new-root", action="store_true", help="这个组织还没有:作为最上级的党工委建立(新装的系统第一步)"
        )

    @transaction.atomic
    def handle(self, *, username, name, role, organization, member, new_root, **options):
        place = self._organization(organization, new_root)
        person = self._member(member) if member else None
        try:
            password = add_account(User(username=username, name=name, member=person), role, place)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{username}({name},{Role(role).label},{place})初始密码:{password}")

    @staticmethod
    def _organization(name: str, new_root: bool) -> Organization:
        found = list(Organization.objects.filter(name=name)[:2])
        if new_root and not found:
            return Organization.objects.add_root({"name": name, "kind": OrganizationKind.COMMITTEE})
        if len(found) != 1:
            raise CommandError(
                f"叫「{name}」的组织不止一个,请先改名。"
                if found
                else f"没有叫「{name}」的组织。新装的系统请加 --new-root。"
            )
        return found[0]

    @staticmethod
    def _member(number: str) -> Member:
        try:
            return Member.objects.get(number=number)
        except Member.DoesNotExist as error:
            raise CommandError(f"没有编号是「{number}」的党员。") from error
