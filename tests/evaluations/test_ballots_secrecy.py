"""Everything that an insider could read after an appraisal of forty voters, and what it says of who voted how.

The insider has every table with row versions and places, sessions, log lines, the file itself, and knows the order in
which people voted.
"""

import datetime
import logging
import random
import re
import shutil
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import BallotCode, BallotCount, Voter
from evaluations.services.ballots import digest_of
from scoring.engine import Period
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)

SIGNED_IN, WITH_CODE = 24, 16
SCORES = ("100", "95", "90", "85", "80", "75", "70", "60", "50", None)
GROUP = "members_residents"
LUCK = 4000  # drawings that say how far chance alone goes


class Election:
    """An open appraisal of six candidates with forty voters in one group, and what each of them wants to vote."""

    def __init__(self, people, places, seed: int):
        rng = random.Random(seed)
        self.candidates = [make.member(f"候选{number}", places.branch) for number in range(6)]
        self.voters = [make.member(f"投票{number}", places.branch) for number in range(SIGNED_IN)]
        now = timezone.now()
        self.appraisal = services.open_appraisal(
            services.set_up_appraisal(
                places.branch,
                Period.parse("2025H1"),
                now - datetime.timedelta(hours=1),
                now + datetime.timedelta(hours=1),
                self.candidates,
                {
                    "committee": services.Electorate(head_count=1),
                    GROUP: services.Electorate(self.voters, head_count=WITH_CODE),
                    "household_reps": services.Electorate(head_count=1),
                },
            )
        )
        self.group = self.appraisal.groups.get(code=GROUP)
        services.mark_roster(self.group, [], (0, 0), (0, WITH_CODE))
        self.codes = services.make_codes(self.group, WITH_CODE, 0)
        self.order = [*self.voters, *self.codes]
        rng.shuffle(self.order)
        self.ballots = [
            {member.pk: score and Decimal(score) for member in self.candidates for score in [rng.choice(SCORES)]}
            for _ in self.order
        ]

    def vote(self, ballots: list[dict]) -> None:
        """In their order everybody casts one of these ballots."""
        for voter, ballot in zip(self.order, ballots, strict=True):
            if isinstance(voter, str):
                services.vote_by_code(voter, ballot)
            else:
                services.vote_as_member(Voter.objects.get(member=voter), ballot)

    def vote_in_browsers(self, places) -> None:
        for voter, ballot in zip(self.order, self.ballots, strict=True):
            browser, fields = Client(), {"cast": "1"}
            fields |= {f"answer-{pk}": "none" if score is None else str(score) for pk, score in ballot.items()}
            address = reverse("evaluations:vote")
            if isinstance(voter, str):
                fields["code"] = voter
            else:
                user = make.member_user(voter, places.branch)
                browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
                address = reverse("evaluations:ballot", args=[self.appraisal.pk])
            assert browser.post(address, fields).url == reverse("evaluations:vote_done")


def recount(ballots: list[dict]) -> Counter:
    return Counter((member, score) for ballot in ballots for member, score in ballot.items())


def stored(election: Election) -> Counter:
    counts = election.group.counts.filter(count__gt=0).values_list("member", "score", "count")
    return Counter({(member, score): count for member, score, count in counts})


