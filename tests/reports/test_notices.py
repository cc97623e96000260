"""Written notices: filled in from measures and results, and the templates that a street may replace."""

import datetime
import io
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from docx import Document

from evaluations import services
from evaluations.models import Appeal, Measure, Result, Round, RoundBranch
from members.models import Role
from reports import notices
from reports.models import NoticeTemplate
from reports.notice_templates import make as templates
from tests import factories as make

TODAY = datetime.date(2025, 8, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture
def result(places, people, adopted):
    """Wang's final result of the half-year."""
    round_ = Round.objects.create(organization=places.street, period="2025H1", scheme=adopted.code, status="approved")
    part = RoundBranch.objects.create(round=round_, organization=places.branch, version=adopted, state="done")
    return Result.objects.create(
        round=round_,
        branch=part,
        member=people.wang,
        status="scored",
        total="58.20",
        grade="unqualified",
        digest="abcdef0123",
        sheet={
            "missing": [],
            "items": {},
            "parts": {"daily": "70", "appraisal": "55.50"},
            "lists": [],
            "consequences": ["criticism", "rectification"],
            "grounds": ["consequence:0:0"],
            "alerts": [],
        },
    )


@pytest.fixture
def begin(result, people):
    """A function that takes a proposal of Wang's up."""

    def begun(kind="criticism"):
        services.propose_measures(result.round)
        return services.accept_measure(Measure.objects.get(kind=kind), actor=people.general)

    return begun


def text_of(content):
    """The paragraphs of a .docx, as one reads them."""
    document = Document(io.BytesIO(content))
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def template(*lines):
    """A .docx with these paragraphs."""
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def upload(content, name="模板.docx"):
    return {"file": SimpleUploadedFile(name, content)}


def address(name, place, kind="criticism"):
    return reverse(f"reports:{name}", args=[place.pk, kind])


# Shipped templates ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(notices.KINDS))
def test_shipped_template_is_as_the_script_makes_it(kind):
    stream = io.BytesIO()
    templates.make(kind).save(stream)
    made, shipped = (
        zipfile.ZipFile(one).read("word/document.xml") for one in (stream, io.BytesIO(notices.shipped_template(kind)))
    )
    assert made == shipped


@pytest.mark.parametrize("kind", notices.KINDS.values(), ids=lambda kind: kind.code)
def test_shipped_template_passes_the_check_of_an_own_one(kind):
    content = notices.checked_template(notices.shipped_template(kind.code), kind)
    shown = text_of(notices.rendered(content, kind, kind.fields))
    assert kind.fields["姓名"] in shown
    assert "{" not in shown


# Notices ----------------------------------------------------------------------------------------


def test_criticism_says_why_and_by_which_clause(sign_in, people, begin):
    measure = begin()
    services.complete_step(measure.steps.get(number=1), services.Done(TODAY, "本人认可"), actor=people.secretary)
    response = sign_in(people.secretary).get(reverse("reports:measure_notice", args=[measure.pk]))
    assert response["Content-Type"] == notices.DOCX
    assert "%E7%8E%8B%E5%BF%97%E5%BC%BA" in response["Content-Disposition"]
    shown = text_of(response.content)
    for words in (
        "通报批评通知书",
        "王志强同志:",
        "经 2025 年上半年考核,您有以下情况:扣分达到 20 分。",
        "第十条第一款 扣分达到20分\n半年扣分20分及以上的",
        "您的意见已经记录:本人认可",
        "和平社区第一党支部决定对您通报批评",
        "2025 年 8 月 1 日",
    ):
        assert words in shown


def test_what_there_is_none_of_leaves_no_paragraph(begin):
    assert "您的意见已经记录" not in text_of(notices.measure_notice(begin()))


def test_rectification_names_its_first_and_last_day(people, begin):
    measure = begin("rectification")
    assert "请您在 2025 年 8 月 1 日至 2026 年 2 月 1 日期间改正" in text_of(notices.measure_notice(measure))
    done = services.Done(datetime.date(2025, 7, 10), "没有意见")
    for number in (1, 2):
        services.complete_step(measure.steps.get(number=number), done, actor=people.general)
    again = Measure.objects.get(pk=measure.pk)
    assert "请您在 2025 年 7 月 10 日至 2026 年 1 月 10 日期间改正" in text_of(notices.measure_notice(again))


def test_proposal_has_no_notice_yet(sign_in, people, result):
    services.propose_measures(result.round)
    url = reverse("reports:measure_notice", args=[Measure.objects.get(kind="criticism").pk])
    assert sign_in(people.secretary).get(url).status_code == 404


def test_measure_of_a_kind_without_notice_has_none(sign_in, people, result):
    result.sheet["consequences"] = ["self_criticism"]
    result.save()
    services.propose_measures(result.round)
    measure = services.accept_measure(Measure.objects.get(), actor=people.general)
    client = sign_in(people.secretary)
    assert client.get(reverse("reports:measure_notice", args=[measure.pk])).status_code == 404
    assert "下载通知书" not in client.get(reverse("evaluations:measure", args=[measure.pk])).content.decode()


def get_result(client, result, **query):
    wanted = {"pk": result.member_id, "period": "2025H1", "scheme": "community-half-year", **query}
    return client.get(reverse("reports:result_notice", kwargs=wanted))


def test_result_says_points_and_what_follows(sign_in, people, result):
    shown = text_of(get_result(sign_in(people.secretary), result).content)
    for words in (
        "总分:58.20 分",
        "等次:不合格",
        "日常考核 70 分",
        "按办法引出的事项:通报批评、限期改正",
        "校验码:ABCDEF01",
    ):
        assert words in shown


def test_result_without_total_says_why(result):
    result.total, result.grade, result.status = None, None, "incomplete"
    shown = text_of(notices.result_notice(result))
    assert "总分:资料不全" in shown
    assert "等次:没有定等次" in shown


def test_result_of_an_open_round_has_no_notice(sign_in, people, result):
    Round.objects.update(status="computed")
    assert get_result(sign_in(people.secretary), result).status_code == 404


@pytest.mark.parametrize("query", [{"period": "2024H1"}, {"scheme": "none"}, {"period": "never"}])
def test_result_that_there_is_not_has_no_notice(sign_in, people, result, query):
    assert get_result(sign_in(people.secretary), result, **query).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [("secretary", 200), ("discipline", 200), ("auditor", 403), ("leader", 403), ("outsider", 404), ("member", 404)],
)
def test_result_is_for_those_who_decide(sign_in, people, result, role, status):
    assert get_result(sign_in(getattr(people, role)), result).status_code == status


