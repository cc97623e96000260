"""Settings from the environment, each checked here; a wrong one is refused with a sentence."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

YES = {"1", "on", "true", "yes"}
NO = {"0", "off", "false", "no"}


def flag(name: str, default: bool = False) -> bool:
    """True or False from on/off, 1/0, yes/no."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in YES | NO:
        return value in YES
    raise ImproperlyConfigured(f"环境变量 {name} 的值是「{value}」,只能写 on 或 off。")


def number(name: str, default: int, least: int, most: int) -> int:
    """A whole number between two."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"环境变量 {name} 的值是「{value}」,只能写 {least} 到 {most} 的整数。")
    return int(value)


def url(name: str, schemes: tuple[str, ...], default: str = "") -> str:
    """A URL with one of `schemes`, or the default where the variable is empty."""
    value = os.environ.get(name, "").strip() or default
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(
            f"环境变量 {name} 的值以「{value.split(':')[0]}」开头,只能以 {'、'.join(schemes)} 开头。"
        )
    return value


def word(name: str, default: str) -> str:
    """Letters, digits and `-_:.`, at most 40."""
    value = os.environ.get(name, "").strip() or default
    if not re.fullmatch(r"[\w:.-]{1,40}", value, re.ASCII):
        raise ImproperlyConfigured(f"环境变量 {name} 的值是「{value}」,只能写字母、数字和 - _ : . ,最多 40 个字符。")
    return value


def names(name: str, default: str) -> list[str]:
    """Words separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def directory(name: str, default: Path) -> Path:
    """A folder that can be written to; made if it is not there."""
    path = Path(os.environ.get(name, "") or default)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"环境变量 {name} 指的文件夹 {path} 建不了:{error.strerror}。") from error
    return path


def secret(name: str, keep_in: Path, make=lambda: secrets.token_urlsafe(50)) -> str:
    """The secret from the environment; without one, a random one kept in a file that only the owner reads."""
    value = os.environ.get(name, "").strip()
    if value:
        if len(value) < 40:
            raise ImproperlyConfigured(f"环境变量 {name} 太短(现在 {len(value)} 个字符),至少要 40 个随机字符。")
        return value
    file = keep_in / name.lower()
    if not file.exists():
        _keep_new(file, make())
    return file.read_text()


def _keep_new(file: Path, text: str) -> None:
    """Write a file whole or not at all; where another process was first, its file stays."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    new.touch(mode=0o600)
    new.write_text(text)
    with suppress(FileExistsError):
        os.link(new, file)
    new.unlink()


def field_keys(keep_in: Path) -> list[str]:
    """Keys that encrypt personal numbers, newest first; older ones stay to read what they wrote."""
    keys = secret("FIELD_KEYS", keep_in, make=lambda: Fernet.generate_key().decode()).split(",")
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"环境变量 FIELD_KEYS 的第 {number} 个密钥不对:应是 32 字节随机数的 URL 安全 Base64 文本。"
            ) from error
    return keys
