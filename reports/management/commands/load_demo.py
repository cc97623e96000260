"""Fills an empty database with a street of invented people."""

import datetime

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from members.models import Role
from reports import demo


def day(text: str) -> datetime.date:
    """2026-05-20"""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"日期「{text}」写法不对,应写成 2026-05-20 的样子。") from error


def padded(text: str, width: int) -> str:
    """Text filled up to a width on screen, where a Chinese character takes two columns."""
    return text + " " * (width - sum(1 + (ord(character) > 0x2E80) for character in text))


class Command(BaseCommand):
    help = "在空数据库里建立演示街道:虚构的组织、党员、考勤、党费、记分、评议和两次考核。"

    def add_arguments(self, parser):
        parser.add_argument("--today", type=day, default=None, help="演示数据到这一天为止,如 2026-05-20;默认今天")
        parser.add_argument("--seed", type=int, default=1, help="随机种子;日期和种子相同,数据就相同")

    def handle(self, *, today, seed, **options):
        try:
            if demo.is_loaded():
                self.stdout.write("演示数据已经在数据库里,没有改动。")
            else:
                demo.load_demo(today or timezone.localdate(), seed)
                self.stdout.write("演示数据已建立,人物、号码都是虚构的。")
        except demo.OccupiedError as error:
            raise CommandError("数据库里已有别的组织或账号,没有写入演示数据。请换一个空数据库。") from error
        self.stdout.write()
        for name, title, purpose in [
            ("账号", "岗位", "做什么"),
            *((name, Role(role).label, purpose) for name, role, purpose in demo.ACCOUNTS),
        ]:
            self.stdout.write(f"  {padded(name, 12)}{padded(title, 10)}{purpose}")
        self.stdout.write(f"\n  密码都是 {demo.PASSWORD}")
