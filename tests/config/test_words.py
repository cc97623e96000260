"""What forms say is in the product's own words, whoever wrote the form."""

import gettext
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from django import forms
from django.conf import locale

import evaluations
import members
import scoring

CATALOG = Path(__file__).parents[2] / "locale/zh_Hans/LC_MESSAGES"


class Sevens(dict):
    """Whatever a sentence wants to name is a seven."""

    def __missing__(self, name):
        return 7


def filled(sentence) -> str:
    """The sentence with something in its blanks; one that goes by a number is no text before."""
    try:
        return str(sentence % Sevens())
    except (TypeError, ValueError):
        return str(sentence)


def catalog(folder: Path) -> dict[str, str]:
    words = gettext.translation("django", folder, ["zh_Hans"])._catalog
    return {source: filled(said) for source, said in words.items() if source}


DJANGO = set(catalog(Path(locale.__file__).parent).values())  # what it would say by itself
OWN = set(catalog(CATALOG.parents[1]).values())


def all_forms() -> list[type[forms.BaseForm]]:
    """Every form of the apps."""
    for app in (members, scoring, evaluations):
        for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if "forms" in module.name:
                importlib.import_module(module.name)
    found, waiting = [], [forms.BaseForm]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        found += [form for form in below if form.__module__.split(".")[0] in ("members", "scoring", "evaluations")]
    return sorted(set(found), key=lambda form: form.__qualname__)


def sentences(field: forms.Field) -> set[str]:
    """Everything that the field may answer, its validators included."""
    said = [*field.error_messages.values()]
    for validator in field.validators:
        said += getattr(validator, "messages", {}).values() or [validator.message]
    return set(map(filled, said))


@pytest.mark.parametrize("form", all_forms(), ids=lambda form: form.__qualname__)
def test_forms_say_nothing_in_the_words_of_django(form):
    foreign = {
        (name, sentence)
        for name, field in form.base_fields.items()
        for sentence in sentences(field)
        if sentence in DJANGO - OWN or not re.search("[\u4e00-\u9fff]", sentence)
    }
    assert foreign == set()


def test_forms_are_found():
    assert len(all_forms()) > 20


def test_compiled_words_are_those_that_are_written():
    written = (CATALOG / "django.po").read_text(encoding="utf-8")
    said = re.findall(r'^msgstr(?:\[0\])? "(.+)"$', written, re.MULTILINE)
    assert set(map(filled, said)) == OWN
