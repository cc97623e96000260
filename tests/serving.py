"""Serving a site of its own for a real browser, as the browser tests and the handbook's pictures need it."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(environment: dict, *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(environment: dict[str, str], *fill: str) -> Iterator[str]:
    """The address of a served site, filled by the command `fill`; with a worker of its own where there is Redis."""
    run(environment, "manage.py", "migrate", "-v0")
    run(environment, "manage.py", "collectstatic", "--noinput", "-v0")
    run(environment, *fill)
    port = free_port()  # found late: another process could take it meanwhile
    serving = [["-m", "granian", "--interface", "wsgi", "--workers", "1", "--workers-kill-timeout", "3"]]
    serving[0] += ["--port", str(port), "config.wsgi:application"]
    if environment.get("REDIS_URL"):
        serving.append(["-m", "celery", "-A", "config", "worker", "--concurrency", "1", "--loglevel", "ERROR"])
    processes = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment) for command in serving]
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)


def wait_for(address: str, seconds: float = 60) -> None:
    """Return when the site answers; TimeoutError when it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/sign-in/", timeout=10)
        except OSError:  # not there yet, or busy with its start for longer than one waits here
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"no answer from {address}")


def sign_in(page, site: str, username: str, password: str) -> None:
    """Sign the browser in through the page that people use."""
    page.goto(f"{site}/sign-in/")
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_attached()
