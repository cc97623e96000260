"""Worked cases on the screen: written in a form, run, kept, sent out and taken in as a file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import Role, RoleAssignment
from scoring.adoption_services import failing_cases
from scoring.engine import Period
from scoring.forms_cases import as_posted
from scoring.models import Adoption, WorkedCase
from scoring.worked_cases import Run, read_back, run_case, run_document, scalar
from tests import factories as make

CODE = "community-half-year"
FULL = """case: everything
scheme: community-half-year
period: 2025H1
settings: {five_leads_percent: 20}
organization: {size: 40}
members:
  zhang:
    status: probationary
    mobility: migrant
    born: 1968-04-02
    category: c
    positions: [secretary, director]
    attendance:
      - {date: 2025-01-08, kind: branch_meeting, status: late}
      - {date: 2025-03-08, kind: study, status: sick_leave}
    dues:
      - {month: 2025-01, due: 10, paid: 10, paid_on: 2025-02-20}
      - {month: 2025-02, due: 10.50, excused: true}
    visits:
      - {month: 2025-01, assigned: 5, visited: 4}
    entries:
      - {item: bonus.honor, date: 2025-03-02, level: district}
      - {item: bonus.public_good, date: 2025-04-02, quantity: 2}
      - {item: bonus.example, date: 2025-04-02, points: 3.5}
    reports: [2025Q1]
    appraisal: {2025H1: {committee: [90, 95], members_residents: [88], household_reps: [92.5]}}
    history:
      - {period: 2024H2, grade: unqualified}
expect:
  zhang:
    status: scored
    items: {daily.activities: 16, daily.dues: 8}
    total: 116.18
    grade: excellent
    lists: [honor]
    consequences: []
"""
TWO = """case: late-once
scheme: community-half-year
period: 2025H1
members:
  a: {attendance: [{date: 2025-03-05, kind: study, status: late}]}
  b: {}
expect:
  a: {items: {daily.activities: 16}}
---
# a second one
case: absent-once
scheme: community-half-year
period: 2025H1
members:
  a: {attendance: [{date: 2025-03-05, kind: study, status: absent}]}
expect:
  a: {items: {daily.activities: 15}}
