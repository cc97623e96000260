"""The grid by script: cells saved one by one, merged with what others do, sent again without harm."""

import datetime
import json
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Attendance, ClosedPeriod, FactChange
from tests import factories as make

DAY = datetime.date(2025, 6, 5)


@pytest.fixture
def event(people, places):
    return make.activity(places.branch, people.secretary, DAY, "theme_day", "6 月主题党日")


@pytest.fixture
def send(sign_in, event):
    """A function that sends cells of (member, shown, status) as a user, and gives back the response."""

    def as_user(user, *cells, since=0):
        sent = [{"member": member.pk, "shown": shown, "status": status} for member, shown, status in cells]
        body = json.dumps({"since": since, "cells": sent})
        return sign_in(user).post(address(event), body, content_type="application/json")

    return as_user


def address(event):
    return reverse("members:attendance_cells", args=[event.pk])


def outcomes(response):
    return {answer["member"]: answer["outcome"] for answer in response.json()["answers"]}


def statuses(event):
    return dict(event.attendances.order_by("member__number").values_list("member__name", "status"))


def close(place):
    days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    ClosedPeriod.objects.create(organization=place, title="2025 年上半年", **days)


def test_one_cell_is_saved_and_nothing_else(people, event, send):
    response = send(people.secretary, (people.zhang, "", "late"))
    assert response.status_code == 200
    (answer,) = response.json()["answers"]
    assert (answer["outcome"], answer["status"], answer["label"], answer["by"]) == ("saved", "late", "迟到", "李秀英")
    assert statuses(event) == {"张建国": "late"}
    change = FactChange.objects.get()
    assert (change.member, change.old, change.new, change.changed_by) == (people.zhang, "", "迟到", people.secretary)


def test_cell_sent_twice_is_stored_once(people, event, send):
    first = send(people.secretary, (people.zhang, "", "late"))
    again = send(people.secretary, (people.zhang, "", "late"))
    assert (outcomes(first), outcomes(again)) == ({people.zhang.pk: "saved"}, {people.zhang.pk: "saved"})
    assert FactChange.objects.count() == 1
    assert event.attendances.get().revision == 1


def test_cells_of_two_people_merge(people, event, send):
    send(people.leader, (people.zhang, "", "late"))
    response = send(people.secretary, (people.wang, "", "absent"), since=0)
    assert response.status_code == 200
    assert statuses(event) == {"张建国": "late", "王志强": "absent"}
    # With the own answer comes what the other one did meanwhile.
    assert {cell["member"]: cell["status"] for cell in response.json()["cells"]} == {
        people.zhang.pk: "late",
        people.wang.pk: "absent",
    }


def test_the_same_cell_of_two_people_is_a_clash(people, event, send):
    send(people.leader, (people.zhang, "", "late"))
    response = send(people.secretary, (people.zhang, "", "absent"), (people.wang, "", "absent"))
    assert response.status_code == 409
    assert outcomes(response) == {people.zhang.pk: "clash", people.wang.pk: "saved"}
    (answer,) = [one for one in response.json()["answers"] if one["outcome"] == "clash"]
    assert (answer["status"], answer["label"], answer["by"]) == ("late", "迟到", "赵德胜")
    assert answer["at"] == f"{timezone.localtime(event.attendances.get(member=people.zhang).recorded_at):%H:%M}"
    assert statuses(event) == {"张建国": "late", "王志强": "absent"}
    assert send(people.secretary, (people.zhang, "late", "absent")).status_code == 200
    assert statuses(event)["张建国"] == "absent"


def test_answers_tell_the_totals_of_the_whole_activity(people, event, send, sign_in):
    make.attendance(event, people.wang, "present", people.secretary)
    totals = {"late": 1, "present": 1}
    assert send(people.secretary, (people.zhang, "", "late")).json()["totals"] == totals
    page = reverse("members:attendance_cells", args=[event.pk])
    assert sign_in(people.secretary).get(page, {"since": "9"}).json()["totals"] == totals


def test_filling_the_rest_overrules_nobody(people, event, send):
    send(people.leader, (people.zhang, "", "late"))
    response = send(people.secretary, (people.zhang, "present", "present"), (people.wang, "present", "present"))
    assert response.status_code == 200
    assert outcomes(response) == {people.zhang.pk: "kept", people.wang.pk: "saved"}
    assert statuses(event) == {"张建国": "late", "王志强": "present"}


