"""A unit's own regulation: read, split into articles, pointed at, shown; bad files refused in words."""

import datetime
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject

from scoring import adoption_services as services
from scoring.documents import DocumentError, read_document, same_numbers, split_articles, with_unit_words
from scoring.models import Adoption, UnitDocument
from tests import factories as make

LINES = [
    "和平社区党支部积分办法",
    "第一章 总则",
    "第一条 为了用好积分,制定本办法。",
    "第二章 考核",
    "第四条 日常考核",
    "每半年按一百分计。",
    "\uff08一\uff09参加组织活动\uff1a请人代会扣十分。",
    "\uff08四\uff09遵守纪律。有赌博等行为的扣十分。",
    "第五条【民主评议】三组人员打分。",
]
ARTICLES = [
    {"id": "1", "heading": "第一条", "text": "为了用好积分,制定本办法。"},
    {"id": "4", "heading": "第四条 日常考核", "text": "每半年按一百分计。"},
    {"id": "4.1", "heading": "第四条\uff08一\uff09 参加组织活动", "text": "请人代会扣十分。"},
    {"id": "4.4", "heading": "第四条\uff08四\uff09 遵守纪律", "text": "有赌博等行为的扣十分。"},
    {"id": "5", "heading": "第五条 民主评议", "text": "三组人员打分。"},
]


def text_file(lines=LINES, encoding="utf-8"):
    return SimpleUploadedFile("办法.txt", "\n".join(lines).encode(encoding))


def docx_bytes(lines=LINES) -> bytes:
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def pdf_bytes(pages, password=None) -> bytes:
    """A PDF with one line of text below the other on each page; an empty page has a picture's worth of nothing."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type0"),
            NameObject("/BaseFont"): NameObject("/Song"),
            NameObject("/Encoding"): NameObject("/Identity-H"),
            NameObject("/ToUnicode"): writer._add_object(stream(CODES)),
            NameObject("/DescendantFonts"): ArrayObject(
                [
                    DictionaryObject(
                        {
                            NameObject("/Type"): NameObject("/Font"),
                            NameObject("/Subtype"): NameObject("/CIDFontType2"),
                            NameObject("/BaseFont"): NameObject("/Song"),
                            NameObject("/DW"): NumberObject(1000),
                        }
                    )
                ]
            ),
        }
    )
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        shown = "".join(f"<{line.encode('utf-16-be').hex()}> Tj T* " for line in lines)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F"): font})}
        )
        page[NameObject("/Contents")] = writer._add_object(stream(f"BT /F 12 Tf 20 TL 50 800 Td {shown}ET".encode()))
    if password:
        writer.encrypt(password)
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


CODES = b"""/CIDInit /ProcSet findresource begin begincmap
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0000> <FFFF> <0000> endbfrange
endcmap"""


def stream(data: bytes) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(data)
    return made


def archive(parts: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return held.getvalue()


def flagged_as_encrypted(content: bytes) -> bytes:
    """The archive with the encryption bit set in its directory."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def own(adopted, places):
    return Adoption.objects.create(organization=places.branch, version=adopted, starts_on=make.LONG_AGO)


@pytest.fixture
def attached(own, people):
    """The document attached, two articles pointed at: a usual one and a neutral one."""
    document = services.attach_document(own, "和平办法", text_file(), actor=people.secretary)
    services.map_articles(document, {"4.1": "4.1", "4.4": "4.4"}, actor=people.secretary)
    return document


def url(name, *args):
    return reverse(f"scoring:{name}", args=args)


# Reading and splitting ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("\n".join(LINES).encode(), "txt"),
        (("\ufeff" + "\n".join(LINES)).encode(), "txt"),
        ("\r\n".join(LINES).encode("gb18030"), "txt"),
        ("\n".join(LINES).encode("utf-16"), "txt"),
        (docx_bytes(), "docx"),
        (pdf_bytes([LINES[:5], [*LINES[5:], "- 2 -"]]), "pdf"),
    ],
    ids=["utf-8", "utf-8 with mark", "gbk", "utf-16", "docx", "pdf"],
)
def test_read_finds_the_kind_from_the_content(content, kind):
    assert read_document(SimpleUploadedFile("办法.bin", content)) == (ARTICLES, kind)