"""


def url(name, *args):
    return reverse(f"scoring:{name}", args=args)


def filled(places, **fields) -> dict[str, str]:
    """What a browser sends for a case of one late arrival, which leaves 16 points of 20."""
    data = {
        "organization": places.branch.pk,
        "name": "late-once",
        "settings": "model",
        "period": "2025H1",
        "person": "张三",
        "status": "full",
        "mobility": "resident",
        "attendance-TOTAL_FORMS": "3",
        "attendance-0-date": "2025-03-05",
        "attendance-0-kind": "study",
        "attendance-0-status": "late",
        "dues-TOTAL_FORMS": "3",
        "visits-TOTAL_FORMS": "3",
        "entries-TOTAL_FORMS": "3",
        "history-TOTAL_FORMS": "3",
        "expect_items-TOTAL_FORMS": "3",
        "expect_items-0-item": "daily.activities",
        "expect_items-0-value": "16",
        "action": "save",
    }
    return data | fields


@pytest.fixture
def add(sign_in, people, places, adopted):
    """A function that posts the form of a new case as the secretary."""
    client = sign_in(people.secretary)
    return lambda **fields: client.post(url("add_case", CODE), filled(places, **fields))


@pytest.fixture
def case(people, places, adopted):
    return WorkedCase.objects.create(
        code=CODE, organization=places.branch, name="everything", document=FULL, created_by=people.secretary
    )


def sentences(page) -> list[str]:
    return page.context["forms"].errors()


# The form -------------------------------------------------------------------------------------


def test_case_from_the_form_is_stored_and_holds(add, people, places, adopted):
    response = add(**{"ballots-committee-H1": "90\uff0c95", "expect_lists": "none", "positions": ["secretary"]})
    case = WorkedCase.objects.get()
    assert response.url == url("case", case.pk)
    assert (case.code, case.organization, case.name, case.created_by) == (
        CODE, places.branch, "late-once", people.secretary,
    )  # fmt: skip
    assert case.document == (
        "case: late-once\n"
        "scheme: community-half-year\n"
        "period: 2025H1\n"
        "settings: {}\n"
        "members:\n"
        "  张三:\n"
        "    positions: [secretary]\n"
        "    attendance:\n"
        "      - {date: 2025-03-05, kind: study, status: late}\n"
        "    appraisal: {2025H1: {committee: [90, 95]}}\n"
        "expect:\n"
        "  张三:\n"
        "    items: {daily.activities: 16}\n"
        "    lists: []\n"
    )
    assert run_case(adopted, case.document).holds


def test_names_may_be_chinese_and_come_back_into_the_form(add, sign_in, people, adopted):
    add(
        name="迟到一次(张三)",
        person="张三:甲",
        period="2031H1",
        action="keep",
        **{"history-0-period": "2019H2", "history-0-grade": "excellent"},
    )
    case = WorkedCase.objects.get()
    assert case.document.startswith('case: "迟到一次(张三)"\n')
    assert '\n  "张三:甲":\n' in case.document
    form = sign_in(people.secretary).get(url("edit_case", case.pk)).context["forms"]
    assert (form.person["person"].value(), form.person["period"].value()) == ("张三:甲", "2031H1")
    assert ("2031H1", "2031 年上半年") in form.person.fields["period"].choices
    [history, *_] = form.sections["history"]
    assert ("2019H2", "2019 年下半年") in history.fields["period"].choices


def test_periods_are_offered_by_name(sign_in, people, adopted):
    form = sign_in(people.secretary).get(url("add_case", CODE)).context["forms"].person
    year = timezone.localdate().year
    assert form.fields["period"].choices[:3] == [
        (f"{year + 1}", f"{year + 1} 年(全年)"),
        (f"{year + 1}H2", f"{year + 1} 年下半年"),
        (f"{year + 1}H1", f"{year + 1} 年上半年"),
    ]
    assert form["period"].value() == Period.containing(timezone.localdate()).code


def test_answer_is_shown_before_saving(add):
    page = add(action="run", **{"expect_items-0-value": "18"})
    [row] = page.context["run"].rows
    assert str(row) == "张三 · 参加组织活动:应为 18,算得 16"
    assert "不符也保存" in page.content.decode()
    assert not WorkedCase.objects.exists()


def test_case_that_differs_is_saved_only_when_asked(add):
    page = add(**{"expect_items-0-value": "18"})
    assert page.context["run"].wrong
    assert not WorkedCase.objects.exists()
    add(action="keep", **{"expect_items-0-value": "18"})
    assert WorkedCase.objects.get().name == "late-once"


def test_more_rows_keep_what_was_written(add):
    page = add(action="more:attendance", name="")
    forms = page.context["forms"]
    assert page.status_code == 200
    assert len(forms.sections["attendance"].forms) == 6
    body = page.content.decode()
    assert 'value="2025-03-05"' in body
    assert "请填写算例名称。" not in body


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "两次\n迟到"}, "算例名称:名称要写在一行里,1 到 60 个字,如:迟到两次。"),
        ({"person": ""}, "姓名:请填写姓名。"),
        ({"period": "2025H3"}, "期间:没有这个期间,请从列表里选。"),
        ({"attendance-0-date": "2025-02-30"}, "考勤第 1 行:日期不存在或写法不对,应写成 2025-01-08。"),
        ({"attendance-0-status": "asleep"}, "考勤第 1 行:考勤没有这一项,请重新选。"),
        ({"attendance-0-kind": ""}, "考勤第 1 行:请填写活动。"),
        ({"dues-1-month": "2025-13", "dues-1-due": "10"}, "党费第 2 行:月份应写成 2025-01。"),
        (
            {"dues-0-month": "2025-01", "dues-0-due": "10", "dues-0-paid": "10"},
            "党费第 1 行:「paid」和「paid_on」要么都写,要么都不写(没有交)。",
        ),
        (
            {"entries-0-item": "no.such", "entries-0-date": "2025-03-01"},
            "加分、扣分和登记第 1 行:条款没有这一项,请重新选。",
        ),
        (
            {"entries-0-item": "bonus.example", "entries-0-date": "2025-03-01"},
            "加分、扣分和登记第 1 行:「bonus.example」要写明分值「points」。",
        ),
        ({"ballots-committee-H1": "90, 101"}, "班子成员上半年:「101」应是 0 到 100 的数;几张票用逗号分开。"),
        ({"expect_lists": ["honor", "none"]}, "榜单:选了「没有」就不能再选别的。"),
        ({"expect_items-0-item": "no.such"}, "各项得分第 1 行:项目没有这一项,请重新选。"),
    ],
)
def test_form_refuses_with_a_sentence_at_the_field(add, fields, sentence):
    page = add(**fields)
    assert page.status_code == 400
    assert sentences(page) == [sentence]
    assert sentence.split(":", 1)[1] in page.content.decode()
    assert not WorkedCase.objects.exists()


def test_form_puts_the_engines_word_on_its_field(add):
    page = add(**{"entries-0-item": "bonus.public_good", "entries-0-date": "2025-03-01", "entries-0-level": "district"})
    row = page.context["forms"].sections["entries"].forms[0]
    assert list(row.errors) == ["__all__"]
    assert "不分级别" in str(row.errors)


def test_same_name_again_is_refused(add):
    add()
    assert sentences(add()) == ["这个单位已经有同名的算例。"]


def test_case_for_another_unit_is_refused(add, places):
    assert sentences(add(organization=places.sibling.pk)) == ["单位:只能为自己工作的单位写算例,请重新选。"]


def test_too_many_rows_are_refused(add):
    page = add(**{"attendance-TOTAL_FORMS": "100000"})
    assert page.status_code in (302, 400)


def test_form_holds_everything_that_it_wrote(sign_in, people, case, adopted):
    client = sign_in(people.secretary)
    page = client.get(url("edit_case", case.pk))
    assert page.status_code == 200
    data = dict(as_posted(page.context["forms"]).lists())
    data["action"] = "keep"
    assert client.post(url("edit_case", case.pk), data).status_code == 302
    before = run_document(adopted.scheme, FULL).outcome.case
    case.refresh_from_db()
    after = run_document(adopted.scheme, case.document).outcome.case
    assert case.document != FULL
    for name in ("name", "ids", "period", "settings", "rows", "expect"):
        assert getattr(after, name) == getattr(before, name), name


def test_form_of_several_people_leads_to_the_file(sign_in, people, case):
    WorkedCase.objects.filter(pk=case.pk).update(document=TWO.split("---")[0])
    response = sign_in(people.secretary).get(url("edit_case", case.pk))
    assert response.url == url("case", case.pk)


# Reading and running --------------------------------------------------------------------------


def test_case_page_shows_answer_beside_expectation(sign_in, people, case):
    page = sign_in(people.member).get(url("case", case.pk))
    rows = {row.title: (row.expected, row.holds) for row in page.context["run"].rows}
    assert rows["参加组织活动"] == ("16", True)
    assert rows["等次"] == ("优秀", True)
    assert rows["结果运用"] == ("没有", True)
    assert "修改" not in page.content.decode()


def test_answer_names_what_is_missing(sign_in, people, case):
    WorkedCase.objects.filter(pk=case.pk).update(document=TWO.split("---")[1])
    page = sign_in(people.secretary).get(url("case", case.pk))
    [(_, fields)] = page.context["answer"]
    assert dict(fields)["缺少的资料"] == "班子成员的评议票、联户代表的评议票、党员、居民代表的评议票"
    assert dict(fields)["总分"] == "没有"


def test_case_that_no_longer_fits_says_why(sign_in, people, case):
    WorkedCase.objects.filter(pk=case.pk).update(document=FULL.replace("bonus.example", "bonus.gone"))
    page = sign_in(people.secretary).get(url("case", case.pk))
    [fault] = page.context["run"].faults
    assert fault.text.startswith("「item」没有「bonus.gone」这个值")
    assert page.status_code == 200


def test_case_is_hidden_from_others(sign_in, people, case):
    for name in ("case", "edit_case"):
        assert sign_in(people.outsider).get(url(name, case.pk)).status_code == 404
    page = sign_in(people.outsider).get(url("cases", CODE))
    assert list(page.context["page"]) == []


def test_case_changes_need_the_role(sign_in, people, case):
    for user in (people.member, people.leader, people.auditor, people.discipline):
        client = sign_in(user)
        assert client.get(url("edit_case", case.pk)).status_code == 403
        assert client.post(url("delete_case", case.pk)).status_code == 403
        assert client.get(url("add_case", CODE)).status_code == 403
        assert client.get(url("import_cases")).status_code == 403
    assert WorkedCase.objects.filter(pk=case.pk).exists()


def test_case_is_deleted(sign_in, people, case):
    assert sign_in(people.general).post(url("delete_case", case.pk)).url == url("cases", CODE)
    assert not WorkedCase.objects.exists()


def test_cases_list_takes_the_same_queries(sign_in, people, places, case):
    client = sign_in(people.staff)
    client.get(url("cases", CODE))
    with CaptureQueriesContext(connection) as one:
        client.get(url("cases", CODE))
    for name in ("second", "third"):
        WorkedCase.objects.create(
            code=CODE, organization=places.sibling, name=name, document=FULL, created_by=people.staff
        )
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("cases", CODE)).context["rows"]) == 3
    assert len(one) == len(three)


# Files ----------------------------------------------------------------------------------------


def send(client, places, text, name="cases.yaml"):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(url("import_cases"), {"organization": places.branch.pk, "file": file})


def test_import_stores_each_case_of_the_file(sign_in, people, places, adopted):
    response = send(sign_in(people.secretary), places, TWO)
    assert response.url == url("cases", CODE)
    cases = WorkedCase.objects.all()
    assert [(case.name, case.organization) for case in cases] == [
        ("absent-once", places.branch), ("late-once", places.branch),
    ]  # fmt: skip
    assert all(run_case(adopted, case.document).holds for case in cases)


def test_import_replaces_a_case_of_the_same_name(sign_in, people, places, adopted):
    client = sign_in(people.secretary)
    send(client, places, TWO)
    send(client, places, TWO.replace("16", "12"))
    assert WorkedCase.objects.count() == 2
    assert not run_case(adopted, WorkedCase.objects.get(name="late-once").document).holds


def test_export_comes_back_as_it_went(sign_in, people, places, case):
    client = sign_in(people.secretary)
    send(client, places, TWO)
    before = {case.name: case.document for case in WorkedCase.objects.all()}
    file = client.get(url("export_cases"), {"organization": places.branch.pk})
    assert "attachment" in file["Content-Disposition"]
    WorkedCase.objects.all().delete()
    send(client, places, file.content)
    assert {case.name: case.document for case in WorkedCase.objects.all()} == before


def test_export_is_offered_for_units_in_ones_charge(sign_in, people, places, case):
    WorkedCase.objects.create(
        code=CODE, organization=places.street, name="streets", document=FULL, created_by=people.staff
    )
    page = sign_in(people.secretary).get(url("cases", CODE))
    assert len(page.context["rows"]) == 2
    assert list(page.context["units"]) == [places.branch]


def test_export_of_a_foreign_unit_is_not_found(sign_in, people, places, case):
    client = sign_in(people.secretary)
    assert client.get(url("export_cases"), {"organization": places.sibling.pk}).status_code == 404
    assert client.get(url("export_cases"), {"organization": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TWO.replace("status: absent", "status: asleep"), "cases.yaml:15: 「status」没有「asleep」这个值"),
        (TWO.replace("2025-03-05, kind: study, status: late", "2025-02-30, kind: study, status: late"),
         "cases.yaml:5: 「date」的日期 2025-02-30 不存在。"),
        (TWO.replace("case: absent-once", "case: late-once"), "cases.yaml:11: 案例「late-once」的名称已用在"),
        (TWO.replace("case: absent-once", f"case: {'缺' * 61}"), f"cases.yaml:11: 算例「{'缺' * 61}」的名称要写在一行里"),
        (TWO.replace("scheme: community-half-year", "scheme: nothing", 1), "cases.yaml:2: 没有「nothing」这个方案"),
        ("a: b: c", "cases.yaml:1: 第 5 列不是正确的 YAML"),
        ("a: " + "[" * 50, "cases.yaml:1: 一层套一层太深"),
        ("# nothing", "cases.yaml:1: 文件里没有算例。"),
    ],
)  # fmt: skip
def test_import_names_file_and_line_and_stores_nothing(sign_in, people, places, adopted, text, sentence):
    page = send(sign_in(people.secretary), places, text)
    assert page.status_code == 400
    assert str(page.context["faults"][0]).startswith(sentence)
    assert not WorkedCase.objects.exists()


def test_import_refuses_another_encoding(sign_in, people, places, adopted):
    page = send(sign_in(people.secretary), places, "案例".encode("gbk"))
    assert page.context["form"].errors["file"] == ["文件不是 UTF-8 编码。请用记事本打开,另存为 UTF-8 后重新上传。"]


def test_import_offers_ones_own_units_only(sign_in, people, places, adopted):
    RoleAssignment.objects.create(user=people.secretary, role=Role.BRANCH_SECRETARY, organization=places.sibling)
    page = sign_in(people.secretary).get(url("import_cases"))
    assert list(page.context["form"].fields["organization"].queryset) == [places.branch, places.sibling]


# YAML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["late-twice", "no", "null", "12", "2025", "2025-01", "a: b", "- x", "真", "1e3", "~"])
def test_name_reads_back_as_it_was(word):
    document = f"case: {scalar(word)}\nscheme: x\nperiod: 2025H1\nmembers: {{a: {{}}}}\n"
    assert read_back(document)["name"] == word


def test_case_without_expectation_has_nothing_to_compare(adopted):
    document = FULL[: FULL.index("expect:")]
    run = run_document(adopted.scheme, document)
    assert isinstance(run, Run)
    assert run.rows == ()


# Settings -------------------------------------------------------------------------------------


@pytest.fixture
def twenty(places, adopted):
    """The branch's own adoption: twenty in a hundred may be recommended."""
    return Adoption.objects.create(
        organization=places.branch, version=adopted, starts_on=make.LONG_AGO, settings={"five_leads_percent": 20}
    )


