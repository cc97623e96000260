"""Rows of grids: their inputs are written without a template each."""

import datetime
from types import SimpleNamespace

import pytest
from django.forms.renderers import TemplatesSetting

from members.dues_cells import DuesCell
from members.forms.dues import DuesRow
from members.forms.dues_bases import BaseRow
from members.forms.visits import VisitRow

MONTH = datetime.date(2025, 6, 1)
MEMBER = SimpleNamespace(pk=7, mobility_then="resident")
SENT = {
    "m7-seen": "\"<&'>",
    "m7-assigned": '1"><script>',
    "m7-visited": "",
    "m7-kind": "employed",
    "m7-full": "on",
    "m7-paid_on": "2025-06-05",
    "m7-payer": "王<丽",
}


@pytest.mark.parametrize("data", [None, SENT])
@pytest.mark.parametrize(
    "row_of",
    [
        lambda data: VisitRow(data, member=MEMBER, month=MONTH, saved=None, proposed=3),
        lambda data: BaseRow(data, member=MEMBER, month=MONTH, base=None),
        lambda data: DuesRow(data, cell=DuesCell(MEMBER, MONTH, None, None)),
    ],
)
def test_inputs_are_those_that_django_writes(row_of, data):
    row = row_of(data)
    written = [str(row[name]) for name in row.fields]
    row.renderer = TemplatesSetting()
    assert written == [str(row[name]) for name in row.fields]