def test_read_docx_counts_numbers_that_word_writes():
    document = Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
            '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1条"/></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for line in ("目的", "对象"):
        properties = document.add_paragraph(line)._p.get_or_add_pPr()
        properties.append(parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>'))
    held = io.BytesIO()
    document.save(held)
    articles, _ = read_document(SimpleUploadedFile("a", held.getvalue()))
    assert [article["heading"] for article in articles] == ["第一条 目的", "第二条 对象"]


def test_read_docx_reads_tables():
    document = Document()
    document.add_paragraph("第一条 计分")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "迟到", "扣 4 分"
    held = io.BytesIO()
    document.save(held)
    articles, _ = read_document(SimpleUploadedFile("a", held.getvalue()))
    assert articles == [{"id": "1", "heading": "第一条 计分", "text": "迟到 扣 4 分"}]


def test_read_docx_reads_what_is_wrapped():
    wrapped = (
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:ins><w:r><w:t>第一条 计分</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del></w:p></w:sdtContent></w:sdt>"
    )
    document = Document()
    document.element.body.insert(0, parse_xml(wrapped))
    held = io.BytesIO()
    document.save(held)
    articles, _ = read_document(SimpleUploadedFile("a", held.getvalue()))
    assert articles == [{"id": "1", "heading": "第一条 计分", "text": ""}]


def test_read_pdf_joins_printed_lines():
    pages = [["第一条 党员应当按时参加组织生活,有特殊情况", "不能参加的要请假。", "第二条 党费按月交纳。"]]
    articles, _ = read_document(SimpleUploadedFile("a", pdf_bytes(pages)))
    assert [article["text"] for article in articles] == [
        "党员应当按时参加组织生活,有特殊情况不能参加的要请假。",
        "党费按月交纳。",
    ]


def test_read_pdf_puts_characters_for_radicals():
    articles, _ = read_document(
        SimpleUploadedFile("a", pdf_bytes([["第\u2f00条 ⽇常考核的内容和分值,⽀部执⾏,满⼀年考核。"]]))
    )
    assert articles == [{"id": "1", "heading": "第一条", "text": "日常考核的内容和分值,支部执行,满一年考核。"}]


def test_read_pdf_that_takes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("scoring.documents.READING_SECONDS", -1)
    with pytest.raises(DocumentError, match="这个 PDF 太复杂,读得太久。"):
        read_document(SimpleUploadedFile("a", pdf_bytes([LINES])))


@pytest.mark.parametrize(
    ("lines", "ids"),
    [
        (["第1条 甲", "第十二条 乙", "第二十条第三款 丙"], ["1", "12", "20.3"]),
        (["第一条 甲", "第一款 乙", "第二款 丙", "第二条 丁"], ["1", "1.1", "1.2", "2"]),
        (["一、总则", "(一)目的", "二、考核"], ["1", "1.1", "2"]),
        (["1.总则", "2.考核", "3\uff0e附则"], ["1", "2", "3"]),
        (["甲。", "乙。"], ["p1", "p2"]),
        (["第一条 甲", "附件", "第一条 乙"], ["1", "1-2"]),
        (["第三章 管理", "第六条 甲"], ["6"]),
    ],
)
def test_split_numbers_articles(lines, ids):
    assert [article["id"] for article in split_articles(lines)] == ids


BOMB = archive({"word/document.xml": b"0" * (25 * 1024 * 1024)})
WIDE = docx_bytes(["", *["字"] * 5001])
ENTITY = archive({"word/document.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a" * (5 * 1024 * 1024 + 1), "文件有 5.0 MB,最多 5 MB。请去掉图片后重新上传。"),
        (b" \n", "文件里没有文字。请改好后重新上传。"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "这个文件不是 .docx、PDF,也不是文字。请换成其中一种后重新上传。"),
        (b"abc\x00\x01", "这个文件不是 .docx、PDF,也不是文字。请换成其中一种后重新上传。"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1",
            "这是旧的 .doc 格式,或文件加了密码。请在 Word 里另存为不加密码的 .docx 后重新上传。",
        ),
        (BOMB, "这个 .docx 解开后太大,不像一份管理办法。请把正文复制到新的文档后重新上传。"),
        (ENTITY, "这个 .docx 文件里有不该有的内容。请把正文复制到新的文档后重新上传。"),
        (flagged_as_encrypted(docx_bytes()), "这个文件加了密码。请去掉密码。请改好后重新上传。"),
        (archive({"xl/workbook.xml": b"<a/>"}), "这不是 Word 的 .docx 文档。请换成 .docx、PDF 或文本文件后重新上传。"),
        (WIDE, "文件超过 5000 段,不像一份管理办法。请只上传办法的正文。"),
        (docx_bytes()[:2000], "这个文件坏了,打不开。请用 Word 打开另存一份。请改好后重新上传。"),
        (
            archive({"word/document.xml": b"<a/>"}),
            "这个 .docx 文件坏了,打不开。请用 Word 打开另存一份。请改好后重新上传。",
        ),
        (pdf_bytes([LINES], password="x"), "这个 PDF 加了密码或限制。请去掉密码。请改好后重新上传。"),
        (
            pdf_bytes([[], []]),
            "这个 PDF 是扫描的图片,里面没有文字。请上传 .docx,或可以选中文字的 PDF。",
        ),
        (pdf_bytes([[]] * 201), "这个 PDF 有 201 页,最多 200 页。请只上传办法的正文。"),
        (b"%PDF-1.7\nnothing", "这个 PDF 坏了,打不开。请重新导出一份。请改好后重新上传。"),
        (pdf_bytes([["字" * 600_000]]), "这个 PDF 有的页面太复杂,读不下去。请另存为 .docx 后重新上传。"),
        ("字" * 200_001, "文件超过 20 万字,不像一份管理办法。请只上传办法的正文。"),
        ("第一条 字\n" * 501, "文件分出超过 500 条,不像一份管理办法。请只上传办法的正文。"),
    ],
    ids=range(19),
)
def test_read_refuses_with_a_sentence(content, sentence):
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(DocumentError) as error:
        read_document(SimpleUploadedFile("a.docx", content))
    assert str(error.value) == sentence