@pytest.mark.parametrize(
    ("chosen", "stored"), [("unit", {"five_leads_percent": 20}), ("model", {})]
)  # fmt: skip
def test_case_holds_the_settings_that_were_chosen(add, twenty, chosen, stored):
    add(settings=chosen)
    case = WorkedCase.objects.get()
    assert read_back(case.document)["settings"] == stored
    assert f"settings: {{{'five_leads_percent: 20' if stored else ''}}}" in case.document


def test_case_of_a_unit_without_its_own_holds_the_inherited(add, places, twenty):
    Adoption.objects.filter(pk=twenty.pk).update(ends_on=make.LONG_AGO.replace(year=2001))
    add(settings="unit")
    assert read_back(WorkedCase.objects.get().document)["settings"] == {}


def test_case_keeps_its_settings_unless_others_are_chosen(sign_in, people, places, case, twenty):
    client = sign_in(people.secretary)
    shown = client.get(url("edit_case", case.pk)).context["forms"]
    assert shown.person["settings"].value() == "kept"
    Adoption.objects.filter(pk=twenty.pk).update(ends_on=make.LONG_AGO.replace(year=2001))
    sent = as_posted(shown) | {"action": ["keep"]}
    client.post(url("edit_case", case.pk), sent)
    case.refresh_from_db()
    assert read_back(case.document)["settings"] == {"five_leads_percent": 20}
    client.post(url("edit_case", case.pk), sent | {"settings": ["unit"]})
    case.refresh_from_db()
    assert read_back(case.document)["settings"] == {}


