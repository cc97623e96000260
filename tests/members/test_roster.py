"""The roster and a member's record."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.models import ClosedPeriod, FactChange, Member, Membership, Position
from members.names import initials, pinyin
from tests import factories as make
from tests.workbooks import rows_of

ID_NUMBER = "110101197001011238"  # born 1970-01-01, male


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def new_member(**fields):
    return {
        "number": "N1",
        "name": "陈桂兰",
        "gender": "f",
        "born": "1965-03-02",
        "status": "full",
        "mobility": "resident",
        "joined_on": "1990-07-01",
        "starts_on": "2020-01-01",
        **fields,
    }


def form_errors(response):
    return [message for messages in response.context["form"].errors.values() for message in messages]


def test_roster_lists_own_branch_only(people, sign_in):
    page = sign_in(people.secretary).get(url("roster"))
    assert [member.name for member in page.context["page"]] == ["张建国", "王志强"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "张"}, ["张建国"]),
        ({"q": "zjg"}, ["张建国"]),
        ({"q": "ZJ"}, ["张建国"]),
        ({"q": "张 建 国"}, ["张建国"]),
        ({"q": " z jg"}, ["张建国"]),
        ({"q": "zhang"}, ["张建国"]),
        ({"q": "Zhang Jian"}, ["张建国"]),
        ({"q": "jianguo"}, []),
        ({"q": "nobody"}, []),
        ({"mobility": "migrant"}, []),
        ({"status": "full"}, ["张建国", "王志强"]),
        ({"status": "no such status"}, []),
    ],
)
def test_roster_filters(people, sign_in, query, names):
    page = sign_in(people.secretary).get(url("roster"), query)
    assert [member.name for member in page.context["page"]] == names


def test_roster_finds_a_number_by_how_it_begins(people, sign_in):
    page = sign_in(people.secretary).get(url("roster"), {"q": people.wang.number})
    assert [member.name for member in page.context["page"]] == ["王志强"]


def test_roster_refuses_foreign_organization_in_filter(people, places, sign_in):
    page = sign_in(people.secretary).get(url("roster"), {"organization": places.foreign.pk})
    assert list(page.context["page"]) == []
    assert "organization" in page.context["form"].errors


def test_roster_needs_a_reading_role(people, sign_in):
    assert sign_in(people.member).get(url("roster")).status_code == 403
    assert sign_in(people.administrator).get(url("roster")).status_code == 403


def test_roster_query_count_does_not_grow(people, places, sign_in):
    client = sign_in(people.secretary)
    client.get(url("roster"))
    Member.objects.get(name="王志强").memberships.update(organization=places.sibling)
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(url("roster")).context["page"]) == 1
    make.member("甲", places.branch)
    make.member("乙", places.branch)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("roster")).context["page"]) == 3
    assert len(one) == len(three)


def test_roster_of_500_is_paged_with_as_many_queries_as_of_one(people, places, sign_in):
    client = sign_in(people.secretary)
    client.get(url("roster"))

    def asked(rows: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(url("roster"), {"q": "zhang"}).context["page"]) == rows
        return len(queries)

    one = asked(1)
    made = Member.objects.bulk_create(filled(number) for number in range(499))
    Membership.objects.bulk_create(
        Membership(member=person, organization=places.branch, starts_on=make.LONG_AGO) for person in made[:49]
    )
    fifty = asked(50)
    Membership.objects.bulk_create(
        Membership(member=person, organization=places.branch, starts_on=make.LONG_AGO) for person in made[49:]
    )
    assert one == fifty == asked(50)
    last = client.get(url("roster"), {"q": "zhang", "page": 10}).context["page"]
    assert (last.paginator.count, len(last)) == (500, 50)


def filled(number: int) -> Member:
    person = Member(number=f"B{number:03}", name="张三", gender="m", born=datetime.date(1970, 1, 1))
    person.fill_derived()
    return person


def test_member_is_hidden_from_outsider(people, sign_in):
    for name in ("member", "edit_member", "transfer_member", "add_position"):
        assert sign_in(people.outsider).get(url(name, people.zhang.pk)).status_code == 404


def test_changes_of_a_member_have_pages_and_a_workbook(people, sign_in):
    for number in range(60):
        people.zhang.changes.create(
            kind="member", key="name", title=f"=事项{number}", old="", new="新", changed_by=people.secretary
        )
    client = sign_in(people.secretary)
    shown = client.get(url("member", people.zhang.pk), {"page": 2})
    assert [change.title for change in shown.context["page"]][-1] == "=事项0"
    assert len(shown.context["page"]) == 10
    response = client.get(url("member", people.zhang.pk), {"export": "xlsx", "sort": "changed_at", "page": 2})
    head, first, *rest = rows_of(response)
    assert head == ["时间", "事项", "原来", "改为", "登记人"]
    assert first[1:] == ["=事项0", "无", "新", str(people.secretary)]
    assert len(rest) == 59
    assert sign_in(people.outsider).get(url("member", people.zhang.pk), {"export": "xlsx"}).status_code == 404


def test_member_changes_need_the_role(people, sign_in):
    for user in (people.leader, people.general, people.discipline, people.auditor, people.member):
        client = sign_in(user)
        assert client.get(url("member", people.zhang.pk)).status_code == 200
        for name in ("edit_member", "transfer_member", "add_position"):
            assert client.post(url(name, people.zhang.pk)).status_code == 403, name


@pytest.mark.parametrize(
    ("who", "full", "masked"),
    [
        ("secretary", True, False),
        ("staff", True, False),
        ("general", False, True),
        ("leader", False, True),
        ("discipline", False, True),
        ("member", False, True),
        ("auditor", False, False),
    ],
)
def test_member_numbers_by_role(people, sign_in, who, full, masked):
    people.zhang.id_number, people.zhang.phone = ID_NUMBER, "13800001234"
    people.zhang.save()
    body = sign_in(getattr(people, who)).get(url("member", people.zhang.pk)).content.decode()
    assert (ID_NUMBER in body, "13800001234" in body) == (full, full)
    assert ("110***********38" in body, "138****34" in body) == (masked, masked)


def test_add_member(people, places, sign_in):
    data = new_member(organization=places.branch.pk)
    response = sign_in(people.secretary).post(url("add_member"), data)
    member = Member.objects.get(number="N1")
    assert response.url == url("member", member.pk)
    assert member.initials == "cgl"
    assert member.memberships.get().starts_on == datetime.date(2020, 1, 1)
    change = member.changes.get()
    assert (change.kind, change.new, change.changed_by) == ("membership", "和平社区第一党支部", people.secretary)


def test_add_member_without_a_number_gets_the_next_one(people, places, sign_in):
    Member.objects.filter(pk=people.zhang.pk).update(number="000122")
    secretary = sign_in(people.secretary)
    page = secretary.post(url("add_member"), new_member(organization=places.branch.pk, number=""), follow=True)
    assert "已列入和平社区第一党支部名册,编号 000123。" in page.content.decode()
    assert Member.objects.get(number="000123").name == page.context["member"].name


def test_add_member_without_a_number_is_numbered_as_the_branch_is(people, places, sign_in):
    for person, number in ((people.zhang, "HP0031"), (people.wang, "HP0032"), (people.liu, "GM0100")):
        Member.objects.filter(pk=person.pk).update(number=number)
    sign_in(people.secretary).post(url("add_member"), new_member(organization=places.branch.pk, number=""))
    assert Member.objects.get(name="陈桂兰").number == "HP0033"


def test_add_member_twice_without_a_number_is_refused(people, places, sign_in):
    data, secretary = new_member(organization=places.branch.pk, number=""), sign_in(people.secretary)
    secretary.post(url("add_member"), data)
    count = Member.objects.count()
    (sentence,) = form_errors(secretary.post(url("add_member"), data))
    assert sentence.startswith("和平社区第一党支部的名册里已经有陈桂兰(")
    assert Member.objects.count() == count
    secretary.post(url("add_member"), data | {"number": "N2"})
    assert Member.objects.count() == count + 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": "T"}, "这个编号已经有人使用,请换一个。"),
        ({"id_number": ID_NUMBER, "born": "1970-01-01", "gender": "m"}, "这个身份证号已经有人使用,请核对。"),
        ({"id_number": "11010119700101123"}, "身份证号应为 18 位,这里有 17 位。"),
        ({"id_number": "11010119700230123X"}, "身份证号第 7 到 14 位是出生日期,1970-02-30 不存在。"),
        ({"id_number": "110101197001011231"}, "身份证号的最后一位校验码不对,号码可能有输错的数字。"),
        (
            {"id_number": ID_NUMBER, "born": "1970-01-02", "gender": "m"},
            "身份证号里的出生日期是 1970-01-01,与出生日期 1970-01-02 不一致。",
        ),
        ({"id_number": ID_NUMBER, "born": "1970-01-01", "gender": "f"}, "身份证号第 17 位表示男,与性别不一致。"),
        ({"born": "1880-01-01"}, "出生日期 1880-01-01 不对:应在 1900 年以后、今天以前。"),
        (
            {"born": "1980-01-01", "joined_on": "1997-12-31"},
            "入党日期 1997-12-31 时不满 18 周岁,请核对入党日期和出生日期。",
        ),
        ({"phone": "手机"}, "电话只能有数字和短横线,7 到 18 位。"),
        ({"starts_on": "2999-01-01"}, "转入日期 2999-01-01 还没有到。"),
    ],
)
def test_add_member_refuses_with_a_sentence(people, places, sign_in, fields, sentence):
    people.zhang.number = "T"
    people.zhang.id_number = "" if "不一致" in sentence else ID_NUMBER
    people.zhang.save()
    count = Member.objects.count()
    data = new_member(organization=places.branch.pk, **fields)
    assert form_errors(sign_in(people.secretary).post(url("add_member"), data)) == [sentence]
    assert Member.objects.count() == count


def test_add_member_refuses_foreign_branch(people, places, sign_in):
    page = sign_in(people.secretary).post(url("add_member"), new_member(organization=places.foreign.pk))
    assert list(page.context["form"].errors) == ["organization"]


def test_add_member_refuses_settled_period(people, places, sign_in):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2024 年上半年",
        starts_on=datetime.date(2024, 1, 1),
        ends_on=datetime.date(2024, 6, 30),
    )
    page = sign_in(people.secretary).post(url("add_member"), new_member(organization=places.branch.pk))
    assert form_errors(page)[0].startswith("2024-01-01 在 2024 年上半年考核之内")
    assert not Member.objects.filter(number="N1").exists()


def test_edit_member_keeps_history_without_numbers(people, sign_in):
    client = sign_in(people.secretary)
    form = client.get(url("edit_member", people.zhang.pk)).context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"joined_on": "1990-07-01"}
    data |= {"born": "1970-01-01", "phone": "13800001234"}
    assert client.post(url("edit_member", people.zhang.pk), data).status_code == 302
    lines = [(change.key, change.old, change.new) for change in people.zhang.changes.order_by("key")]
    assert lines == [("joined_on", "", "1990-07-01"), ("phone", "", "已填")]
    body = client.get(url("member", people.zhang.pk)).content.decode()
    assert "1990-07-01" in body
    assert "13800001234" not in body.partition("变更记录")[2]


def test_history_is_append_only(people):
    change = FactChange.objects.create(member=people.zhang, kind="member", title="x", changed_by=people.staff)
    with pytest.raises(TypeError):
        change.save()
    with pytest.raises(TypeError):
        change.delete()
    with pytest.raises(TypeError):
        FactChange.objects.update(title="y")
    with pytest.raises(TypeError):
        FactChange.objects.all().delete()


def test_transfer_member_splits_membership(people, places, sign_in):
    data = {"organization": places.sibling.pk, "day": "2025-03-01"}
    client = sign_in(people.staff)
    checked = client.post(url("transfer_member", people.zhang.pk), data).content.decode()
    assert "还没有写入任何数据" in checked
    assert "整个周期的分数只算一次" in checked
    assert people.zhang.memberships.get().ends_on is None
    back = client.post(url("transfer_member", people.zhang.pk), data | {"back": "1"}).content.decode()
    assert 'value="2025-03-01"' in back
    client.post(url("transfer_member", people.zhang.pk), data | {"confirm": "1"})
    rows = list(people.zhang.memberships.order_by("starts_on").values_list("organization", "starts_on", "ends_on"))
    assert rows == [
        (places.branch.pk, make.LONG_AGO, datetime.date(2025, 2, 28)),
        (places.sibling.pk, datetime.date(2025, 3, 1), None),
    ]
    change = people.zhang.changes.get()
    assert (change.old, change.new) == ("和平社区第一党支部", "和平社区第二党支部")


@pytest.mark.parametrize(
    ("day", "place", "sentence"),
    [
        ("2000-01-01", "sibling", "张建国自 2000-01-01 起在和平社区第一党支部,转移日期要晚于这一天。"),
        ("2999-01-01", "sibling", "2999-01-01 还没有到。请到那天再办理。"),
        ("2025-03-01", "branch", "张建国现在就在和平社区第一党支部。"),
        ("2025-03-01", "foreign", "这个组织不在您的工作范围内,请重新选。"),
    ],
)
def test_transfer_member_refuses(people, places, sign_in, day, place, sentence):
    data = {"organization": getattr(places, place).pk, "day": day}
    assert form_errors(sign_in(people.staff).post(url("transfer_member", people.zhang.pk), data)) == [sentence]
    assert people.zhang.memberships.get().ends_on is None


def test_transfer_page_says_how_the_period_is_split(people, places, sign_in):
    Position.objects.create(member=people.zhang, organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    page = sign_in(people.staff).get(url("transfer_member", people.zhang.pk)).content.decode()
    assert "现任和平社区第一党支部党组织书记。转移不会免去职务" in page
    assert "转移日以前的考勤、党费、走访留在和平社区第一党支部" in page
    assert "由周期最后一天所在的支部、按那天采用的方案算,两段的记录都算进去" in page


def test_each_branch_sees_its_part_of_who_was_transferred(people, places, sign_in):
    """Zhang moves to the sibling branch on 1 March; whoever keeps the former one sees what was before, and no more."""
    before, after = datetime.date(2025, 2, 10), datetime.date(2025, 3, 10)
    events = {
        (place, day): make.activity(place, people.staff, day)
        for place in (places.branch, places.sibling)
        for day in (before, after)
    }
    for month in (2, 3):
        make.dues(people.zhang, datetime.date(2025, month, 1), people.staff)
    services.transfer_member(people.zhang, places.sibling, datetime.date(2025, 3, 1), actor=people.staff)
    new_secretary = make.user("新书记", "branch_secretary", places.sibling)

    def listed(user, place, day) -> bool:
        page = sign_in(user).get(url("activity", events[place, day].pk))
        return page.status_code == 200 and people.zhang in [row.member for row in page.context["rows"]]

    def pays(user, place, month) -> bool:
        page = sign_in(user).get(url("dues"), {"month": month, "organization": place.pk})
        return people.zhang in [row.member for row in page.context.get("rows", ())]

    assert listed(people.secretary, places.branch, before)
    assert not listed(people.secretary, places.branch, after)
    assert not listed(people.secretary, places.sibling, after)
    assert listed(new_secretary, places.sibling, after)
    assert not listed(new_secretary, places.sibling, before)
    assert [pays(people.secretary, places.branch, month) for month in ("2025-02", "2025-03")] == [True, False]
    assert [pays(new_secretary, places.sibling, month) for month in ("2025-02", "2025-03")] == [False, True]
    assert sign_in(people.secretary).get(url("member", people.zhang.pk)).status_code == 404
    record = sign_in(new_secretary).get(url("member", people.zhang.pk)).content.decode()
    assert "每个支部看它那一段的记录" in record


def test_secretary_is_told_who_transfers_to_another_branch(people, sign_in):
    sentence = "转到别的支部,请街道政工科办理"
    for user, told in ((people.secretary, True), (people.staff, False)):
        page = sign_in(user).get(url("transfer_member", people.zhang.pk)).content.decode()
        assert (sentence in page) == told


def test_transfer_member_refuses_across_settled_period(people, places, sign_in):
    ClosedPeriod.objects.create(
        organization=places.sibling,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    data = {"organization": places.sibling.pk, "day": "2024-03-01"}
    page = sign_in(people.staff).post(url("transfer_member", people.zhang.pk), data)
    assert "已经办结" in form_errors(page)[0]
    assert Membership.objects.filter(member=people.zhang).count() == 1


def test_position_starts_and_ends(people, places, sign_in):
    client = sign_in(people.secretary)
    data = {"title": "secretary", "organization": places.branch.pk, "starts_on": "2024-01-01"}
    client.post(url("add_position", people.zhang.pk), data)
    position = people.zhang.positions.get()
    again = client.post(url("add_position", people.zhang.pk), data)
    assert form_errors(again) == ["张建国在和平社区第一党支部已经担任党组织书记。"]
    early = client.post(url("end_position", people.zhang.pk, position.pk), {"ends_on": "2023-01-01"})
    assert form_errors(early) == ["离任日期不能早于任职日期 2024-01-01。"]
    client.post(url("end_position", people.zhang.pk, position.pk), {"ends_on": "2024-12-31"})
    position.refresh_from_db()
    assert position.ends_on == datetime.date(2024, 12, 31)
    assert people.zhang.changes.count() == 2


@pytest.mark.parametrize(
    ("starts_on", "sentence"),
    [
        ("2062-01-01", "任职日期 2062-01-01 太远了:最多提前一年登记,请核对年份。"),
        ("1921-06-30", "任职日期 1921-06-30 不对:应在 1921 年以后,请核对年份。"),
        ("1969-12-31", "任职日期 1969-12-31 早于出生日期 1970-01-01,请核对年份。"),
    ],
)
def test_position_begins_within_reach(people, places, sign_in, starts_on, sentence):
    data = {"title": "secretary", "organization": places.branch.pk, "starts_on": starts_on}
    assert form_errors(sign_in(people.secretary).post(url("add_position", people.zhang.pk), data)) == [sentence]
    assert not people.zhang.positions.exists()


def test_position_may_be_put_down_a_year_ahead(people, places, sign_in):
    day = timezone.localdate() + datetime.timedelta(366)
    data = {"title": "secretary", "organization": places.branch.pk, "starts_on": str(day)}
    sign_in(people.secretary).post(url("add_position", people.zhang.pk), data)
    assert people.zhang.positions.get().starts_on == day


@pytest.fixture
def post(people, places):
    """Zhang's post on the committee since March 2025, as it was typed."""
    fields = {"title": "committee_member", "starts_on": datetime.date(2025, 3, 1)}
    return Position.objects.create(member=people.zhang, organization=places.branch, **fields)


