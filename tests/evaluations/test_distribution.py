"""How totals spread over bands of points."""

from decimal import Decimal

import pytest
from django.urls import reverse

from evaluations import services
from evaluations.distribution import bands_of


def counted(*pairs):
    bands = bands_of((Decimal(total), count) for total, count in pairs)
    return [(band.words, band.count, band.share) for band in bands]


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ([], []),
        ([("90", 3)], [("90 到不满 95", 3, 100)]),
        ([("94.99", 1), ("95", 4)], [("95 到不满 100", 4, 100), ("90 到不满 95", 1, 25)]),
        ([("97", 1), ("88", 1)], [("95 到不满 100", 1, 100), ("90 到不满 95", 0, 0), ("85 到不满 90", 1, 100)]),
        ([("-0.5", 1), ("0", 2)], [("0 到不满 5", 2, 100), ("-5 到不满 0", 1, 50)]),
    ],
)  # fmt: skip
def test_bands(totals, expected):
    assert counted(*totals) == expected


def test_wider_bands_where_totals_lie_far_apart():
    assert [words for words, *_ in counted(("10", 1), ("99", 1))][::8] == ["90 到不满 100", "10 到不满 20"]
    assert len(counted(("-40", 1), ("120", 1))) == 9
    assert len(counted(("26", 1), ("96", 1))) == 15


@pytest.mark.django_db(transaction=True)
def test_round_shows_the_spread_of_those_who_are_filtered(sign_in, people, half):
    services.request_computation(half.round)
    client, scored = sign_in(people.staff), half.round.results.exclude(total=None)
    address = reverse("evaluations:round", args=[half.round.pk])
    everybody = client.get(address)
    assert sum(band.count for band in everybody.context["bands"]) == scored.count() > 0
    assert "总分怎样分布" in everybody.content.decode()
    branch = scored.first().branch
    one = client.get(address, {"branch": branch.organization_id})
    assert sum(band.count for band in one.context["bands"]) == scored.filter(branch=branch).count()
    assert client.get(address, {"q": "没有这个人"}).context["bands"] == []
