"""Checking in by a code that changes every half minute."""

import datetime
import re
import time

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from members import services
from members.checking_in import code_of, read_code, scanned_at, ticket_for
from members.models import ClosedPeriod, Exemption, FactChange, LeaveRequest
from tests import factories as make

EXPIRED = "这个码已经过期,它每 30 秒换一次。请对着屏幕再扫一次。"


def url(name, *args):
    return reverse(f"members:{name}", args=args)


@pytest.fixture
def event(people, places):
    return make.activity(places.branch, people.secretary, timezone.localdate(), title="主题党日")


@pytest.fixture
def clock(monkeypatch):
    """A function that lets seconds pass."""
    real, passed = time.time, [0]
    monkeypatch.setattr("members.checking_in.time.time", lambda: real() + passed[0])

    def wait(seconds):
        passed[0] += seconds

    return wait


def ticket_of(page) -> str:
    return re.search(r'name="ticket" value="([^"]+)"', page.content.decode())[1]


def test_member_scans_and_is_present(people, event, sign_in):
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    page = client.get(address)
    assert not event.attendances.exists()
    done = client.post(address, {"ticket": ticket_of(page)}, follow=True)
    assert "张建国,您已签到:到会" in done.content.decode()
    mark = event.attendances.get()
    assert (mark.member, mark.status, mark.recorded_by) == (people.zhang, "present", people.member)
    assert FactChange.objects.get().new == "到会"


def test_second_scan_changes_nothing(people, event, sign_in):
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    ticket = ticket_of(client.get(address))
    for _ in range(2):
        client.post(address, {"ticket": ticket})
    assert "您已签到" in client.get(url("check_in", code_of(event))).content.decode()
    assert FactChange.objects.count() == event.attendances.count() == 1


def test_scan_leads_to_sign_in_and_back(people, event, client):
    address = url("check_in", code_of(event))
    sent = client.get(address)
    assert sent.url.split("?")[0] == url("sign_in")
    back = client.post(sent.url, {"username": people.member.username, "password": make.PASSWORD, "next": address})
    assert back.url == address


def at(day, hour, minute, second=0):
    return datetime.datetime.combine(day, datetime.time(hour, minute, second), timezone.get_current_timezone())


@pytest.mark.parametrize(
    ("starts_at", "grace", "arrived", "status"),
    [
        (datetime.time(14, 30), 10, (14, 0), "present"),
        (datetime.time(14, 30), 10, (14, 40), "present"),
        (datetime.time(14, 30), 10, (14, 40, 1), "late"),
        (datetime.time(14, 30), 0, (14, 30), "present"),
        (datetime.time(14, 30), 0, (14, 31), "late"),
        (None, 10, (23, 59), "present"),
    ],
)
def test_the_clock_says_who_is_late(people, event, starts_at, grace, arrived, status):
    event.starts_at, event.grace_minutes = starts_at, grace
    event.save()
    assert services.check_in(event, people.zhang, at(event.date, *arrived), actor=people.member).status == status


@pytest.mark.parametrize(("arrived", "early"), [((16, 59), True), ((17, 0), False)])
def test_scan_hours_before_the_start_is_too_early(people, event, arrived, early):
    event.starts_at = datetime.time(19)
    event.save()
    if early:
        with pytest.raises(ValidationError, match="活动 19:00 开始,现在还早。17:00 起可以签到"):
            services.check_in(event, people.zhang, at(event.date, *arrived), actor=people.member)
    assert event.attendances.exists() is False
    if not early:
        assert services.check_in(event, people.zhang, at(event.date, *arrived), actor=people.member).status == "present"


def test_phone_says_that_it_is_too_early(people, event, sign_in, monkeypatch):
    event.starts_at = datetime.time(19)
    event.save()
    morning = at(event.date, 9, 0)
    monkeypatch.setattr("django.utils.timezone.localtime", lambda *args: morning)
    page = sign_in(people.member).get(url("check_in", code_of(event)))
    assert (page.status_code, "活动 19:00 开始,现在还早。" in page.content.decode()) == (409, True)