def test_wrong_position_is_taken_back_with_its_history(people, sign_in, post):
    client = sign_in(people.secretary)
    address = url("withdraw_position", people.zhang.pk, post.pk)
    assert address in client.get(url("member", people.zhang.pk)).text
    assert "就和没有任过这个职务一样" in client.get(address).text
    assert Position.objects.filter(pk=post.pk).exists()
    page = client.post(address, follow=True)
    assert [str(message) for message in page.context["messages"]] == ["已撤销:和平社区第一党支部支部委员的登记。"]
    assert not Position.objects.filter(pk=post.pk).exists()
    change = people.zhang.changes.get()
    assert (change.title, change.old, change.new) == (
        "职务自 2025-03-01",
        "支部委员(和平社区第一党支部)",
        "登记错了,撤销",
    )
    assert client.post(address).status_code == 404


@pytest.mark.parametrize("closed", ["branch", "street"])
def test_position_that_a_settled_period_has_seen_stays(people, places, sign_in, post, closed):
    ClosedPeriod.objects.create(
        organization=getattr(places, closed),
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    address = url("withdraw_position", people.zhang.pk, post.pk)
    for page in (sign_in(people.secretary).get(address), sign_in(people.secretary).post(address)):
        assert "不能撤销:2025-03-01 在 2025 年上半年考核之内,那次考核已经办结" in page.text
        assert "撤销这个职务" not in page.text
    assert Position.objects.filter(pk=post.pk).exists()


def test_position_elsewhere_stays_though_its_place_is_open(people, places, sign_in, post):
    """The post is the sibling's, where nothing is settled; the period of the member's own branch has seen it."""
    Position.objects.filter(pk=post.pk).update(organization=places.sibling)
    ClosedPeriod.objects.create(
        organization=places.branch,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    assert "已经办结" in sign_in(people.staff).post(url("withdraw_position", people.zhang.pk, post.pk)).text
    assert Position.objects.filter(pk=post.pk).exists()


def test_branch_does_not_take_back_a_post_of_the_street(people, places, sign_in, post):
    Position.objects.filter(pk=post.pk).update(organization=places.street)
    address = url("withdraw_position", people.zhang.pk, post.pk)
    assert sign_in(people.secretary).post(address).status_code == 403
    assert address not in sign_in(people.secretary).get(url("member", people.zhang.pk)).text
    assert sign_in(people.staff).post(address).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("number", "N1", "这个编号已经有人使用,请换一个。"),
        ("id_number", ID_NUMBER, "这个身份证号已经有人使用,请核对。"),
    ],
)
def test_number_that_somebody_takes_at_the_same_moment_is_refused(
    people, places, sign_in, monkeypatch, field, value, sentence
):
    """What the form had checked is no longer so when the member is stored."""
    real = services.add_member

    def after_another(*args, **kwargs):
        make.member("抢先的", places.sibling, **{field: value})
        return real(*args, **kwargs)

    monkeypatch.setattr(services, "add_member", after_another)
    fields = {"born": "1970-01-01", "gender": "m", field: value}
    data = new_member(**({"number": "N2"} if field == "id_number" else {}), **fields, organization=places.branch.pk)
    assert form_errors(sign_in(people.secretary).post(url("add_member"), data)) == [sentence]
    assert not Member.objects.filter(name="陈桂兰").exists()