def test_person_reads_the_own_result(sign_in, people, places, result):
    own = make.member_user(people.wang, places.branch)
    assert get_result(sign_in(own), result).status_code == 200


@pytest.mark.parametrize(
    "name", ["<b>王</b>", "=HYPERLINK(1)", "{{ 支部 }}", "{% if 姓名 %}", "A&B", "王\x0b强", "王\ud800"]
)
def test_what_was_typed_stays_text(result, name):
    result.member.name = name
    content = notices.result_notice(result)
    assert name.replace("\x0b", "").replace("\ud800", "") + "同志:" in text_of(content)
    assert b"w:fldSimple" not in zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml")


def test_reply_says_what_was_decided_and_why(sign_in, people, result):
    fields = {"round": result.round, "member": people.wang, "organization": result.branch.organization}
    appeal = Appeal.objects.create(
        **fields, kind="objection", about="result", key="result", words="总分 58.20", text="漏了一次公假",
        raised_by=people.secretary, due_on=TODAY, reviewer=people.staff,
    )  # fmt: skip
    client, url = sign_in(people.secretary), reverse("reports:appeal_notice", args=[appeal.pk])
    assert client.get(url).status_code == 404
    Appeal.objects.update(state="upheld", reasons="查明属于公假")
    shown = text_of(client.get(url).content)
    for words in ("王志强同志:", "关于:总分 58.20", "提出的理由:漏了一次公假", "核对的结果:成立。查明属于公假"):
        assert words in shown


# A street's own templates -----------------------------------------------------------------------


def test_own_template_is_used_below_and_given_back(sign_in, people, places, begin):
    measure = begin()
    client = sign_in(people.staff)
    own = template("和平街道的通知", "{{ 姓名 }}:{{ 情况 }}")
    client.post(address("notice_template", places.street), upload(own))
    assert "和平街道的通知\n王志强:扣分达到 20 分" in text_of(notices.measure_notice(measure))
    assert (
        text_of(client.get(address("template_file", places.street)).content) == "和平街道的通知\n{{ 姓名 }}:{{ 情况 }}"
    )
    client.post(address("drop_template", places.street))
    assert "通报批评通知书" in text_of(notices.measure_notice(measure))
    assert not NoticeTemplate.objects.exists()


def test_nearer_template_comes_first(people, places, begin):
    measure = begin()
    for place, words in ((places.street, "街道"), (places.community, "社区")):
        NoticeTemplate.objects.create(
            organization=place, kind="criticism", name="x", content=template(words), uploaded_by=people.staff
        )
    assert text_of(notices.measure_notice(measure)) == "社区"


def test_second_upload_takes_the_place_of_the_first(sign_in, people, places):
    client = sign_in(people.staff)
    for words in ("第一份 {{ 姓名 }}", "第二份 {{ 姓名 }}"):
        client.post(address("notice_template", places.street), upload(template(words)))
    assert text_of(bytes(NoticeTemplate.objects.get().content)) == "第二份 {{ 姓名 }}"