def test_code_is_good_for_this_step_and_the_last(event, clock, monkeypatch):
    monkeypatch.setattr("members.checking_in.time.time", lambda: 3000.0)
    code = code_of(event)
    for now, fresh in ((3000, True), (3029, True), (3059, True), (3060, False), (9000, False), (2999, False)):
        monkeypatch.setattr("members.checking_in.time.time", lambda now=now: float(now))
        assert read_code(code).is_fresh == fresh, now
    assert read_code(code.replace(f"{event.pk}-", f"{event.pk + 1}-")) is None
    assert read_code("nonsense") is None


def test_expired_code_says_what_to_do(people, event, sign_in, clock):
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    clock(61)
    for page in (client.get(address), client.post(address, {"sent": "1"})):
        assert page.status_code == 409
        assert page.context["sentence"] == EXPIRED
    assert not event.attendances.exists()


def test_button_works_after_the_code_has_gone(people, event, sign_in, clock):
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    ticket = ticket_of(client.get(address))
    clock(120)
    client.post(address, {"ticket": ticket})
    assert event.attendances.get().status == "present"


def test_ticket_is_ones_own_and_runs_out(people, event, places, clock):
    ticket = ticket_for(event, people.member)
    assert scanned_at(ticket, event, people.member).date() == timezone.localdate()
    assert scanned_at(ticket, event, people.secretary) is None
    assert (
        scanned_at(ticket, make.activity(places.branch, people.secretary, event.date, title="另一个"), people.member)
        is None
    )
    assert scanned_at("nonsense", event, people.member) is None
    clock(301)
    assert scanned_at(ticket, event, people.member) is None


def test_ticket_of_another_is_no_ticket(people, places, event, sign_in, clock):
    stranger = make.member_user(people.wang, places.branch)
    address = url("check_in", code_of(event))
    ticket = ticket_of(sign_in(stranger).get(address))
    clock(61)
    page = sign_in(people.member).post(address, {"ticket": ticket})
    assert page.context["sentence"] == EXPIRED
    assert not event.attendances.exists()


def test_what_the_secretary_put_down_stays(people, event, sign_in):
    make.attendance(event, people.zhang, "sick_leave", people.secretary)
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    assert "书记已经登记您为「病假」" in client.get(address).content.decode()
    client.post(address, {"sent": "1"})
    assert event.attendances.get().status == "sick_leave"


def sentence(sign_in, people, event):
    page = sign_in(people.member).get(url("check_in", code_of(event)))
    assert page.status_code == 409
    return page.context["sentence"]


def test_who_is_on_leave_is_not_made_present(people, event, sign_in):
    LeaveRequest.objects.create(
        activity=event, member=people.zhang, kind="sick_leave", reason="复查", state="approved", asked_by=people.member
    )
    assert sentence(sign_in, people, event) == "您这次请了病假,已经准假。您到了会,请告诉书记,由书记改成到会。"


def test_who_is_not_required_does_not_check_in(people, event, sign_in):
    Exemption.objects.create(member=people.zhang, reason="年老", starts_on=make.LONG_AGO)
    assert sentence(sign_in, people, event) == "这次活动没有要求您参加。您到了会,请告诉书记,由书记登记。"


@pytest.mark.parametrize("days", [-1, 1])
def test_another_day_is_refused(people, event, sign_in, days):
    event.date += datetime.timedelta(days)
    event.save()
    assert sentence(sign_in, people, event) == f"这次活动在 {event.date:%Y-%m-%d},只能当天签到。"
    with pytest.raises(ValidationError):
        services.check_in(event, people.zhang, timezone.localtime(), actor=people.member)
    screen = sign_in(people.secretary).get(url("check_in_screen", event.pk))
    assert "只能当天扫码签到" in screen.content.decode()
    assert "<svg" not in screen.content.decode()


def test_settled_day_is_refused(people, places, event, sign_in):
    client = sign_in(people.member)
    address = url("check_in", code_of(event))
    ticket = ticket_of(client.get(address))
    ClosedPeriod.objects.create(organization=places.street, title="本周期", starts_on=event.date, ends_on=event.date)
    page = client.post(address, {"ticket": ticket})
    assert page.status_code == 409
    assert "已经办结" in page.context["sentence"]


def test_who_is_not_on_the_list_is_told(people, places, event, sign_in):
    other = make.activity(places.sibling, people.staff, event.date)
    for user, where in ((people.member, other), (people.secretary, event)):
        page = sign_in(user).get(url("check_in", code_of(where)))
        assert page.status_code == 404
        assert "这次活动的名单里没有您" in page.content.decode()