# The unit's words --------------------------------------------------------------------------------


def test_same_numbers_are_proposed(adopted):
    assert same_numbers(adopted.scheme, ARTICLES) == {"1": "1", "4": "4", "4.1": "4.1", "4.4": "4.4", "5": "5"}


def test_unit_words_take_the_place_of_the_model_text(attached):
    scheme = attached.adoption.scheme
    worded = with_unit_words(scheme, attached)
    own, neutral, other = (worded.articles[number] for number in ("4.1", "4.4", "4.2"))
    assert (own.heading, own.text) == ("第四条\uff08一\uff09 参加组织活动", "请人代会扣十分。")
    assert (neutral.heading, neutral.text) == ("第四条\uff08四\uff09", "遵守纪律\n有赌博等行为的扣十分。")
    assert other == scheme.articles["4.2"]
    assert scheme.articles["4.1"].heading != own.heading


def test_unit_words_without_a_document_are_the_schemes(adopted):
    assert with_unit_words(adopted.scheme, None) is adopted.scheme


def test_unit_words_pass_over_what_is_gone(attached):
    attached.mapping = {"99": "4.1", "4.1": "99"}
    assert with_unit_words(attached.adoption.scheme, attached).articles == attached.adoption.scheme.articles


# Pages -------------------------------------------------------------------------------------------


def upload(client, adoption, file=None, **fields):
    return client.post(url("document", adoption.pk), {"title": "和平办法", "file": file or text_file(), **fields})


def test_document_is_read_proposed_and_pointed_at(sign_in, people, own):
    client = sign_in(people.secretary)
    assert upload(client, own).url == url("document", own.pk)
    document = UnitDocument.objects.get()
    assert (document.articles, document.mapping, document.attached_by) == (ARTICLES, {}, people.secretary)
    form = client.get(url("document", own.pk)).context["mapping"]
    assert (form["a-4.1"].value(), form["a-4.2"].value()) == ("4.1", "")
    client.post(url("map_document", own.pk), {"a-4.1": "4", "a-5": "5"})
    document.refresh_from_db()
    assert document.mapping == {"4.1": "4", "5": "5"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "这一项没有填,请补上。"),
        ({"file": SimpleUploadedFile("a.txt", b"")}, "文件是空的。请换一个文件。"),
        (
            {"file": SimpleUploadedFile("a.docx", b"PK-")},
            "这个文件坏了,打不开。请用 Word 打开另存一份。请改好后重新上传。",
        ),
    ],
)
def test_document_refuses_bad_input(sign_in, people, own, fields, sentence):
    response = upload(sign_in(people.secretary), own, **fields)
    assert response.status_code == 400
    assert [text for found in response.context["form"].errors.values() for text in found] == [sentence]
    assert not UnitDocument.objects.exists()


def test_a_refused_file_is_said_on_top_and_by_its_field(sign_in, people, own):
    page = upload(sign_in(people.secretary), own, SimpleUploadedFile("a.txt", b"")).content.decode()
    assert page.count("文件是空的。请换一个文件。") == 2
    assert page.index("error-summary") < page.index("附上文件</h2>")


