"""What it takes to import a long roster: `python -m tests.members.many_rows FILE ROWS` prints seconds and megabytes.

Seconds of the processor are those of the longest request.

In a process of its own, as the highest use of memory is known only of a whole process. The kernel's own word for it is
read: what `getrusage` says begins with the memory of the process that started this one.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

STATUS = Path("/proc/self/status")
HEAD = "编号,姓名,性别,出生日期,身份证号,人员类别,党员类别,入党日期,所在支部,电话"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
BRANCH = "和平社区第一党支部"


def id_number(number: int) -> str:
    """Another true one for each number; born on 1970-03-02, female."""
    plain = f"{110101 + number // 500}19700302{number % 500 * 2:03}"
    rest = sum(int(digit) * weight for digit, weight in zip(plain, WEIGHTS, strict=True)) % 11
    return plain + "10X98765432"[rest]


def good(number: int, name: str = "陈桂兰") -> str:
    return f"B{number},{name},,,{id_number(number)},正式党员,C,1995-07-01,{BRANCH},138{number:08}"


FILES: dict[str, Callable[[int], str]] = {
    "good": good,
    "changed": lambda number: good(number, "陈桂芳").replace(",138", ",139"),
    "wrong": lambda number: f"B{number},,甲,1965-13-02,1,某,某,某,某支部,1",
    "wrong day": lambda number: good(number).replace("1995-07-01", "1995-07-32"),
    "short": lambda number: f"{number},甲",
    "same number": lambda number: good(number).replace(f"B{number},", "B1,", 1),
}


def content(file: str, rows: int) -> bytes:
    return "\n".join([HEAD, *map(FILES[file], range(rows))]).encode()


def set_up():
    """Empty tables and a secretary who is signed in."""
    import django
    from django.conf import settings

    django.setup()
    from django.apps import apps
    from django.core.management import call_command
    from django.test import Client
    from django.test.utils import setup_test_environment

    # Without migrations, which take longer than all the rest.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    setup_test_environment()
    from tests.conftest import make_people, make_places

    client = Client()
    client.force_login(make_people(make_places()).secretary, backend="django.contrib.auth.backends.ModelBackend")
    return client


def timed(request: Callable, *args) -> tuple:
    """The answer, and how long the processor was busy with it."""
    started = time.process_time()
    return request(*args), time.process_time() - started


def send(client, body: bytes) -> tuple[dict[str, int] | str, float]:
    """Upload, look at the preview, and write what can be written: rows by what they came to, or the refusal."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.urls import reverse

    file = SimpleUploadedFile("名册.csv", body)
    page, uploading = timed(client.post, reverse("members:import_members"), {"file": file})
    if page.status_code == 200:
        return page.context["form"].errors["file"][0].partition("请")[0], uploading
    preview, looking = timed(client.get, page.url)
    writing = 0.0
    if preview.context["can_write"]:
        written, writing = timed(client.post, page.url, {"promised": preview.context["promised"]})
        assert written.url == reverse("members:roster")
    return {kind: count for kind, count in preview.context["counts"].items() if count}, max(uploading, looking, writing)


def highest_memory() -> float:
    """Megabytes that this process held at most."""
    status = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(status["VmHWM"].removesuffix("kB")) / 1024


def main(file: str, rows: int) -> None:
    client = set_up()
    if file == "changed":
        from members.models import Member, Membership, Organization

        branch = Organization.objects.get(name=BRANCH)
        known = [
            Member(number=f"B{number}", name="陈桂兰", gender="f", born="1970-03-02", id_number=id_number(number))
            for number in range(rows)
        ]
        for member in known:
            member.fill_derived()
        Membership.objects.bulk_create(
            Membership(member=member, organization=branch, starts_on="2000-01-01")
            for member in Member.objects.bulk_create(known)
        )
    counts, seconds = send(client, content(file, rows))
    print(json.dumps({"counts": counts, "seconds": seconds, "megabytes": highest_memory()}))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="zhibu-test-") as folder:
        os.environ["DATA_DIR"] = folder
        main(sys.argv[1], int(sys.argv[2]))
