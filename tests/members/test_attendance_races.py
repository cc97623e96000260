"""Twenty people in one grid at once."""

import datetime
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members import services
from members.models import Attendance, FactChange, LeaveRequest, Role
from tests import factories as make
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 20
DAY = datetime.date(2025, 6, 5)


@pytest.fixture
def grid(shared_database, people, places):
    """An activity with forty members, and twenty secretaries with a browser each."""
    event = make.activity(places.branch, people.secretary, DAY)
    members = [people.zhang, people.wang, *(make.member(f"党员{number}", places.branch) for number in range(38))]
    browsers = []
    for number in range(PEOPLE):
        browser = Client()
        user = make.user(f"书记{number}", Role.BRANCH_SECRETARY, places.branch)
        browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        browsers.append((user, browser))
    return event, members, browsers


def sender(event, browser, *cells):
    """A job that sends cells of (member, shown, status)."""
    sent = [{"member": member.pk, "shown": shown, "status": status} for member, shown, status in cells]
    address = reverse("members:attendance_cells", args=[event.pk])
    return lambda: browser.post(address, {"since": 0, "cells": sent}, content_type="application/json")


def test_twenty_people_in_different_rows_keep_everything(grid):
    event, members, browsers = grid
    jobs = [
        sender(event, browser, (members[2 * number], "", "late"), (members[2 * number + 1], "", "absent"))
        for number, (_, browser) in enumerate(browsers)
    ]
    answers = at_once(*jobs)
    assert [answer.status_code for answer in answers] == [200] * PEOPLE
    assert Counter(event.attendances.values_list("status", flat=True)) == {"late": 20, "absent": 20}
    assert FactChange.objects.count() == 40
    assert sorted(event.attendances.values_list("revision", flat=True)) == sorted(2 * list(range(1, 21)))


def test_twenty_people_in_one_cell_are_one_and_nineteen_told(grid):
    event, members, browsers = grid
    choices = ("late", "absent", "sick_leave", "proxy")
    jobs = [
        sender(event, browser, (members[0], "", choices[number % 4])) for number, (_, browser) in enumerate(browsers)
    ]
    answers = at_once(*jobs)
    mark = Attendance.objects.get()
    told = Counter(answer.json()["answers"][0]["outcome"] for answer in answers)
    assert told == {"saved": 5, "clash": 15}
    assert {answer.json()["answers"][0]["status"] for answer in answers} == {mark.status}
    assert FactChange.objects.count() == 1


def test_filling_and_marking_at_once_keep_every_mark(grid):
    """Half confirm that all are present while the others mark one absent each: nobody's mark is overwritten."""
    event, members, browsers = grid
    jobs = []
    for number, (_, browser) in enumerate(browsers):
        if number % 2:
            jobs.append(sender(event, browser, *((member, "present", "present") for member in members)))
        else:
            jobs.append(sender(event, browser, (members[number], "present", "absent")))
    answers = at_once(*jobs)
    assert [answer.status_code for answer in answers] == [200] * PEOPLE
    assert Counter(event.attendances.values_list("status", flat=True)) == {"absent": 10, "present": 30}


def test_whole_forms_at_once(grid):
    """Without scripts: twenty forms with one row changed each."""
    event, members, browsers = grid
    page = reverse("members:activity", args=[event.pk])

    def job(number, browser):
        data = {f"m{member.pk}-{field}": "present" for member in members for field in ("shown", "status")}
        return lambda: browser.post(page, data | {f"m{members[number].pk}-status": "late"}).status_code

    assert at_once(*[job(number, browser) for number, (_, browser) in enumerate(browsers)]) == [302] * PEOPLE
    assert Counter(event.attendances.values_list("status", flat=True)) == {"late": 20, "present": 20}


def test_checking_in_against_the_secretary_loses_neither(grid, people):
    event, _, browsers = grid
    event.date = timezone.localdate()
    event.save()
    arrived = timezone.localtime()

    def check_in():
        return services.check_in(event, people.zhang, arrived, actor=people.member).status

    answers = at_once(sender(event, browsers[0][1], (people.zhang, "", "sick_leave")), *[check_in] * 9)
    mark = event.attendances.get(member=people.zhang)
    outcome = answers[0].json()["answers"][0]["outcome"]
    assert (mark.status, outcome) in [("sick_leave", "saved"), ("present", "clash")]
    assert set(answers[1:]) == {mark.status}
    assert FactChange.objects.count() == 1


def test_leave_is_decided_once(grid, people):
    event, _, browsers = grid
    asked = LeaveRequest.objects.create(
        activity=event, member=people.zhang, kind="sick_leave", reason="复查", asked_by=people.member
    )

    def decide(user, approved):
        return services.decide_leave(asked, approved=approved, answer="理由", actor=user).state

    outcomes = at_once(*[lambda n=n, user=user: decide(user, n % 2 == 0) for n, (user, _) in enumerate(browsers[:10])])
    asked.refresh_from_db()
    assert sum(outcome in ("approved", "refused") for outcome in outcomes) == 1
    assert event.attendances.count() == (asked.state == "approved")


def test_leave_is_asked_once(grid, people):
    event, _, _ = grid
    event.date = timezone.localdate()
    event.save()

    def ask():
        request = LeaveRequest(activity=event, member=people.zhang, kind="sick_leave", reason="复查")
        return services.ask_leave(request, actor=people.member).state

    assert sorted(at_once(*[ask] * 8)) == ["waiting", *["这次活动您已经请过病假:待批。"] * 7]
