"""Schemes on the screen: rules beside their text, drafts, release, and what differs between versions."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Role
from scoring import outline, schemes_services
from scoring.engine import load_scheme, parse_scheme
from scoring.engine.cases import shipped_schemes
from scoring.forms_schemes import CHANGED_MEANWHILE
from scoring.models import Adoption, SchemeVersion, WorkedCase
from scoring.services import SCHEMES, install_schemes
from tests import factories as make

LATE = "late: -4, left_early: -4"
LESS = "late: -2, left_early: -4"
CASE = """case: late-once
scheme: community-half-year
period: 2025H1
members:
  党员甲:
    attendance:
      - {date: 2025-03-05, kind: study, status: late}
expect:
  党员甲:
    items: {daily.activities: 16}
"""


def url(name, *args):
    return reverse(f"scoring:{name}", args=args)


def edited(version, old=LATE, new=LESS) -> str:
    assert old in version.definition
    return version.definition.replace(old, new)


@pytest.fixture
def draft(people, adopted):
    """A draft of the staff that takes two points for being late."""
    return schemes_services.draft_version(adopted, edited(adopted), adopted.text, "迟到少扣", actor=people.staff)


@pytest.fixture
def case(people, places, adopted):
    """A branch's case that expects four points to be taken."""
    return WorkedCase.objects.create(
        code=adopted.code, organization=places.branch, name="late-once", document=CASE, created_by=people.secretary
    )


# Reading --------------------------------------------------------------------------------------


def test_scheme_shows_rules_beside_the_text(sign_in, people, adopted):
    page = sign_in(people.member).get(url("scheme", adopted.code))
    clauses = {clause.article.id: clause for clause in page.context["clauses"]}
    [item, attendance] = clauses["4.1"].lines
    assert (item.words, item.reading) == ("满分 20 分", "R2")
    assert "迟到、早退每次扣 4 分" in attendance.words
    assert clauses["8.1"].by_people
    body = page.content.decode()
    assert "不计算:由人办理" in body
    assert 'id="a-4.1"' in body
    assert "病假、公假不计入应到次数" in body


@pytest.mark.parametrize("code", shipped_schemes())
def test_every_rule_and_reading_is_shown_with_its_article(code):
    scheme = load_scheme(SCHEMES / code)
    lines, clauses = outline.lines(scheme), outline.clauses(scheme)
    shown = [line for clause in clauses for line in clause.lines]
    assert len({line.key for line in lines}) == len(lines)
    assert {line.key for line in shown} >= {line.key for line in lines if line.article and line.words}
    assert {line.reading for line in shown} - {None} == set(scheme.readings)
    silent = [one for one in clauses if not one.lines and not one.by_people]
    assert all(any(other.startswith(f"{one.article.id}.") for other in scheme.articles) for one in silent)


def test_coverage_leads_from_lines_to_articles_and_rules(adopted):
    rows = dict(outline.coverage(adopted.scheme))
    assert [one.article.id for one in rows["95"]] == ["4", "4.5"]
    assert rows["95"][1].claims[0].title == "交纳党费"
    assert "81–83" in rows


def test_scheme_lists_adoptions_that_one_sees(sign_in, people, places, adopted):
    Adoption.objects.create(organization=places.other_street, version=adopted, starts_on=make.LONG_AGO)
    page = sign_in(people.member).get(url("scheme", adopted.code))
    assert [adoption.organization for adoption in page.context["adoptions"]] == [places.street]


def test_schemes_need_a_role_or_membership(sign_in, places, adopted):
    stranger = make.user("无岗位")
    for address in (url("schemes"), url("scheme", adopted.code), url("cases", adopted.code)):
        assert sign_in(stranger).get(address).status_code == 403


def test_unknown_scheme_is_not_found(sign_in, people, adopted):
    assert sign_in(people.staff).get(url("scheme", "nothing")).status_code == 404


