"""What the environment may say, what is refused, and what the settings make of it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from config import env

ROOT = Path(__file__).resolve().parent.parent.parent
ENOUGH = "x" * 40
# A new release of Bootstrap is a decision: look at the pages, then change this.
BOOTSTRAP = "d85327d99c7a3ee1f9b5d0500d1370acea3ad2db39c163c2f51f232baedbdede"


def settings_with(tmp_path, names=(), **environment):
    """What a fresh interpreter finds in the settings, or what it says when they are refused."""
    code = "import json, sys; from config import settings as s; print(json.dumps({n: getattr(s, n) for n in sys.argv[1:]}))"
    clean = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "PYTHONPATH", "HOME")}
    run = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=ROOT,
        env={**clean, "DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


# Refused with a sentence ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "maybe", "环境变量 DEBUG 的值是「maybe」,只能写 on 或 off。"),
        ("TLS", "2", "环境变量 TLS 的值是「2」,只能写 on 或 off。"),
        ("REDIS_URL", "http://cache", "环境变量 REDIS_URL 的值以「http」开头,只能以 redis、rediss、unix 开头。"),
        ("REDIS_PREFIX", "a b", "环境变量 REDIS_PREFIX 的值是「a b」,只能写字母、数字和 - _ : . ,最多 40 个字符。"),
        ("DATABASE_URL", "mysql://u:p@h/d", "环境变量 DATABASE_URL 的值以「mysql」开头,只能以 sqlite、postgres、postgresql 开头。"),
        ("SECRET_KEY", "short", "环境变量 SECRET_KEY 太短(现在 5 个字符),至少要 40 个随机字符。"),
        ("FIELD_KEYS", "y" * 44, "环境变量 FIELD_KEYS 的第 1 个密钥不对:应是 32 字节随机数的 URL 安全 Base64 文本。"),
    ],
)  # fmt: skip
def test_odd_value_is_refused_with_a_sentence(tmp_path, name, value, sentence):
    assert settings_with(tmp_path, **{name: value}) == f"django.core.exceptions.ImproperlyConfigured: {sentence}"


def test_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("DATA_DIR", str(file))
    with pytest.raises(ImproperlyConfigured, match=r"指的文件夹 .*file 建不了"):
        env.directory("DATA_DIR", tmp_path)


def test_second_of_two_keys_is_checked_too(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELD_KEYS", f"{'A' * 43}=,{ENOUGH}")
    with pytest.raises(ImproperlyConfigured, match="第 2 个密钥不对"):
        env.field_keys(tmp_path)


@pytest.mark.parametrize(("value", "expected"), [("on", True), ("Yes", True), ("1", True), ("off", False), ("", False)])
def test_flag_reads_yes_and_no(monkeypatch, value, expected):
    monkeypatch.setenv("TLS", value)
    assert env.flag("TLS") is expected


# Secrets made at the first start --------------------------------------------------------------


def test_secret_is_made_once_and_kept_from_others(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = env.secret("SECRET_KEY", tmp_path)
    assert env.secret("SECRET_KEY", tmp_path) == first
    assert len(first) >= 40
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_secret_of_the_process_that_was_first_stays(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = "a" * 50

    def late() -> str:  # another process has made it meanwhile
        (tmp_path / "secret_key").write_text(first)
        return "b" * 50

    assert env.secret("SECRET_KEY", tmp_path, make=late) == first
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


# What the settings make of it -----------------------------------------------------------------


def test_without_redis_the_jobs_run_in_the_process(tmp_path):
    found = settings_with(tmp_path, ("EMBEDDED_WORKER", "CELERY_BROKER_URL"))
    assert found == {"EMBEDDED_WORKER": True, "CELERY_BROKER_URL": "memory://localhost/"}


def test_stopped_redis_is_not_waited_for(tmp_path):
    url = "redis://cache:6379/0"
    names = ("EMBEDDED_WORKER", "CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS")
    assert settings_with(tmp_path, names, REDIS_URL=url) == {
        "EMBEDDED_WORKER": False,
        "CELERY_BROKER_URL": url,
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
            "max_retries": 0,
            "global_keyprefix": "zhibu:",
        },
    }


def test_two_sites_on_one_redis_keep_their_jobs_apart(tmp_path):
    names = ("CELERY_BROKER_TRANSPORT_OPTIONS",)
    found = settings_with(tmp_path, names, REDIS_URL="redis://cache:6379/0", REDIS_PREFIX="east:")
    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"]["global_keyprefix"] == "east:"


@pytest.mark.parametrize("tls", [True, False])
def test_tls_closes_cookies_and_turns_hsts_on(tmp_path, tls):
    flags = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_INCLUDE_SUBDOMAINS")
    found = settings_with(tmp_path, (*flags, "SECURE_HSTS_SECONDS"), TLS="on" if tls else "off")
    assert found == {**dict.fromkeys(flags, tls), "SECURE_HSTS_SECONDS": 31536000 if tls else 0}


def test_passwords_are_hashed_with_argon2(tmp_path):
    found = settings_with(tmp_path, ("PASSWORD_HASHERS",))
    assert found == {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"]}


def test_postgresql_does_not_compile_queries(tmp_path):
    found = settings_with(tmp_path, ("DATABASES",), DATABASE_URL="postgres://app:pw@db/points")
    assert found["DATABASES"]["default"]["OPTIONS"] == {"options": "-c jit=off"}


@pytest.mark.postgres
def test_postgresql_connection_does_not_compile_queries(db):
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


@pytest.mark.parametrize(
    ("pragma", "value"), [("recursive_triggers", 1), ("secure_delete", 1), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_sqlite_connection_keeps_the_ledger(db, pragma, value):
    if connection.vendor != "sqlite":
        pytest.skip("the tests run on PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        assert cursor.fetchone() == (value,)


def test_sqlite_file_is_shared_by_readers_and_a_writer(tmp_path):
    # A test database lives in memory, so a file is asked.
    code = (
        "import django; django.setup(); from django.db import connection as c; k = c.cursor();"
        "print(k.execute('PRAGMA journal_mode').fetchone()[0], c.settings_dict['OPTIONS']['transaction_mode'])"
    )
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment.pop("DATABASE_URL", None)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["wal", "IMMEDIATE"]


def test_bootstrap_is_the_release_that_was_looked_at():
    file = finders.find("bootstrap/css/bootstrap.min.css")
    assert hashlib.sha256(Path(file).read_bytes()).hexdigest() == BOOTSTRAP


def test_static_files_are_found_by_their_contents(tmp_path):
    code = (
        "import django; django.setup(); from django.core.management import call_command as c; c('collectstatic', verbosity=0);"
        "from django.templatetags.static import static; print(static('css/tokens.css'))"
    )
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    address = run.stdout.strip()
    assert address.startswith("/static/css/tokens.")
    assert (tmp_path / address.strip("/")).with_suffix(".css.br").exists()


def test_sessions_and_throttle_are_as_promised():
    assert (settings.SESSION_COOKIE_AGE, settings.SESSION_LONGEST) == (30 * 60, 8 * 60 * 60)
    assert (settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME * 60) == (5, 15)


@pytest.mark.parametrize("value", ["0", "61", "seven", "-1"])
def test_days_for_objections_are_a_small_number(tmp_path, value):
    said = settings_with(tmp_path, OBJECTION_DAYS=value)
    assert said.endswith(f"环境变量 OBJECTION_DAYS 的值是「{value}」,只能写 1 到 60 的整数。")


def test_days_for_objections_are_seven_unless_said(tmp_path):
    assert settings_with(tmp_path, ["OBJECTION_DAYS"]) == {"OBJECTION_DAYS": 7}
