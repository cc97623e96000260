"""A worker killed in the middle of a computation: what it left lying is done again, to the same digest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from evaluations import services
from evaluations.models import Measure, Result, Round, RoundBranch
from tests.evaluations.killed import MOMENTS

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]


def address(shared_database) -> str:
    """The tests' database as an environment variable has it."""
    if shared_database:
        return f"sqlite:///{shared_database}"
    there = connection.settings_dict
    return f"postgres://{there['USER']}@{there['HOST']}:{there['PORT'] or 5432}/{there['NAME']}"


def stored(round_) -> list:
    """What the round came to: its digest, the branches', every result and every proposal."""
    return [
        Round.objects.values_list("status", "digest").get(pk=round_.pk),
        list(RoundBranch.objects.order_by("pk").values_list("state", "digest")),
        list(Result.objects.order_by("member").values_list("member", "total", "grade", "sheet", "digest")),
        list(Measure.objects.order_by("member", "code").values_list("member", "code", "state")),
    ]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_computation_is_resumed_to_the_same_digest(shared_database, half, people, adopted, moment):
    services.request_computation(half.round)
    whole = stored(half.round)
    Measure.objects.all().delete()
    Result.objects.all().delete()
    RoundBranch.objects.update(state="waiting", digest="", done_at=None)
    asked = timezone.now()
    Round.objects.update(status="open", digest="", computed_at=None, requested_at=asked)
    connection.close()
    environment = {**os.environ, "DATABASE_URL": address(shared_database), "DATA_DIR": str(settings.DATA_DIR)}
    killed = subprocess.run(
        [sys.executable, "-m", "tests.evaluations.killed", str(half.round.pk), moment],
        cwd=ROOT, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    waiting = RoundBranch.objects.filter(state="waiting").count()
    assert (waiting, Round.objects.get().computed_at is None) == ((0, False) if moment == "stored" else (2, True))
    for _ in range(2):
        services.resume_rounds(timezone.now())
    assert stored(half.round) == whole
    assert half.round.steps.filter(step="compute").count() == 2
