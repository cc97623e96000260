"""The pages that are open most, of a branch of 200 members: from the request to the last byte, as the server calls it.

Each stands beside a bare Django page with one query and a table of 50 rows, asked for in turn with it.
"""

import cProfile
import io
import json
import pstats
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from wsgiref.util import setup_testing_defaults

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.crypto import get_random_string

from bench import bare, peers, street
from evaluations.services import request_computation
from members.models import Activity, Member, Organization, Role, RoleAssignment, User

SIZE = (1, 1, 200)  # communities, branches of each, members of each branch
WARM, TURNS = 5, 40


@dataclass
class Page:
    """One kind of request with what it may take, and what its turns took."""

    title: str
    limit: int | None  # ms on PostgreSQL, on two cores
    ask: Callable[[], None]
    clock: list[float] = field(default_factory=list)  # ms of each turn
    work: list[float] = field(default_factory=list)  # of it, ms of this process
    queries: int = 0

    def time(self) -> None:
        clock, work = time.perf_counter(), time.process_time()
        self.ask()
        self.clock.append(1000 * (time.perf_counter() - clock))
        self.work.append(1000 * (time.process_time() - work))

    def count(self) -> None:
        def counted(execute, *arguments):
            self.queries += 1
            return execute(*arguments)

        with connection.execute_wrapper(counted):
            self.ask()


class Browser:
    """Somebody signed in who asks the product by its WSGI application."""

    def __init__(self, application, user: User):
        self.application = application
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.token = get_random_string(32)
        self.cookies = f"sessionid={client.cookies['sessionid'].value}; csrftoken={self.token}"

    def ask(self, path: str, sent: dict | None = None) -> bytes:
        """The body of the answer. sent: for a POST, what goes along as JSON. Raises RuntimeError unless it is a 200."""
        path, _, query = path.partition("?")
        body = json.dumps(sent).encode() if sent else b""
        environ = {
            "REQUEST_METHOD": "POST" if sent else "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json" if sent else "",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": self.cookies,
            "HTTP_X_CSRFTOKEN": self.token,
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        said = []
        response = self.application(environ, lambda status, headers: said.append(status))
        answer = b"".join(response)
        response.close()
        if said != ["200 OK"]:
            raise RuntimeError(f"{path} answered {said[0]}")
        return answer


def measure(database: str, profile: bool) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    round_ = street.build(*SIZE)
    request_computation(round_)
    peers.refresh_statistics()
    branch = Organization.objects.branches().get()
    secretary = User.objects.create(username="secretary", name="secretary", must_change_password=False)
    RoleAssignment.objects.create(user=secretary, role=Role.BRANCH_SECRETARY, organization=branch)
    pages = pages_of(secretary)

    for page in pages:
        page.count()
    for turn in range(WARM + TURNS):
        if turn == WARM:
            for page in pages:
                page.clock, page.work = [], []
        for page in pages:
            page.time()
    counts = street.facts()
    print(f"\n{database}: pages of a branch of {Member.objects.count()} members with {sum(counts.values()):,} facts")
    show(pages, database)
    if profile:
        for page in pages[1:]:
            show_profile(page)


def pages_of(secretary: User) -> list[Page]:
    """The bare page, and the product's as this secretary sees them."""
    from config.wsgi import application

    browser, bare_browser = Browser(application, secretary), Browser(bare.application(), secretary)
    activity = Activity.objects.latest("date")
    member = Member.objects.latest("pk")
    grid, cells = (reverse(f"members:{name}", args=[activity.pk]) for name in ("activity", "attendance_cells"))
    ledger = reverse("reports:ledger", args=[member.pk]) + f"?period={street.PERIOD.code}"
    return [
        Page("bare Django page", None, lambda: bare_browser.ask("/")),
        Page("attendance grid of 200", 150, lambda: browser.ask(grid)),
        Page("one cell saved", 30, saving(browser, cells, member)),
        Page("dues of 80, a month", 150, lambda: browser.ask(reverse("members:dues"))),
        Page("dues of 100, half a year", 150, lambda: browser.ask(reverse("members:dues_half"))),
        Page("ledger of 50 facts", 100, lambda: browser.ask(ledger)),
    ]


def saving(browser: Browser, path: str, member: Member) -> Callable[[], None]:
    """Saves another status for the member each time it is called."""
    shown, since = "present", 0

    def save() -> None:
        nonlocal shown, since
        wanted = "late" if shown == "present" else "present"
        cell = {"member": member.pk, "shown": shown, "status": wanted}
        answer = json.loads(browser.ask(path, {"since": since, "cells": [cell]}))
        if answer["answers"][0]["outcome"] != "saved":
            raise RuntimeError("the cell was not saved")
        shown, since = wanted, answer["revision"]

    return save


def show(pages: list[Page], database: str) -> None:
    """Print medians; limits only where they are meant."""
    print(f"  {'':<24}{'median':>10} {'CPU, ours':>13} {'queries':>8} {'/ bare':>12}   limit")
    bare_ms = statistics.median(pages[0].clock)
    for page in pages:
        clock, work = statistics.median(page.clock), statistics.median(page.work)
        line = f"  {page.title:<24}{clock:7.1f} ms {work:10.1f} ms {page.queries:8d} {clock / bare_ms:12.1f}"
        if page.limit and database == "PostgreSQL":
            line += f"   {page.limit:4d} ms, {'within' if clock <= page.limit else 'OVER'}"
        print(line)


def show_profile(page: Page) -> None:
    profiler = cProfile.Profile(time.process_time)  # of this process, whatever else the machine does
    for _ in range(WARM):
        profiler.runcall(page.ask)
    found = pstats.Stats(profiler).strip_dirs()
    print(f"\n{page.title}, {WARM} times")
    found.sort_stats("cumulative").print_stats(45)
    found.sort_stats("tottime").print_stats(20)
