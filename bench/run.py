"""How long a street's round of 5,000 members takes, and the pages that are open most; on SQLite and on PostgreSQL.

    python -m bench.run             everything, each part and database in a process of its own
    python -m bench.run --part pages --only PostgreSQL
    python -m bench.run --profile   the slowest functions besides

PostgreSQL: BENCH_DATABASE_URL, else the local server if it answers; a database is made beside it and dropped again.
"""

import argparse
import logging
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
DATABASES = ("SQLite", "PostgreSQL")
PARTS = ("round", "pages")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a round of 5,000 members, and the pages that are open most.")
    parser.add_argument("--profile", action="store_true", help="show the slowest functions")
    parser.add_argument("--only", choices=DATABASES, help="one database")
    parser.add_argument("--part", choices=PARTS, help="one part")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        measure(options.part, options.only, options.profile)
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}", flush=True)
    for part in [options.part] if options.part else PARTS:
        for database in [options.only] if options.only else DATABASES:
            run(part, database, options.profile)


def run(part: str, database: str, profile: bool) -> None:
    """Measure in a fresh process with a database of its own."""
    with tempfile.TemporaryDirectory(prefix="zhibu-bench-") as folder:
        environment = {**os.environ, "DATA_DIR": folder, "EMBEDDED_WORKER": "off", "PYTHONPATH": str(ROOT)}
        for variable in ("DATABASE_URL", "REDIS_URL", "DEBUG", "TLS"):
            environment.pop(variable, None)
        server = os.environ.get("BENCH_DATABASE_URL", LOCAL)
        if database == "PostgreSQL":
            name = f"zhibu_bench_{os.getpid()}"
            if not on_server(server, f"CREATE DATABASE {name}"):
                print(f"\n{database}: no server; set BENCH_DATABASE_URL=postgres://user@host:5432/postgres")
                return
            environment["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        command = [sys.executable, "-m", "bench.run", "--inside", "--part", part, "--only", database]
        try:
            done = subprocess.run([*command, *["--profile"] * profile], env=environment, cwd=ROOT, check=False)  # noqa: S603  our own program
        finally:
            if database == "PostgreSQL":
                on_server(server, f"DROP DATABASE {name} WITH (FORCE)")
        if done.returncode:
            sys.exit(done.returncode)


def on_server(url: str, statement: str) -> bool:
    """True if the server took the statement."""
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=3) as connection:
            connection.execute(statement)
    except psycopg.OperationalError:
        return False
    return True


def measure(part: str, database: str, profile: bool) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command

    from bench import pages, rounds
    from config.celery import app

    app.conf.task_always_eager = True  # one worker, in this process
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    {"round": rounds, "pages": pages}[part].measure(database, profile)


if __name__ == "__main__":
    main()
