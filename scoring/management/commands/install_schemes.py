"""Put the shipped schemes into the database: new ones, and new versions of those that have changed."""

from django.core.management.base import BaseCommand

from scoring.models import SchemeVersion
from scoring.services import install_schemes


class Command(BaseCommand):
    help = "把自带的计分方案装进数据库;改动过的方案成为新的一版。读不出来的旧版逐条列明。"

    def handle(self, **options):
        for version in install_schemes():
            self.stdout.write(f"{version.code} {version}")
        for version in SchemeVersion.objects.released():
            for fault in version.faults:
                self.stderr.write(f"{version.code} {version}读不出来,请采用它的单位改用另一版:{fault}")
