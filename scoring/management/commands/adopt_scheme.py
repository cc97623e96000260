"""Let an organisation, and those below it, be scored under a scheme from a day on."""

import datetime

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from members.models import Organization, PositionTitle
from scoring.adoption_services import adopt_version
from scoring.models import Adoption, SchemeVersion


class Command(BaseCommand):
    help = "一个组织(连同下级)从某一天起采用一个计分方案已发布的最新一版。"

    def add_arguments(self, parser):
        parser.add_argument("organization", help="组织的名称")
        parser.add_argument("code", help="方案代码,如 community-half-year")
        parser.add_argument("starts_on", help="起用日期,一个考核周期的第一天,如 2026-01-01")
        parser.add_argument("--edition", type=int, help="第几版,不写就用最新一版")
        parser.add_argument("--position", default="", choices=PositionTitle.values, help="只用于担任这一职务的党员")

    def handle(self, *, organization, code, starts_on, edition, position, **options):
        try:
            adoption = Adoption(
                organization=Organization.objects.get(name=organization),
                version=released(code, edition),
                position=position,
                starts_on=datetime.date.fromisoformat(starts_on),
            )
            adopt_version(adoption, actor=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except ValueError as error:
            raise CommandError(f"日期「{starts_on}」不对,应写成 2026-01-01。") from error
        except Organization.DoesNotExist as error:
            raise CommandError(f"没有叫「{organization}」的组织。") from error
        except Organization.MultipleObjectsReturned as error:
            raise CommandError(f"有不止一个叫「{organization}」的组织,请在网页上办理采用。") from error
        self.stdout.write(f"{adoption.organization}从 {adoption.starts_on} 起采用{adoption.version}。")


def released(code: str, edition: int | None) -> SchemeVersion:
    """The released version of that number, or the newest. Raises CommandError naming what there is."""
    versions = SchemeVersion.objects.released()
    version = versions.filter(code=code, number=edition).first() if edition else versions.latest_of(code)
    if version is None and versions.filter(code=code).exists():
        raise CommandError(f"「{code}」没有已发布的第 {edition} 版。")
    if version is None:
        known = "、".join(sorted(set(versions.values_list("code", flat=True)))) or "(先运行 install_schemes)"
        raise CommandError(f"没有叫「{code}」的方案。现有:{known}。")
    return version
