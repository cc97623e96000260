"""What an attendance status means, said beside the grid."""

import datetime

import pytest
from django.urls import reverse

from tests import factories as make

DAY = datetime.date(2025, 3, 5)


@pytest.fixture
def grid(sign_in, people, places):
    event = make.activity(places.branch, people.secretary, DAY)
    return lambda: sign_in(people.secretary).get(reverse("members:activity", args=[event.pk])).content.decode()


def test_grid_says_what_each_status_costs(grid, adopted):
    assert '<li data-status="late">迟到每次扣 4 分(「参加组织活动」)。</li>' in grid()


def test_grid_without_a_scheme_says_nothing_of_points(grid):
    assert "怎样计分" not in grid()
