"""The course of an entry: declared, reviewed by the branch, decided by the street, taken back."""

import datetime
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from members.models import ClosedPeriod
from scoring import permissions
from scoring.models import Entry
from tests import declaring
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
FIELDS = {"date": "2025-04-20", "quantity": "1", "note": "社区义诊,坐诊半天"}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture
def bonus(people, adopted):
    """Declared by the secretary, waiting for the street."""
    return make.entry(
        people.zhang, "bonus.public_good", version=adopted, date=datetime.date(2025, 4, 20), note="义诊",
        status="reviewed", declared_by=people.secretary,
    )  # fmt: skip


def declare(client, item="bonus.public_good", **fields):
    return declaring.declare(client, reverse("scoring:add_item", args=[item]), FIELDS | fields)


def test_declare_by_secretary_waits_for_the_street(sign_in, people, adopted):
    response = declare(sign_in(people.secretary), member=people.zhang.pk)
    entry = Entry.objects.get()
    assert response.url == reverse("scoring:entry", args=[entry.pk])
    assert (entry.status, entry.declared_by, entry.version) == ("reviewed", people.secretary, adopted)


def test_declare_by_member_waits_for_the_branch(sign_in, people, adopted):
    declare(sign_in(people.member))
    entry = Entry.objects.get()
    assert (entry.status, entry.member) == ("declared", people.zhang)


def test_declare_by_member_offers_merits_only(sign_in, people, adopted):
    assert sign_in(people.member).get(reverse("scoring:add_item", args=["morality.poor"])).status_code == 404


def test_declare_for_a_stranger_is_refused(sign_in, people, adopted):
    response = declare(sign_in(people.secretary), member=people.liu.pk)
    assert response.status_code == 400
    assert not Entry.objects.exists()


def test_declare_without_a_scheme_says_so(sign_in, people):
    assert "还没有采用计分方案" in sign_in(people.secretary).get(reverse("scoring:add")).content.decode()
    assert sign_in(people.secretary).get(reverse("scoring:add_item", args=["bonus.public_good"])).status_code == 404


def test_declare_own_merit_as_secretary_waits_for_another(sign_in, people, places, adopted):
    people.secretary.member = make.member("李秀英", places.branch)
    people.secretary.save()
    url = reverse("scoring:add_item", args=["bonus.public_good"])
    declaring.declare(sign_in(people.secretary), f"{url}?for=me", FIELDS)
    entry = Entry.objects.get()
    assert (entry.member, entry.status) == (people.secretary.member, "declared")
    assert not permissions.can_review(people.secretary, entry)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"date": "2025-02-30"}, "日期不存在或写法不对,请写成 2025-01-08 的样子。"),
        ({"date": "2025-06-19"}, "2025-06-19 还没有到。发生日期不能晚于今天。"),
        ({"date": "1999-01-01"}, "张建国在 1999-01-01 不属于任何支部,请核对日期。"),
        ({"quantity": "0"}, "次数至少为 1。"),
        ({"quantity": "21"}, "一次最多登记 20 次,请核对;确实更多的,分开登记。"),
        ({"note": ""}, "这一项没有填,请补上。"),
    ],
)
def test_declare_refuses_bad_input(sign_in, people, adopted, fields, sentence):
    response = declare(sign_in(people.secretary), member=people.zhang.pk, **fields)
    assert response.status_code == 400
    assert sentence in str(response.context["form"].errors)
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("points", "sentence"),
    [("0", "分值要大于 0。"), ("101", "一条记录最多 100 分,请核对。"), ("三", "请填数字,如 3 或 2.5。")],
)
def test_declare_refuses_odd_points(sign_in, people, adopted, points, sentence):
    response = declare(sign_in(people.secretary), "bonus.example", member=people.zhang.pk, points=points)
    assert response.context["form"].errors["points"] == [sentence]
    assert not Entry.objects.exists()


def test_level_says_what_it_is_worth(sign_in, people, adopted):
    form = sign_in(people.secretary).get(reverse("scoring:add_item", args=["bonus.honor"])).context["form"]
    assert form.fields["level"].choices[:2] == [("", "请选择"), ("national", "国家级 25 分")]


def test_declare_twice_is_refused(sign_in, people, adopted):
    client = sign_in(people.secretary)
    declare(client, member=people.zhang.pk)
    again = declare(client, member=people.zhang.pk)
    assert again.context["form"].errors["note"] == [f"这件事已经登记过(第 {Entry.objects.get().pk} 号),不用再报。"]


def test_declare_into_a_closed_period_is_refused(sign_in, people, places, adopted):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    response = declare(sign_in(people.secretary), member=people.zhang.pk)
    assert "已经办结" in str(response.context["form"].errors["date"])
    assert not Entry.objects.exists()


