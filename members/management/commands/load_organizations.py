"""Builds a tree of organisations from a JSON file; `enterprise` is one that comes with the product."""

import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from members.models import Organization
from members.services import load_organizations

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


class Command(BaseCommand):
    help = "从 JSON 文件建立一棵组织树;自带的例子:enterprise。"

    def add_arguments(self, parser):
        parser.add_argument("file", help="JSON 文件的路径,或自带例子的名字")

    def handle(self, *args, file: str, **options):
        path = Path(file)
        if not path.exists():
            path = FIXTURES / f"{path.name}.json"
        try:
            tree = json.loads(path.read_text())
            top = load_organizations(tree)
        except FileNotFoundError as error:
            raise CommandError(f"没有文件 {file}。") from error
        except json.JSONDecodeError as error:
            raise CommandError(f"{path} 第 {error.lineno} 行不是 JSON:{error.msg}。") from error
        except KeyError as error:
            raise CommandError(f"{path} 里缺少 {error},或主管事项提到了没有的单位。") from error
        except ValidationError as error:
            raise CommandError(f"{path}:{';'.join(error.messages)}") from error
        self.stdout.write(f"已建立{top},共 {Organization.objects.get_descendant_count(top) + 1} 个组织。")