def test_screen_shows_a_code_that_works(people, event, sign_in):
    body = sign_in(people.leader).get(url("check_in_screen", event.pk)).content.decode()
    assert "<svg" in body
    assert "style=" not in body
    assert f'hx-get="{url("check_in_code", event.pk)}"' in body
    services.check_in(event, people.zhang, timezone.localtime(), actor=people.member)
    part = sign_in(people.leader).get(url("check_in_code", event.pk))
    assert (part.context["arrived"], part.context["listed"]) == (1, 2)
    assert "最近到会:张建国(扫码签到)" in part.content.decode()


def test_screen_says_what_to_do_where_no_phone_reaches_it(people, event, sign_in):
    client = sign_in(people.secretary)
    for name in ("check_in_screen", "check_in_code"):
        for host in ("localhost:8000", "localhost", "[::1]"):
            alone = client.get(url(name, event.pk), headers={"host": host}).text
            assert "请问管系统的人:手机能打开的网址是什么" in alone
        assert "请问管系统的人" not in client.get(url(name, event.pk)).text


def test_screen_says_how_each_got_on_record(people, event, sign_in):
    services.check_in(event, people.zhang, timezone.localtime(), actor=people.member)
    services.record_attendance(event, {people.wang: ("", "present")}, actor=people.secretary)
    client = sign_in(people.leader)
    assert "最近到会:王志强(书记登记)、张建国(扫码签到)" in client.get(url("check_in_code", event.pk)).content.decode()
    services.record_attendance(event, {people.zhang: ("present", "late")}, actor=people.secretary)
    assert "最近到会:张建国(书记登记)、王志强(书记登记)" in client.get(url("check_in_code", event.pk)).content.decode()
    body = sign_in(people.member).get(url("check_in", code_of(event))).content.decode()
    assert "张建国,书记已经登记您:迟到" in body


def test_code_changes_with_the_step(event, monkeypatch):
    codes = []
    for now in (3000.0, 3029.0, 3030.0):
        monkeypatch.setattr("members.checking_in.time.time", lambda now=now: now)
        codes.append(code_of(event))
    assert codes[0] == codes[1] != codes[2]


def test_screen_needs_the_role_and_hides(people, event, sign_in):
    for name in ("check_in_screen", "check_in_code"):
        assert sign_in(people.outsider).get(url(name, event.pk)).status_code == 404
        for user in (people.auditor, people.discipline):
            assert sign_in(user).get(url(name, event.pk)).status_code == 403


def test_grace_is_kept_with_the_activity(people, places, event, sign_in):
    data = {"organization": places.branch.pk, "kind": "study", "title": "主题党日", "date": f"{event.date}"}
    client = sign_in(people.secretary)
    client.post(url("edit_activity", event.pk), data | {"grace_minutes": "5"})
    event.refresh_from_db()
    assert event.grace_minutes == 5
    client.post(url("edit_activity", event.pk), data | {"grace_minutes": ""})
    event.refresh_from_db()
    assert event.grace_minutes == 5
    page = client.post(url("edit_activity", event.pk), data | {"grace_minutes": "181"})
    assert page.context["form"].errors == {"grace_minutes": ["最多写 180 分钟。"]}


def test_screen_says_that_nobody_is_late_without_a_start(people, event, sign_in):
    client, address = sign_in(people.secretary), url("check_in_screen", event.pk)
    words = "这次活动没有写几点开始:不管几点扫码,都记作到会"
    body = client.get(address).content.decode()
    assert words in body
    assert f'<a href="{url("edit_activity", event.pk)}">去写开始时间</a>' in body
    event.starts_at = datetime.time(9)
    event.save()
    assert words not in client.get(address).content.decode()


def test_screen_gets_a_new_code_without_a_script(people, event, sign_in):
    client, address = sign_in(people.secretary), url("check_in_screen", event.pk)
    refresh = '<noscript><meta http-equiv="refresh" content="20"></noscript>'
    assert refresh in client.get(address).content.decode().partition("</head>")[0]
    event.date -= datetime.timedelta(days=1)
    event.save()
    assert refresh not in client.get(address).content.decode()