def test_clause_picker_finds_words_of_the_text(sign_in, people, adopted):
    response = sign_in(people.secretary).get(reverse("scoring:add"), {"q": "应急"})
    found = [item.code for _, rows in response.context["groups"] for item, _ in rows]
    assert "bonus.emergency" in found
    assert "family.breach" not in found


def test_decide_street_approves(sign_in, people, bonus):
    declaring.decide(sign_in(people.staff), bonus, "approve")
    bonus.refresh_from_db()
    assert bonus.status == "approved"
    assert bonus.decisions.get().decided_by == people.staff


def test_decide_refusal_needs_a_reason(sign_in, people, bonus):
    response = declaring.decide(sign_in(people.staff), bonus, "reject")
    assert response.context["form"].errors["reason"] == ["不通过要写明理由,申报人会看到。"]
    bonus.refresh_from_db()
    assert bonus.status == "reviewed"


def test_decide_refusal_is_read_by_the_member(sign_in, people, bonus):
    declaring.decide(sign_in(people.staff), bonus, "reject", "没有活动记录")
    page = sign_in(people.member).get(reverse("scoring:entry", args=[bonus.pk]))
    assert "没有活动记录" in page.content.decode()


def test_decide_in_two_steps(sign_in, people, adopted):
    declare(sign_in(people.member))
    entry = Entry.objects.get()
    for user, status in ((people.secretary, "reviewed"), (people.staff, "approved")):
        declaring.decide(sign_in(user), entry, "approve")
        entry.refresh_from_db()
        assert entry.status == status


def test_decide_by_a_second_click_says_so_and_changes_nothing(sign_in, people, bonus):
    url, data = reverse("scoring:decide", args=[bonus.pk]), {"decision": "approve", "status": "reviewed"}
    client = sign_in(people.staff)
    client.post(url, data)
    page = client.post(url, data, follow=True)
    assert "没有再办一次" in page.content.decode()
    assert bonus.decisions.count() == 1


def test_decide_after_a_colleague_is_refused(sign_in, people, bonus):
    declaring.decide(sign_in(people.staff), bonus, "approve")
    assert declaring.decide(sign_in(people.other_staff), bonus, "approve").status_code == 403
    assert bonus.decisions.count() == 1


def test_nobody_approves_their_own(people, bonus):
    bonus.declared_by = people.staff
    assert not permissions.can_approve(people.staff, bonus)
    assert permissions.can_approve(people.other_staff, bonus)


def test_discipline_items_are_for_the_discipline_office(people, bonus):
    bonus.item = "discipline.severe"
    assert not permissions.can_approve(people.staff, bonus)
    assert permissions.can_approve(people.discipline, bonus)
    assert bonus.status_words == "待纪工委审批"


def test_entry_that_waits_names_the_office(bonus):
    assert bonus.status_words == "待街道审批"
    bonus.status = "declared"
    assert bonus.status_words == "待支部审核"


def test_entry_is_hidden_from_the_outsider(sign_in, people, bonus):
    assert sign_in(people.outsider).get(reverse("scoring:entry", args=[bonus.pk])).status_code == 404


def test_reverse_keeps_both_and_counts_neither(sign_in, people, bonus):
    Entry.objects.filter(pk=bonus.pk).update(status="approved")
    sign_in(people.staff).post(reverse("scoring:reverse", args=[bonus.pk]), {"reason": "重复登记"})
    reversal = Entry.objects.get(reverses=bonus)
    assert (reversal.note, reversal.declared_by) == ("重复登记", people.staff)
    assert sign_in(people.staff).get(reverse("scoring:reverse", args=[bonus.pk])).status_code == 403


def test_withdraw_by_its_author_keeps_the_record(sign_in, people, bonus):
    client = sign_in(people.secretary)
    assert "撤回这条记录" in client.get(reverse("scoring:entry", args=[bonus.pk])).content.decode()
    check = client.get(reverse("scoring:withdraw", args=[bonus.pk])).content.decode()
    assert all(words in check for words in ("撤回这条记录?", "义诊", "待街道审批"))
    bonus.refresh_from_db()
    assert bonus.status == "reviewed"
    page = client.post(reverse("scoring:withdraw", args=[bonus.pk]), follow=True).content.decode()
    bonus.refresh_from_db()
    assert (bonus.status, bonus.decisions.get().step) == ("withdrawn", "withdrawal")
    assert "李秀英 登记人撤回" in page
    assert "撤回这条记录" not in page
    assert not permissions.can_approve(people.staff, bonus)


def test_withdraw_leaves_room_to_declare_again(sign_in, people, adopted):
    client = sign_in(people.secretary)
    declare(client, member=people.zhang.pk)
    client.post(reverse("scoring:withdraw", args=[Entry.objects.get().pk]))
    declare(client, member=people.zhang.pk)
    assert set(Entry.objects.values_list("status", flat=True)) == {"withdrawn", "reviewed"}