def test_schemes_list_takes_the_same_queries(sign_in, people, places, adopted):
    client = sign_in(people.staff)
    client.get(url("schemes"))
    with CaptureQueriesContext(connection) as one:
        client.get(url("schemes"))
    for number in (1, 2):
        schemes_services.draft_version(adopted, edited(adopted), adopted.text, "", actor=people.staff)
        Adoption.objects.create(
            organization=(places.branch, places.sibling)[number - 1], version=adopted, starts_on=make.LONG_AGO
        )
    with CaptureQueriesContext(connection) as three:
        page = client.get(url("schemes"))
    row = next(row for row in page.context["rows"] if row["latest"] == adopted)
    assert (row["units"], len(row["drafts"])) == (3, 2)
    assert len(one) == len(three)


def test_scheme_page_takes_the_same_queries(sign_in, people, places, adopted, case):
    client = sign_in(people.staff)
    client.get(url("scheme", adopted.code))
    with CaptureQueriesContext(connection) as one:
        client.get(url("scheme", adopted.code))
    for name in ("second", "third"):
        WorkedCase.objects.create(
            code=adopted.code, organization=places.sibling, name=name, document=CASE, created_by=people.staff
        )
        schemes_services.draft_version(adopted, edited(adopted), adopted.text, name, actor=people.staff)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("scheme", adopted.code)).context["cases"]) == 3
    assert len(one) == len(three)


# Drafts ---------------------------------------------------------------------------------------


def test_draft_is_stored_beside_the_released_version(sign_in, people, adopted):
    data = {"definition": edited(adopted), "text": adopted.text, "note": "迟到少扣", "action": "save"}
    response = sign_in(people.staff).post(url("draft_version", adopted.pk), data)
    draft = SchemeVersion.objects.drafts().get()
    assert response.url == url("version", draft.pk)
    assert (draft.number, draft.note, draft.created_by) == (2, "迟到少扣", people.staff)
    assert SchemeVersion.objects.latest_of(adopted.code) == adopted


def test_draft_from_files_takes_what_they_hold(sign_in, people, adopted):
    data = {
        "definition_file": SimpleUploadedFile("definition.yaml", edited(adopted).encode("utf-8-sig")),
        "text": adopted.text.replace("\n", "\r\n"),
        "action": "save",
    }
    sign_in(people.staff).post(url("draft_version", adopted.pk), data)
    draft = SchemeVersion.objects.drafts().get()
    assert (draft.definition, draft.text) == (edited(adopted), adopted.text)


def test_check_lists_every_fault_and_stores_nothing(sign_in, people, adopted):
    definition = edited(adopted, "full: 20", "full: twenty").replace("at_least: 90, article", "at_least: 50, article")
    data = {"definition": definition, "text": adopted.text, "action": "check"}
    page = sign_in(people.staff).post(url("draft_version", adopted.pk), data)
    assert page.status_code == 400
    faults = page.context["checked"].faults
    assert [fault.file for fault in faults] == ["definition.yaml"] * len(faults)
    assert len(faults) > 2
    assert f"definition.yaml 第 {faults[0].line} 行" in page.content.decode()
    assert "twenty" in page.content.decode()
    assert not SchemeVersion.objects.drafts().exists()


def test_check_of_a_good_draft_stores_nothing(sign_in, people, adopted):
    data = {"definition": edited(adopted), "text": adopted.text, "action": "check"}
    page = sign_in(people.staff).post(url("draft_version", adopted.pk), data)
    assert "没有发现错误" in page.content.decode()
    assert not SchemeVersion.objects.drafts().exists()


def test_draft_with_faults_is_kept_only_when_asked(sign_in, people, adopted):
    data = {"definition": "scheme: x", "text": adopted.text}
    client = sign_in(people.staff)
    assert client.post(url("draft_version", adopted.pk), data | {"action": "save"}).status_code == 400
    assert not SchemeVersion.objects.drafts().exists()
    client.post(url("draft_version", adopted.pk), data | {"action": "keep"})
    draft = SchemeVersion.objects.drafts().get()
    assert "definition.yaml 第 1 行" in client.get(url("version", draft.pk)).content.decode()
    assert client.post(url("release_version", draft.pk)).status_code == 409