def test_later_cells_only_are_told(people, event, send, sign_in):
    send(people.secretary, (people.zhang, "", "late"))
    revision = send(people.secretary, (people.wang, "", "late")).json()["revision"]
    client = sign_in(people.leader)
    assert client.get(address(event), {"since": revision}).json()["cells"] == []
    found = client.get(address(event), {"since": revision - 1}).json()
    assert [cell["member"] for cell in found["cells"]] == [people.wang.pk]
    assert (found["revision"], found["user"]) == (revision, people.leader.pk)
    assert client.get(address(event), {"since": "nonsense"}).status_code == 200


def test_settled_cells_are_refused_one_by_one(people, places, send, sign_in, event):
    place = make.activity(places.community, people.general, DAY)
    close(places.sibling)
    body = {
        "since": 0,
        "cells": [
            {"member": person.pk, "shown": "", "status": "late"} for person in (people.zhang, people.wang, people.liu)
        ],
    }
    response = sign_in(people.general).post(address(place), json.dumps(body), content_type="application/json")
    assert response.status_code == 422
    assert outcomes(response) == {people.zhang.pk: "saved", people.wang.pk: "saved", people.liu.pk: "refused"}
    (refused,) = [one for one in response.json()["answers"] if one["outcome"] == "refused"]
    assert "那次考核已经办结,记录不能再改" in refused["sentence"]
    assert not people.liu.attendances.exists()


def test_member_of_another_branch_is_refused(people, event, send):
    response = send(people.secretary, (people.sun, "", "late"))
    assert response.status_code == 422
    assert outcomes(response) == {people.sun.pk: "refused"}
    assert not Attendance.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"since": 0}',
        '{"since": 0, "cells": [{"member": 1}]}',
        '{"since": 0, "cells": [{"member": "x", "shown": "", "status": "late"}]}',
        '{"since": 0, "cells": [{"member": 1, "shown": "", "status": "sleeping"}]}',
        '{"since": 1e999, "cells": []}',
        '{"since": 0, "cells": 5}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_nonsense_is_refused_in_words(people, event, sign_in, body):
    response = sign_in(people.secretary).post(address(event), body, content_type="application/json")
    assert response.status_code == 400
    assert response.json() == {"fault": "没有看懂送来的内容,没有保存。请刷新页面后再登记。"}


def test_number_beyond_the_database_is_nobody(people, event, sign_in):
    body = json.dumps({"since": 10**30, "cells": [{"member": 10**30, "shown": "", "status": "late"}]})
    response = sign_in(people.secretary).post(address(event), body, content_type="application/json")
    assert [answer["outcome"] for answer in response.json()["answers"]] == ["refused"]


def test_cell_needs_the_role_and_hides(people, event, send):
    assert send(people.outsider, (people.zhang, "", "late")).status_code == 404
    for user in (people.auditor, people.discipline):
        assert send(user, (people.zhang, "", "late")).status_code == 403
    assert not Attendance.objects.exists()


def test_cell_costs_the_same_however_many(people, places, event, send):
    send(people.secretary, (people.zhang, "", "late"))
    with CaptureQueriesContext(connection) as one:
        send(people.secretary, (people.zhang, "late", "absent"))
    more = [make.member(name, places.branch) for name in "甲乙"]
    send(people.secretary, *[(member, "", "late") for member in more])
    with CaptureQueriesContext(connection) as three:
        send(people.secretary, *[(member, "late", "absent") for member in (*more, people.wang)])
    assert len(three) == len(one)
    assert statuses(event) == {"张建国": "absent", "王志强": "absent", "甲": "absent", "乙": "absent"}


@pytest.fixture
def crowd(people, places):
    return [make.member(f"党员{number}", places.branch) for number in range(198)]


def test_grid_of_two_hundred_is_quick_and_asks_little(people, event, crowd, sign_in):
    client = sign_in(people.secretary)
    page = reverse("members:activity", args=[event.pk])
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        began = time.process_time()
        response = client.get(page)
        spent = time.process_time() - began
    assert len(response.context["rows"]) == 200
    assert len(queries) <= 20
    assert spent < 0.5  # far above what it takes; a form or a template a cell would take more


def test_saving_a_cell_is_quick(people, event, crowd, send):
    send(people.secretary, (people.zhang, "", "late"))
    began = time.process_time()
    for status in ("absent", "late") * 5:
        send(people.secretary, (people.zhang, statuses(event)["张建国"], status))
    assert (time.process_time() - began) / 10 < 0.1
