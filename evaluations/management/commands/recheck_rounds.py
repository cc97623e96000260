import sys

from django.core.management.base import BaseCommand, CommandError

from evaluations.models import Round
from evaluations.recheck import recheck
from scoring.engine import Period


class Command(BaseCommand):
    help = "把已经办结的考核按当时的方案和记录重算一遍,核对每个人的结果和校验码;不改动任何记录。"

    def add_arguments(self, parser):
        parser.add_argument("--round", type=int, metavar="ID", help="只核对这一次考核(编号)")

    def handle(self, *, round, **options):
        rounds = Round.objects.filter(status=Round.Status.CLOSED).select_related("organization").order_by("closed_at")
        if round is not None:
            rounds = rounds.filter(pk=round)
            if not rounds.exists():
                raise CommandError(f"没有编号为 {round} 的已办结考核。")
        differing = sum(self._differs(one) for one in rounds)
        self.stdout.write(f"共核对 {len(rounds)} 次考核,{differing} 次不一致。")
        if differing:
            sys.exit(1)

    def _differs(self, round_: Round) -> bool:
        found = recheck(round_)
        name = f"第 {round_.pk} 号 {round_.organization} {Period.parse(round_.period).title} {round_.scheme}"
        self.stdout.write(f"{name}:{'不一致' if found else '一致'},{round_.results.count()} 人")
        for sentence in found:
            self.stdout.write(f"  {sentence}")
        return bool(found)