@pytest.mark.parametrize(
    ("old", "new", "line", "said", "words"),
    [
        ("late: -4,", "late: -4", 30, "第 79 列不是正确的 YAML:", "late: -4 left_early: -4"),
        ("block: attendance", "block: attendence", 30, "没有「attendence」", "{block: attendence"),
    ],
)
def test_a_draft_shows_the_line_of_every_fault(sign_in, people, adopted, old, new, line, said, words):
    definition = adopted.definition.replace(old, new, 1)
    page = sign_in(people.staff).post(
        url("draft_version", adopted.pk), {"definition": definition, "text": adopted.text, "action": "check"}
    )
    fault = page.context["faults"][0]
    assert fault.fault.line == line
    assert said in fault.fault.text
    assert words in fault.words
    assert f'<a href="#id_definition" data-line="{line}">' in page.content.decode()


@pytest.mark.parametrize(
    ("field", "content", "sentence"),
    [
        ("definition_file", "规则".encode("gbk"), "文件不是 UTF-8 编码。请用记事本打开,另存为 UTF-8 后重新上传。"),
        ("definition_file", b"x" * (1024 * 1024 + 1), "文件太大,最多 1 MB。"),
    ],
)
def test_draft_refuses_a_bad_file(sign_in, people, adopted, field, content, sentence):
    data = {"definition": adopted.definition, "text": adopted.text, field: SimpleUploadedFile("a.yaml", content)}
    page = sign_in(people.staff).post(url("draft_version", adopted.pk), data)
    assert page.status_code == 400
    assert page.context["form"].errors[field] == [sentence]


@pytest.mark.parametrize(
    ("definition", "text", "fault"),
    [
        ("[" * 40 + "]" * 40, None, "definition.yaml:1: 一层套一层太深,读不了,请改成平铺的写法。"),
        ("a: &a [1]\nb: [" + "*a," * 21 + "]", None, "definition.yaml:2: 用「*」引用的地方太多,读不了,请改成平铺的写法。"),
        (None, "### 第一条 {#1 source=1-99999999}", "text.md:1: 「source」里的行号太大,最多 5 位数。"),
        (None, "## " + " " * 200 + "{", "text.md:1: 标题太长,最多 120 个字。"),
    ],
)  # fmt: skip
def test_check_refuses_what_would_take_for_ever(adopted, definition, text, fault):
    checked = schemes_services.check_sources(definition or adopted.definition, text or adopted.text, adopted.code)
    assert [str(one) for one in checked.faults] == [fault]


def test_draft_of_another_scheme_is_refused(adopted):
    definition = edited(adopted, "scheme: community-half-year", "scheme: another")
    [fault] = schemes_services.check_sources(definition, adopted.text, adopted.code).faults
    assert str(fault) == "definition.yaml:2: 「scheme」应是 community-half-year,现在是 another。"


def test_draft_is_edited_and_discarded(sign_in, people, adopted, draft):
    client = sign_in(people.other_staff)
    data = {"definition": adopted.definition, "text": adopted.text, "note": "不改了", "action": "save"}
    client.post(url("edit_version", draft.pk), data)
    draft.refresh_from_db()
    assert (draft.note, draft.definition) == ("不改了", adopted.definition)
    client.post(url("discard_version", draft.pk))
    assert not SchemeVersion.objects.drafts().exists()


def test_draft_saved_in_another_window_is_not_overwritten(sign_in, people, adopted, draft):
    client = sign_in(people.other_staff)
    first = client.get(url("edit_version", draft.pk)).context["form"].initial["seen"]
    data = {"definition": adopted.definition, "text": adopted.text, "action": "save", "seen": first}
    client.post(url("edit_version", draft.pk), data | {"note": "这一窗口"})
    late = client.post(url("edit_version", draft.pk), data | {"note": "那一窗口"})
    draft.refresh_from_db()
    assert (late.context["form"].non_field_errors(), draft.note) == ([CHANGED_MEANWHILE], "这一窗口")
    again = late.context["form"]["seen"].value()
    client.post(url("edit_version", draft.pk), data | {"note": "那一窗口", "seen": again})
    draft.refresh_from_db()
    assert draft.note == "那一窗口"


