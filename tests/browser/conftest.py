"""A real site for a real browser: its own database, the production web server, and workers where there is Redis."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.looking import look_at
from tests.serving import ROOT, run, served, sign_in

expect.set_options(timeout=15_000)


def own_database(url: str, name: str) -> str:
    """The address of a new, empty database beside the one of `url`."""
    parts = urlsplit(url)
    admin = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(parts._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    parts = urlsplit(url)
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {parts.path.strip('/')} WITH (FORCE)")


@contextmanager
def environment_of_a_site(folder: Path) -> Iterator[dict[str, str]]:
    """What a served site finds in its environment: a data folder, a database and a part of Redis of its own."""
    found = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "REDIS_PREFIX": f"zhibu-{folder.name}-{os.getpid()}:",  # or one site would do the other's jobs
    }
    database = os.environ.get("DATABASE_URL", "")
    if not database.startswith("postgres"):
        found.pop("DATABASE_URL", None)
        yield found
        return
    found["DATABASE_URL"] = own_database(database, f"zhibu_{folder.name}_{os.getpid()}")
    try:
        yield found
    finally:
        drop_database(found["DATABASE_URL"])


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment of the small street's site."""
    with environment_of_a_site(tmp_path_factory.mktemp("street")) as found:
        yield found


@pytest.fixture(scope="session")
def site(environment) -> Iterator[str]:
    """The address of the served site, with the small street in it."""
    with served(environment, "-m", "tests.browser.street") as address:
        yield address


@pytest.fixture
def in_the_site(site, environment):
    """A function that runs a module of the tests in the served site's environment."""

    def run_module(name: str) -> None:
        run(environment, "-m", name)

    return run_module


@pytest.fixture
def sign_in_as(page, site):
    """A function that signs the browser in as one of the street's people."""

    page.set_default_timeout(15_000)

    def as_user(username: str):
        page.context.clear_cookies()
        sign_in(page, site, username, PASSWORD)
        return page

    return as_user


@pytest.fixture
def picture(page):
    """A function that keeps pictures of the page and asserts that nothing is wrong with it."""

    def take(name: str) -> None:
        faults = look_at(page, name)
        assert not faults, "\n".join(faults)

    return take