def dump() -> dict[str, list[dict]]:
    """Every row of every table, with what the database knows of its version and place."""
    tables = [table for table in connection.introspection.table_names() if not table.startswith("sqlite_")]
    hidden = "xmin::text::bigint AS xmin, xmax::text::bigint AS xmax, ctid::text AS ctid"
    hidden = hidden if connection.vendor == "postgresql" else "rowid AS place"
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT {hidden}, t.* FROM "{table}" t')  # noqa: S608  our own tables
            names = [column[0] for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def place(row: dict) -> tuple:
    """Where a row lies in its table."""
    return tuple(map(int, re.findall(r"\d+", row["ctid"]))) if "ctid" in row else (row["place"],)


def handles(row: dict) -> dict[str, object]:
    """What rows can be put into an order by."""
    return {"place": place(row), **{key: row[key] for key in ("xmin", "xmax", "id", "pk", "expire_date") if key in row}}


def guesses(rows: list[dict], key: str, voters: int, member: int) -> list:
    """The scores of a candidate laid out in the order of the counters, one for each ballot."""
    own = sorted((row for row in rows if row["member_id"] == member), key=lambda row: handles(row)[key])
    laid_out = [row["score"] for row in own for _ in range(row["count"])]
    return laid_out[:voters]


def hits(guessed: dict[int, list], ballots: list[dict]) -> int:
    """How many answers of how many voters were guessed."""
    return sum(
        same(score, ballot[member])
        for member, scores in guessed.items()
        for score, ballot in zip(scores, ballots)  # noqa: B905
    )


def same(left, right) -> bool:
    return (left is None) == (right is None) and (left is None or Decimal(str(left)) == right)


def most_by_luck(guessed: dict[int, list], ballots: list[dict]) -> int:
    rng = random.Random(7)
    best = 0
    for _ in range(LUCK):
        drawn = {member: rng.sample(scores, len(scores)) for member, scores in guessed.items()}
        best = max(best, hits(drawn, ballots))
    return best


@pytest.fixture
def election(shared_database, adopted, people, places) -> Election:
    cache.clear()
    return Election(people, places, seed=11)


def counters_of(election: Election, tables: dict) -> list[dict]:
    return [row for row in tables["evaluations_ballotcount"] if row["group_id"] == election.group.pk]


def known_orders(election: Election, tables: dict, lines: list[str]) -> dict[str, list[int]]:
    """Ways to put those who voted into an order, as their numbers in the order of voting."""
    number = {
        str(voter.pk if not isinstance(voter, str) else digest_of(voter)): n for n, voter in enumerate(election.order)
    }
    orders = {"the order of voting": list(range(len(election.order)))}
    ticks = [row for row in tables["evaluations_voter"] if str(row["member_id"]) in number]
    codes = [row for row in tables["evaluations_ballotcode"] if row["digest"] in number]
    for name, rows, who in (
        ("ticks", ticks, lambda row: number[str(row["member_id"])]),
        ("codes", codes, lambda row: number[row["digest"]]),
        ("digests", sorted(codes, key=lambda row: row["digest"]), lambda row: number[row["digest"]]),
    ):
        for key in handles(rows[0]):
            orders[f"{name} by {key}"] = [who(row) for row in sorted(rows, key=lambda row: handles(row)[key])]
    members = {row["id"]: str(row["member_id"]) for row in tables["members_user"]}
    owners = {one.pk: members[int(one.get_decoded()["_auth_user_id"])] for one in Session.objects.all()}
    sessions = tables["django_session"]
    assert len(sessions) == SIGNED_IN
    for key in handles(sessions[0]):
        by_key = sorted(sessions, key=lambda row: handles(row)[key])
        orders[f"sessions by {key}"] = [number[owners[row["session_key"]]] for row in by_key]
    assert not [line for line in lines if "answer" in line]
    return orders | {f"{name}, last first": order[::-1] for name, order in orders.items()}


@pytest.mark.parametrize("over", [False, True], ids=["while it is open", "after the closing"])
def test_insider_does_no_better_than_chance(election, people, places, caplog, over):
    caplog.set_level(logging.DEBUG)
    election.vote_in_browsers(places)
    if over:
        services.close_appraisal(election.appraisal, actor=people.staff, without="人没有到齐")
    tables = dump()
    rows = counters_of(election, tables)
    orders = known_orders(election, tables, [record.getMessage() for record in caplog.records])
    found = {}
    for by, order in orders.items():
        ballots = [election.ballots[number] for number in order]
        for key in handles(rows[0]):
            guessed = {member.pk: guesses(rows, key, len(order), member.pk) for member in election.candidates}
            found[by, key] = (hits(guessed, ballots), len(order))
    limit = {
        size: most_by_luck(
            {member.pk: guesses(rows, "id", size, member.pk) for member in election.candidates}, election.ballots[:size]
        )
        for size in {size for _, size in found.values()}
    }
    assert [(way, hit) for way, (hit, size) in found.items() if hit > limit[size] + 6] == []


@pytest.mark.parametrize("over", [False, True], ids=["while it is open", "after the closing"])
def test_last_ballot_is_no_newer_than_the_others(election, people, over):
    election.vote(election.ballots)
    if over:
        services.close_appraisal(election.appraisal, actor=people.staff, without="人没有到齐")
    rows = counters_of(election, dump())
    assert len(rows) == len(election.candidates) * len(SCORES)
    assert {(row.get("xmin"), row.get("xmax")) for row in rows} == {(rows[0].get("xmin"), rows[0].get("xmax"))}
    if connection.vendor == "postgresql" and not over:
        return  # where a version comes to lie depends on free space; rows are of one size, whatever was voted
    by_id = sorted(rows, key=lambda row: row["id"])
    if over:
        assert by_id == sorted(rows, key=lambda row: (row["member_id"], row["score"] or -1))
    pages = defaultdict(list)
    for row in sorted(rows, key=place):
        pages[place(row)[:-1]].append(row["id"])
    # Which page of the file is filled first depends on free space; in each of them rows lie as they were written.
    assert all(ids == sorted(ids) for ids in pages.values())


def test_recount_is_equal(election, people):
    election.vote(election.ballots)
    assert stored(election) == recount(election.ballots)
    services.close_appraisal(election.appraisal, actor=people.staff, without="人没有到齐")
    assert stored(election) == recount(election.ballots)


def test_nothing_that_is_stored_or_said_holds_a_code_or_an_answer(election, people, places, caplog, shared_database):
    caplog.set_level(logging.DEBUG)
    election.vote_in_browsers(places)
    services.close_appraisal(election.appraisal, actor=people.staff, without="人没有到齐")
    everything = str(dump()) + "\n".join(record.getMessage() for record in caplog.records)
    assert not [code for code in election.codes if code in everything or code.replace("-", "") in everything]
    assert "answer-" not in everything
    if shared_database:
        connections["default"].close()
        raw = b"".join(file.read_bytes() for file in shared_database.parent.glob(f"{shared_database.name}*"))
        assert not [code for code in election.codes if code.encode() in raw or code.replace("-", "").encode() in raw]
        assert b"answer-" not in raw


def test_file_is_the_same_whoever_cast_which_ballot(election, people, shared_database, monkeypatch, tmp_path):
    """Byte for byte: so the file, free pages included, says nothing of who voted how."""
    if not shared_database:
        pytest.skip("PostgreSQL's files are the server's")
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    connections["default"].close()
    before = tmp_path / "before.sqlite3"
    shutil.copy(shared_database, before)
    files = []
    for seed in (1, 2, 3):
        connections["default"].close()
        shutil.copy(before, shared_database)
        swapped = random.Random(seed).sample(election.ballots, len(election.ballots))
        election.vote(swapped)
        services.close_appraisal(election.appraisal, actor=people.staff, without="人没有到齐")
        assert shared_database.with_name(f"{shared_database.name}-wal").stat().st_size == 0
        files.append(shared_database.read_bytes())
        assert stored(election) == recount(election.ballots)
    assert files[0] == files[1] == files[2]


def test_attack_finds_what_there_is_to_find(election):
    """The attack above, on ballots that are stored in the order of voting: it does far better than chance."""
    naive = [
        {"place": number, "id": number, "member_id": member, "score": score, "count": 1}
        for number, ballot in enumerate(election.ballots)
        for member, score in ballot.items()
    ]
    guessed = {member.pk: guesses(naive, "id", len(election.order), member.pk) for member in election.candidates}
    assert hits(guessed, election.ballots) == len(election.order) * len(election.candidates)
    assert most_by_luck(guessed, election.ballots) < 0.3 * hits(guessed, election.ballots)
    assert Counter(BallotCode.objects.values_list("used", flat=True)) == {False: WITH_CODE}
    assert BallotCount.objects.filter(count__gt=0).count() == 0
