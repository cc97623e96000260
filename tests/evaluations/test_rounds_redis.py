"""A round asked for while Redis is down: the page answers soon and says so; the job runs once Redis is back."""

import datetime
import shutil
import socket
import subprocess
import time

import pytest
from celery.contrib.testing.worker import start_worker
from django.urls import reverse
from django.utils import timezone

from config.celery import app
from evaluations import services
from evaluations.models import Round, RoundBranch

pytestmark = [pytest.mark.redis, pytest.mark.django_db(transaction=True)]


class OwnRedis:
    """A server of this test alone, stopped at first."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None

    def start(self) -> None:
        command = [shutil.which("redis-server"), "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("redis-server does not answer")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)


def reset_connections() -> None:
    """Celery keeps its connections; the next one goes where the settings say then."""
    app._pool = app.amqp._producer_pool = None


@pytest.fixture
def redis(shared_database):
    server = OwnRedis()
    before = {name: app.conf[name] for name in ("task_always_eager", "broker_url")}
    app.conf.update(task_always_eager=False, broker_url=f"redis://127.0.0.1:{server.port}/0")
    reset_connections()
    yield server
    server.stop()
    app.conf.update(before)
    reset_connections()


@pytest.fixture
def silent():
    """The port of a Redis that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def seconds_lost(round_) -> float:
    """How long a page waits for the broker."""
    started = time.monotonic()
    services.queue_waiting(round_)
    return time.monotonic() - started


def test_stopped_redis_delays_no_page_and_loses_no_job(redis, sign_in, people, half):
    client = sign_in(people.staff)
    response = client.post(reverse("evaluations:compute", args=[half.round.pk]))
    assert response.url == reverse("evaluations:round", args=[half.round.pk])
    assert seconds_lost(half.round) < 3.5  # one wait of two seconds
    asked = timezone.now() - datetime.timedelta(seconds=30)
    Round.objects.filter(pk=half.round.pk).update(requested_at=asked)
    page = client.get(reverse("evaluations:round", args=[half.round.pk])).content.decode()
    assert "这次试算已经记下,后台恢复以后会自动算完,不用再按。" in page

    redis.start()
    assert services.resume_rounds(before=timezone.now()) == 1  # what the clock does every minute
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        end = time.monotonic() + 60
        while RoundBranch.objects.filter(round=half.round, state="waiting").exists() and time.monotonic() < end:
            time.sleep(0.2)
    half.round.refresh_from_db()
    assert half.round.status == Round.Status.COMPUTED


def test_redis_that_hangs_delays_no_page(redis, silent, half):
    app.conf.broker_url = f"redis://127.0.0.1:{silent}/0"
    reset_connections()
    services.request_computation(half.round)
    assert seconds_lost(half.round) < 3.5  # one wait of two seconds
    assert RoundBranch.objects.filter(round=half.round, state="waiting").count() == 3