def repack(content, **changes):
    """The archive with some of its parts replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.pop(name, None) or old.read(name))
        for name, part in changes.items():
            new.writestr(name, part)
    return stream.getvalue()


PLAIN = template("{{ 姓名 }}")
DOCUMENT = zipfile.ZipFile(io.BytesIO(PLAIN)).read("word/document.xml")
RELS = "word/_rels/document.xml.rels"
LINK = (
    b'<Relationship Id="rId99" TargetMode="External" Target="http://example.org/x.dotx" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"/></Relationships>'
)
LINKED = repack(PLAIN, **{RELS: zipfile.ZipFile(io.BytesIO(PLAIN)).read(RELS).replace(b"</Relationships>", LINK)})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            template("{{ 电话 }}"),
            "模板里的字段「电话」没有。通报批评通知书可以用:标题、姓名、支部、上级、周期、办法、日期",
        ),
        (template("{{ 期限截止 }}"), "模板里的字段「期限截止」没有。"),
        (template("{% if 电话 %}有{% endif %}"), "模板里的字段「电话」没有。"),
        (template("{{ 姓名.__class__ }}"), "其他写法用不了"),
        (template("{{ 姓名|upper }}"), "其他写法用不了"),
        (template("{{ range(9) }}"), "其他写法用不了"),
        (template("{{ 7*7 }}"), "其他写法用不了"),
        (template("{% for x in 姓名 %}{{ x }}{% endfor %}"), "其他写法用不了"),
        (template("{% set x = 姓名 %}"), "其他写法用不了"),
        (template("{% include 'x' %}"), "其他写法用不了"),
        (template("{% macro m() %}{% endmacro %}"), "其他写法用不了"),
        (template("{{r 姓名 }}"), "这类写法用不了"),
        (template("{% cellbg 姓名 %}"), "这类写法用不了"),
        (template("{{ 姓名 "), "花括号写得不对"),
        (template("{% if 姓名 %}"), "花括号写得不对"),
        (template("{% endif %}"), "花括号写得不对"),
        (template("{{ }}"), "花括号写得不对"),
        (LINKED, "模板里有链接、宏或者嵌入的对象"),
        (repack(PLAIN, **{"word/vbaProject.bin": b"x"}), "宏"),
        (repack(PLAIN, **{"word/document.xml": b"<w:document"}), "这个 .docx 文件坏了"),
        (repack(PLAIN, **{"word/document.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"}), "不该有的内容"),
        (repack(PLAIN, **{"word/extra.xml": b"<x>" + b"y" * 3_000_000 + b"</x>"}), "模板太长"),
        (b"PK\x03\x04 nonsense word/document.xml", "坏了,打不开"),
        (b"just words", "不能用"),
        (b"", "是空的"),
        (PLAIN + b"\0" * 1024 * 1024, "最多 1 MB"),
    ],
)
def test_bad_template_gets_a_sentence(sign_in, people, places, content, sentence):
    response = sign_in(people.staff).post(address("notice_template", places.street), upload(content))
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not NoticeTemplate.objects.exists()


def test_field_in_the_header_is_checked_too(sign_in, people, places):
    document = Document()
    document.sections[0].header.paragraphs[0].text = "{{ 姓名.__class__ }}"
    stream = io.BytesIO()
    document.save(stream)
    response = sign_in(people.staff).post(address("notice_template", places.street), upload(stream.getvalue()))
    assert "其他写法用不了" in response.content.decode()


@pytest.mark.parametrize("mark", ["{{", "{%", "{#", "{% colspan", "{{ 姓名 }}", "{% if 姓名 %}", "{&#123;"])
def test_template_full_of_marks_is_refused_in_time(mark):
    many = repack(
        PLAIN,
        **{"word/document.xml": DOCUMENT.replace(b"{{ ", (mark.encode() + b"x" * 2000) * 400).replace(b" }}", b"")},
    )
    started = time.monotonic()
    with pytest.raises(notices.TemplateError):
        notices.checked_template(many, notices.KINDS["criticism"])
    assert time.monotonic() - started < 30


def test_page_names_every_field(sign_in, people, places):
    shown = sign_in(people.staff).get(address("notice_template", places.street, "rectification")).content.decode()
    assert [name for name in notices.KINDS["rectification"].fields if f"{{{{ {name} }}}}" not in shown] == []


def test_kind_that_there_is_not(sign_in, people, places):
    assert sign_in(people.staff).get(address("notice_template", places.street, "letter")).status_code == 404


@pytest.mark.parametrize("more", [0, 2])
def test_list_of_templates_takes_the_same_queries(sign_in, people, places, django_assert_num_queries, more):
    for number in range(more):
        own = make.organization(f"第{number}街道", "committee")
        people.staff.role_assignments.create(role=Role.STREET_STAFF, organization=own, starts_on=make.LONG_AGO)
    client = sign_in(people.staff)
    with django_assert_num_queries(6):
        client.get(reverse("reports:notice_templates"))