def test_number_taken_while_another_record_is_changed_is_refused(people, places, sign_in, monkeypatch):
    client, real = sign_in(people.secretary), services.edit_member
    form = client.get(url("edit_member", people.zhang.pk)).context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"number": "N1", "born": "1970-01-01"}

    def after_another(*args, **kwargs):
        make.member("抢先的", places.sibling, number="N1")
        return real(*args, **kwargs)

    monkeypatch.setattr(services, "edit_member", after_another)
    assert form_errors(client.post(url("edit_member", people.zhang.pk), data)) == ["这个编号已经有人使用,请换一个。"]
    assert Member.objects.get(pk=people.zhang.pk).number != "N1"


def test_search_ignores_blanks_in_names(people, places):
    for name in ("李 明", "李\u3000明"):
        person = make.member(name, places.branch)
        assert person.initials == "lm"
        assert list(Member.objects.search("李明")) == [person]
        person.memberships.all().delete()
        person.delete()


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("翟建国", "zhaijianguo"),
        ("单 雄", "shanxiong"),
        ("尉迟恭", "yuchigong"),
        ("吕布", "lvbu"),
        ("阿依·古丽", "ayi·guli"),
    ],
)
def test_pinyin_reads_surnames_as_surnames(name, letters):
    assert pinyin(name) == letters


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("翟建国", "zjg"),
        ("单 雄", "sx"),
        ("阚泽", "kz"),
        ("单于夫", "cyf"),
        ("尉迟恭", "ycg"),
        ("曾国", "zg"),
        ("沈平", "sp"),
    ],
)
def test_initials_read_surnames_as_surnames(name, letters):
    assert initials(name) == letters


def test_category_is_chosen_kept_in_history_and_shown(people, sign_in):
    client = sign_in(people.secretary)
    form = client.get(url("edit_member", people.zhang.pk)).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    assert "领导干部" not in client.get(url("member", people.zhang.pk)).content.decode()
    client.post(url("edit_member", people.zhang.pk), data | {"category": "a"})
    change = people.zhang.changes.get()
    assert (change.key, change.title, change.old, change.new) == ("category", "党员类别", "", "领导干部")
    assert "<dt>党员类别</dt><dd>领导干部</dd>" in client.get(url("member", people.zhang.pk)).content.decode()


def test_unknown_category_is_refused(people, places, sign_in):
    sent = new_member(category="e", organization=places.branch.pk)
    page = sign_in(people.secretary).post(url("add_member"), sent)
    assert list(page.context["form"].errors) == ["category"]
    assert not Member.objects.filter(number="N1").exists()


def test_form_warns_before_it_is_left_unsaved(people, sign_in):
    client = sign_in(people.secretary)
    body = client.get(url("add_member")).content.decode()
    assert 'data-guard=""' in body
    assert "js/guard" in body
    assert 'data-guard="unsaved"' in client.post(url("add_member"), {"name": "甲"}).content.decode()
