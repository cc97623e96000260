"""The help: a page of the handbook for every role, with pictures that are there and words that the screen really says."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

from reports.handbook import FOLDER, PAGES, help_page

# Quoted words that stand within a longer piece on the screen: 其余 29 人照此登记; ……的考核已经办结,不能再改。
WITHIN = {"照此登记", "已经办结"}


def screen_words() -> str:
    """Everything that the sources of the screen say, in one piece."""
    python = (settings.BASE_DIR / app for app in ("members", "scoring", "evaluations", "reports", "config"))
    files = [file for folder in python for file in folder.rglob("*.py") if not {"migrations", "demo"} & set(file.parts)]
    files += (settings.BASE_DIR / "templates").rglob("*.html")
    files += (settings.BASE_DIR / "static" / "js").glob("*.js")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def on_screen(words: str, screen: str) -> bool:
    """True if the words stand there by themselves, not as a part of others (「有问题」 in 没有问题)."""
    return re.search(f"(?<![一-龥]){re.escape(words)}(?![一-龥])", screen) is not None


def whole(name: str) -> str:
    page = help_page(name)
    return page.beginning + page.body


@pytest.mark.parametrize(
    ("who", "title"), [("secretary", "支部书记"), ("member", "党员"), ("staff", "政工科"), ("auditor", "审计员")]
)
def test_help_opens_the_page_of_ones_role(sign_in, people, who, title):
    response = sign_in(getattr(people, who)).get(reverse("reports:help"))
    assert response.context["title"] == title


def test_unknown_page_is_not_there(sign_in, people):
    assert sign_in(people.member).get(reverse("reports:help_page", args=["cook"])).status_code == 404


def test_long_page_begins_with_its_headings(sign_in, people):
    html = sign_in(people.member).get(reverse("reports:help_page", args=["basics"])).content.decode()
    assert '<li><a href="#part-1">登录</a></li>' in html
    assert '<h2 id="part-1">登录</h2>' in html


def test_every_file_of_the_handbook_is_a_page():
    assert sorted(file.stem for file in FOLDER.glob("*.md")) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_pictures_and_links_of_a_page_are_there(name):
    html = whole(name)
    pictures = re.findall(r'src="/static/([^"]+)"', html)
    assert [picture for picture in pictures if finders.find(picture) is None] == []
    assert [link for link in re.findall(r'href="/help/([^/"]+)/"', html) if link not in PAGES] == []
    assert "images/" not in html.replace("/static/", "")


@pytest.mark.parametrize("name", PAGES)
def test_picture_says_in_words_what_is_seen(name):
    assert [words for words in re.findall(r'alt="([^"]*)"', whole(name)) if len(words) < 15] == []


def test_every_picture_is_shown():
    taken = {file.name for file in (FOLDER / "images").glob("*.png")}
    shown = {picture for name in PAGES for picture in re.findall(r"handbook/([^\"]+\.png)\" alt", whole(name))}
    assert taken == shown


@pytest.mark.parametrize("name", PAGES)
def test_words_of_the_screen_that_a_page_quotes_are_on_the_screen(name):
    quoted = set(re.findall(r"「([^」]+)」", (FOLDER / f"{name}.md").read_text(encoding="utf-8")))
    screen = screen_words()
    assert sorted(words for words in quoted - WITHIN if not on_screen(words, screen)) == []
    assert [words for words in WITHIN if words not in screen] == []