def test_draft_is_hidden_from_all_but_its_street(sign_in, people, places, draft):
    other_street = make.user("钱政工", Role.STREET_STAFF, places.other_street)
    for user in (people.secretary, people.member, people.auditor, other_street):
        client = sign_in(user)
        for name in ("version", "edit_version", "release_version", "compare_versions"):
            assert client.get(url(name, draft.pk)).status_code == 404, name
        assert "草稿" not in client.get(url("scheme", draft.code)).content.decode()


def test_drafting_needs_street_staff(sign_in, people, adopted):
    for user in (people.secretary, people.general, people.discipline, people.member):
        assert sign_in(user).post(url("draft_version", adopted.pk)).status_code == 403


# Whose version, and who uses it ---------------------------------------------------------------


@pytest.fixture
def foreign_version(places, adopted):
    """A version that the other street drafted and released."""
    author = make.user("钱政工", Role.STREET_STAFF, places.other_street)
    draft = schemes_services.draft_version(adopted, edited(adopted), adopted.text, "迟到少扣", actor=author)
    return schemes_services.release_version(draft)


def test_pages_show_the_version_that_ones_own_units_use(sign_in, people, adopted, foreign_version):
    for user in (people.member, people.secretary, people.staff):
        client = sign_in(user)
        page = client.get(url("scheme", adopted.code))
        assert (page.context["version"], page.context["latest"]) == (adopted, foreign_version)
        assert "(东风街道党工委起草)" in page.content.decode()
        assert "您的单位现在用<b>这一版</b>" in page.content.decode()
        other = client.get(url("version", foreign_version.pk)).content.decode()
        assert "第 2 版 · 东风街道党工委起草 · 迟到少扣" in other
        assert "采用以后才按它计分" in other
        assert client.get(url("cases", adopted.code)).context["version"] == adopted


def test_list_of_schemes_says_what_ones_own_units_use(sign_in, people, places, adopted, foreign_version):
    [row] = [one for one in sign_in(people.staff).get(url("schemes")).context["rows"] if one["used"]]
    assert (row["used"], row["latest"]) == ([(adopted, 3)], foreign_version)
    Adoption.objects.create(organization=places.branch, version=foreign_version, starts_on=make.LONG_AGO)
    [row] = [one for one in sign_in(people.staff).get(url("schemes")).context["rows"] if one["used"]]
    assert row["used"] == [(adopted, 2), (foreign_version, 1)]
    assert sign_in(people.secretary).get(url("scheme", adopted.code)).context["version"] == foreign_version


def test_cases_are_imported_under_the_version_in_use(places, adopted, foreign_version):
    assert schemes_services.schemes_for(places.branch)[adopted.code] is adopted.scheme
    assert schemes_services.schemes_for(places.foreign)[adopted.code] is foreign_version.scheme


# Release --------------------------------------------------------------------------------------


def test_release_makes_the_draft_the_latest_version(sign_in, people, draft):
    sign_in(people.staff).post(url("release_version", draft.pk))
    draft.refresh_from_db()
    assert (draft.status, draft.number) == ("released", 2)
    assert SchemeVersion.objects.latest_of(draft.code) == draft


def test_release_is_refused_while_a_case_fails(sign_in, people, draft, case):
    page = sign_in(people.staff).post(url("release_version", draft.pk))
    assert page.status_code == 409
    assert page.context["problems"] == ["算例 late-once · 党员甲 · 参加组织活动:应为 16,算得 18"]
    draft.refresh_from_db()
    assert draft.is_draft


def test_release_heeds_cases_of_every_unit(people, places, draft, case):
    WorkedCase.objects.filter(pk=case.pk).update(organization=places.foreign)
    with pytest.raises(ValidationError, match="late-once"):
        schemes_services.release_version(draft)


def test_release_of_an_older_draft_is_the_latest_all_the_same(people, adopted, draft):
    later = schemes_services.draft_version(
        adopted, edited(adopted, LATE, "late: -3, left_early: -4"), adopted.text, "", actor=people.staff
    )
    schemes_services.release_version(later)
    schemes_services.release_version(draft)
    assert SchemeVersion.objects.latest_of(adopted.code).pk == draft.pk


