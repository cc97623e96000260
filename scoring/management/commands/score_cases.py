"""Scores case files with the shipped schemes and says where they differ from what was expected."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scoring.engine.cases import CaseFilesError, Outcome, run_cases


class Command(BaseCommand):
    """Exit 0 when every case holds, 1 when one differs, 2 when a document breaks the format."""

    help = "用随附的方案计算案例文件,并与预期结果比较。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="案例文件,或放 *.yaml 的文件夹")
        parser.add_argument("--json", action="store_true", help="输出 JSON,每个案例一个对象")

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        try:
            outcomes = run_cases(paths)
        except CaseFilesError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        if options["json"]:
            self.stdout.write(json.dumps([outcome.json for outcome in outcomes], ensure_ascii=False))
        else:
            self._report(outcomes)
        if any(outcome.differences for outcome in outcomes):
            sys.exit(1)

    def _report(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            said = "已计分" if outcome.case.expect is None else "不符" if outcome.differences else "相符"
            self.stdout.write(f"{outcome.case.name}: {said}")
            for difference in outcome.differences:
                self.stdout.write(f"  {difference}")
        wrong = sum(bool(outcome.differences) for outcome in outcomes)
        self.stdout.write(f"共 {len(outcomes)} 个案例,{len(outcomes) - wrong} 个相符,{wrong} 个不符。")
