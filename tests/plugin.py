"""Tests that need Chromium, PostgreSQL or Redis run where there is one; a closing line says which were left out."""

import os
import shutil
from collections import Counter

import pytest

LEFT_OUT = "left out"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET = {
    "java": "install a Java runtime",
    "browser": "install Chromium, or set CHROMIUM to its path",
    "postgres": "set DATABASE_URL=postgres://user@host:5432/name",
    "redis": "set REDIS_URL=redis://host:6379/0",
}


def chromium() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def present() -> dict[str, bool]:
    """Which kinds of tests can run here."""
    return {
        "java": shutil.which("java") is not None,
        "browser": chromium() is not None,
        "postgres": os.environ.get("DATABASE_URL", "").startswith("postgres"),
        "redis": bool(os.environ.get("REDIS_URL")),
    }


def pytest_addoption(parser):
    parser.addoption(
        "--nothing-left-out", action="store_true", help="fail if tests are left out for want of a browser or a server"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)  # begun last, a file of minutes keeps one worker only
    absent = [kind for kind, there in present().items() if not there]
    for item in items:
        for kind in absent:
            if item.get_closest_marker(kind):
                item.add_marker(pytest.mark.skip(reason=f"{LEFT_OUT}: {kind}"))


def left_out(config) -> Counter:
    """How many tests of each kind were left out. Read from the reports: with xdist the items are elsewhere."""
    reports = config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", [])
    reasons = [report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)]
    return Counter(reason.rpartition(": ")[2] for reason in reasons if f"{LEFT_OUT}: " in reason)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    strict = session.config.getoption("--nothing-left-out") and not hasattr(session.config, "workerinput")
    if strict and session.exitstatus == pytest.ExitCode.OK and left_out(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    missing = left_out(config)
    if missing:
        parts = [f"{count} {kind} ({HOW_TO_GET[kind]})" for kind, count in sorted(missing.items())]
        line = f"Left out: {'; '.join(parts)}."
    else:
        line = "Nothing was left out."
    terminalreporter.ensure_newline()
    terminalreporter.write_line(line, yellow=bool(missing))


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {
        "executable_path": chromium(),
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        "env": {**os.environ, "LANGUAGE": "zh_CN"},
    }


@pytest.fixture
def browser_context_args():
    return {"locale": "zh-CN", "viewport": {"width": 1280, "height": 800}, "accept_downloads": True}