def test_release_of_the_same_again_is_refused(people, adopted):
    same = schemes_services.draft_version(adopted, adopted.definition, adopted.text, "", actor=people.staff)
    with pytest.raises(ValidationError, match="完全相同"):
        schemes_services.release_version(same)


def test_released_version_never_changes(people, adopted, draft):
    schemes_services.release_version(draft)
    for change in (
        lambda: schemes_services.edit_draft(draft, "x", "y", ""),
        lambda: schemes_services.discard_draft(draft),
        lambda: schemes_services.release_version(draft),
        lambda: SchemeVersion.objects.filter(pk=draft.pk).update(definition="x"),
        lambda: SchemeVersion(pk=draft.pk, code="x", number=9, definition="x").save(force_update=True),
        lambda: SchemeVersion.objects.get(pk=draft.pk).save(),
    ):
        with pytest.raises(ValidationError):
            change()
    assert SchemeVersion.objects.get(pk=draft.pk).definition == edited(adopted)


def test_released_version_of_ones_own_outlives_an_installation(people, draft):
    released = schemes_services.release_version(draft)
    install_schemes()
    assert SchemeVersion.objects.latest_of(draft.code) == released


# Comparing ------------------------------------------------------------------------------------


def test_compare_names_the_rule_and_the_words(sign_in, people, adopted, draft):
    page = sign_in(people.staff).get(url("compare_versions", draft.pk))
    [change] = page.context["changes"]
    [rule] = change.rules
    assert change.heading == "第四条第一款 参加组织活动"
    assert rule.state == "改动"
    assert "迟到、早退每次扣 4 分" in rule.before.words
    assert "迟到每次扣 2 分" in rule.after.words
    assert change.text == []


def test_compare_shows_rules_and_articles_that_come_and_go(adopted):
    old = adopted.scheme
    definition = edited(
        adopted, "      - {block: zero, entry: family.breach, title: 家庭、邻里或赡养方面没有做到}",
        "      - {block: each, entry: family.quarrel, title: 邻里纠纷, points: -3}",
    )  # fmt: skip
    text = adopted.text.replace("有一项没有做到的，本项定为零分。", "发生纠纷的，每次扣3分。")
    [change] = outline.changes(old, parse_scheme(definition, text))
    assert [(rule.state, rule.title) for rule in change.rules] == [
        ("新增", "邻里纠纷"),
        ("删去", "家庭、邻里或赡养方面没有做到"),
    ]
    assert [(state, words) for state, words in change.text if state] == [
        ("删去", "有一项没有做到的\uff0c本项定为零分。"),
        ("新增", "发生纠纷的\uff0c每次扣3分。"),
    ]


def test_compare_with_itself_finds_nothing(adopted):
    assert outline.changes(adopted.scheme, adopted.scheme) == []


def test_compare_with_a_broken_draft_says_so(sign_in, people, adopted):
    broken = schemes_services.draft_version(adopted, "scheme: x", adopted.text, "", actor=people.staff)
    page = sign_in(people.staff).get(url("compare_versions", broken.pk))
    assert "其中一版还有错误" in page.content.decode()


def test_compare_refuses_a_foreign_draft(sign_in, people, places, adopted, draft):
    other = make.user("钱政工", Role.STREET_STAFF, places.other_street)
    foreign = schemes_services.draft_version(adopted, edited(adopted), adopted.text, "", actor=other)
    assert sign_in(people.staff).get(url("compare_versions", draft.pk), {"with": foreign.pk}).status_code == 404
    assert sign_in(people.staff).get(url("compare_versions", draft.pk), {"with": "x"}).status_code == 404


def test_schemes_lead_to_adoptions_only_who_may_see_them(sign_in, people, adopted):
    assert url_of_adoptions() in sign_in(people.staff).get(url("schemes")).content.decode()
    assert url_of_adoptions() not in sign_in(people.member).get(url("schemes")).content.decode()


def url_of_adoptions() -> str:
    return f'href="{url("adoptions")}"'