def test_case_that_names_no_settings_goes_on_naming_none(sign_in, people, case):
    case.document = case.document.replace("settings: {five_leads_percent: 20}\n", "")
    case.save()
    client = sign_in(people.secretary)
    shown = client.get(url("edit_case", case.pk)).context["forms"]
    client.post(url("edit_case", case.pk), as_posted(shown) | {"action": ["keep"]})
    case.refresh_from_db()
    assert "settings" not in case.document


def test_case_by_the_schemes_own_values_does_not_follow_the_unit(add, twenty):
    """Other settings of the unit are checked by the cases that leave them open, not by one that says `settings: {}`."""
    ballots = {f"ballots-{group}-H1": "90" for group in ("committee", "members_residents", "household_reps")}
    rows = {"attendance-0-date": "", "attendance-0-kind": "", "attendance-0-status": "", "expect_items-0-item": "",
            "expect_items-0-value": ""}  # fmt: skip
    add(settings="model", name="plain", expect_total="96", **ballots, **rows)
    assert WorkedCase.objects.count() == 1
    assert failing_cases(Adoption(organization=twenty.organization, version=twenty.version, settings={})) == []
    assert failing_cases(twenty) == []


def test_case_page_says_under_which_settings(sign_in, people, case):
    page = sign_in(people.secretary).get(url("case", case.pk))
    assert [row.words for row in page.context["settings"]] == ["20"]
    assert "按单位的设定" in page.content.decode()