def test_another_file_takes_the_place_only_after_a_look(sign_in, people, attached):
    client, pk = sign_in(people.secretary), attached.adoption_id
    assert upload(client, attached.adoption).url == url("replace_document", pk)
    assert UnitDocument.objects.get() == attached
    page = client.get(url("replace_document", pk)).content.decode()
    assert "和平办法" in page
    assert "2 条,台账现在显示本单位的话" in page
    refused = client.post(url("replace_document", pk), {"title": "新办法", "file": SimpleUploadedFile("a", b"")})
    assert (refused.status_code, UnitDocument.objects.get()) == (400, attached)
    sent = {"title": "新办法", "file": text_file()}
    assert client.post(url("replace_document", pk), sent).url == url("document", pk)
    made = UnitDocument.objects.get()
    assert (made.title, made.mapping) == ("新办法", {})


def test_a_document_is_taken_off_only_after_a_look(sign_in, people, attached):
    client, pk = sign_in(people.secretary), attached.adoption_id
    assert "不能恢复" in client.get(url("remove_document", pk)).content.decode()
    assert UnitDocument.objects.exists()
    assert client.post(url("remove_document", pk)).url == url("document", pk)
    assert not UnitDocument.objects.exists()
    assert client.get(url("remove_document", pk)).status_code == 404


def test_map_refuses_an_article_that_is_not_there(sign_in, people, attached):
    response = sign_in(people.secretary).post(url("map_document", attached.adoption_id), {"a-4.1": "99"})
    assert response.status_code == 400
    assert response.context["mapping"].errors == {"a-4.1": ["文件里没有这一条,请重新选。"]}
    attached.refresh_from_db()
    assert attached.mapping == {"4.1": "4.1", "4.4": "4.4"}


@pytest.mark.parametrize(
    ("who", "read", "write"),
    [
        ("staff", 200, 302),
        ("secretary", 200, 302),
        ("general", 200, 403),
        ("auditor", 200, 403),
        ("outsider", 404, 404),
    ],
)
def test_document_is_the_units_and_the_streets(sign_in, people, attached, who, read, write):
    client, pk = sign_in(getattr(people, who)), attached.adoption_id
    assert [client.get(url(page, pk)).status_code for page in ("document", "document_file")] == [read] * 2
    assert [client.get(url(page, pk)).status_code for page in ("replace_document", "remove_document")] == [
        200 if write == 302 else write
    ] * 2
    writes = [upload(client, attached.adoption), client.post(url("map_document", pk))]
    writes.append(client.post(url("remove_document", pk)))
    assert [response.status_code for response in writes] == [write] * 3
    assert UnitDocument.objects.exists() == (write != 302)


def test_document_shows_the_units_words_to_readers(sign_in, people, attached):
    page = sign_in(people.general).get(url("document", attached.adoption_id)).content.decode()
    assert "请人代会扣十分。" in page


def test_document_file_comes_back_as_it_was(sign_in, people, attached):
    response = sign_in(people.auditor).get(url("document_file", attached.adoption_id))
    assert response.content.decode() == "\n".join(LINES)
    assert response["Content-Disposition"].startswith("attachment;")


def test_document_query_count_does_not_grow(sign_in, people, attached, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(people.secretary)
    with CaptureQueriesContext(connection) as few:
        client.get(url("document", attached.adoption_id))
    UnitDocument.objects.update(articles=[{"id": str(n), "heading": f"第{n}条", "text": "字"} for n in range(90)])
    with CaptureQueriesContext(connection) as many:
        client.get(url("document", attached.adoption_id))
    assert len(few) == len(many)


def test_remove_takes_the_file_away(people, attached, django_capture_on_commit_callbacks):
    storage, name = attached.file.storage, attached.file.name
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_document(attached.adoption)
    assert (storage.exists(name), UnitDocument.objects.exists()) == (False, False)


def test_new_settings_keep_the_document(people, attached, django_capture_on_commit_callbacks):
    day = datetime.date(datetime.date.today().year + 1, 1, 1)
    made = services.change_settings(attached.adoption, {"five_leads_percent": 20}, day, actor=people.secretary)
    assert made.document.mapping == attached.mapping
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_document(attached.adoption)
    assert made.document.file.storage.exists(made.document.file.name)


# Where entries show the clause -------------------------------------------------------------------


def test_entry_pages_show_the_units_words(sign_in, people, adopted, attached):
    services.map_articles(attached, {"6.1": "4.1"}, actor=people.secretary)
    entry = make.entry(
        people.zhang, "bonus.public_good", version=adopted, date=datetime.date(2025, 4, 20), note="义诊",
        declared_by=people.secretary,
    )  # fmt: skip
    client = sign_in(people.secretary)
    addresses = [
        url("entry", entry.pk),
        url("add_item", "bonus.public_good"),
        url("add") + "?q=请人代会",
    ]
    assert ["参加组织活动" in client.get(address).content.decode() for address in addresses] == [True] * 3