@pytest.mark.parametrize("status", ["approved", "rejected", "withdrawn"])
def test_withdraw_of_what_is_settled_is_refused(sign_in, people, bonus, status):
    Entry.objects.filter(pk=bonus.pk).update(status=status)
    assert sign_in(people.secretary).post(reverse("scoring:withdraw", args=[bonus.pk])).status_code == 403


def test_withdraw_by_another_is_refused(sign_in, people, bonus):
    assert sign_in(people.staff).post(reverse("scoring:withdraw", args=[bonus.pk])).status_code == 403
    bonus.refresh_from_db()
    assert bonus.status == "reviewed"


def test_withdraw_in_a_closed_period_is_refused(sign_in, people, places, bonus):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    page = sign_in(people.secretary).post(reverse("scoring:withdraw", args=[bonus.pk]), follow=True)
    assert "已经办结" in page.content.decode()
    assert not bonus.decisions.exists()


# The list ---------------------------------------------------------------------------------------


def listed(client, **query):
    return list(client.get(reverse("scoring:entries"), query).context["page"])


@pytest.fixture
def three(people, adopted):
    """Of two branches and two half-years: waiting, approved and refused."""
    fields = {"version": adopted, "declared_by": people.staff}
    days = [datetime.date(2025, 6, 1), datetime.date(2025, 1, 1), datetime.date(2024, 12, 31)]
    return [
        make.entry(people.zhang, "bonus.honor", date=days[0], level="district", note="表彰", **fields),
        make.entry(people.zhang, "bonus.activity", date=days[1], quantity=2, status="approved", note="比赛", **fields),
        make.entry(people.liu, "bonus.example", date=days[2], points="3.50", status="rejected", note="榜样", **fields),
    ]


def test_entries_list_is_narrowed_by_each_filter(sign_in, people, places, three):
    waiting, approved, refused = three
    client = sign_in(people.staff)
    assert listed(client) == three
    assert listed(client, status="approved") == [approved]
    assert listed(client, period="2025H1") == [waiting, approved]
    assert listed(client, period="2024H2", q="刘") == [refused]
    assert listed(client, organization=places.sibling.pk) == [refused]
    assert listed(client, organization=places.community.pk, item="bonus.honor") == [waiting]
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    assert listed(client, status="left_over") == [waiting]


@pytest.mark.parametrize(
    "query", [{"organization": "foreign"}, {"organization": "x" * 30}, {"period": "1"}, {"item": "y"}]
)
def test_entries_list_refuses_odd_filters(sign_in, people, places, three, query):
    query = {name: places.foreign.pk if value == "foreign" else value for name, value in query.items()}
    response = sign_in(people.staff).get(reverse("scoring:entries"), query)
    assert (response.status_code, list(response.context["page"])) == (200, [])
    assert "没有符合条件的记录" in response.content.decode()


def test_entries_list_offers_only_what_the_reader_sees(sign_in, people, places, three):
    form = sign_in(people.secretary).get(reverse("scoring:entries")).context["form"]
    assert [code for code, _ in form.fields["item"].choices] == ["", "bonus.activity", "bonus.honor"]
    assert list(form.fields["organization"].queryset) == [places.branch]
    form = sign_in(people.member).get(reverse("scoring:entries")).context["form"]
    assert list(form.fields) == ["status", "period", "item"]


def test_entries_list_and_its_workbook_say_what_was_filled_in(sign_in, people, places, three):
    client = sign_in(people.staff)
    page = client.get(reverse("scoring:entries")).content.decode()
    assert all(words in page for words in ("区级 10 分", "2 次", "3.5 分", str(places.sibling)))
    file = client.get(reverse("scoring:entries"), {"export": "xlsx", "item": "bonus.example"}).content
    head, cells = load_workbook(io.BytesIO(file)).active.iter_rows(values_only=True)
    row = dict(zip(head, cells, strict=True))
    assert (row["所在组织"], row["编号"], row["次数"], row["分值"], row["状态"]) == (
        str(places.sibling), people.liu.number, 1, 3.5, "未通过",
    )  # fmt: skip


def test_entries_list_of_a_member_names_no_branch(sign_in, people, places, three):
    page = sign_in(people.member).get(reverse("scoring:entries")).content.decode()
    assert "所在组织" not in page


def test_entries_list_takes_the_same_queries(sign_in, people, adopted):
    client, counts = sign_in(people.secretary), []
    for count in (1, 49, 450):  # 1, 50 and 500 in all
        for _ in range(count):
            make.entry(
                people.zhang,
                "bonus.public_good",
                version=adopted,
                date=TODAY,
                note="义诊",
                declared_by=people.secretary,
            )
        client.get(reverse("scoring:entries"), {"rows": 200})  # definitions are read once a process
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("scoring:entries"), {"rows": 200, "period": "2025H1"})
        counts.append(len(queries))
    assert len(set(counts)) == 1
