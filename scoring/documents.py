"""A unit's own regulation: read from an uploaded file, split into articles, and shown in place of the model text's."""

import io
import re
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from docx import Document
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from lxml.etree import LxmlError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from scoring.engine import Scheme
from scoring.models import Adoption, UnitDocument
from scoring.numbering import Numbering

UNPACKED_LIMIT = 24 * 1024 * 1024  # bytes of all parts of a .docx
PARAGRAPH_LIMIT = 5000
PAGE_LIMIT = 200
PAGE_BYTES = 2 * 1024 * 1024  # drawing instructions of one PDF page
READING_SECONDS = 10  # for all pages of a PDF
LETTERS_A_PAGE = 20  # fewer than this on the average page: pictures of paper
TEXT_LIMIT = 200_000  # characters
ARTICLE_LIMIT = 500
AGAIN = "请改好后重新上传。"

COUNT = r"[一二三四五六七八九十百零〇两\d]+"
OPEN, CLOSE, DOT = r"[(\uff08]", r"[)\uff09]", r"[.\uff0e、]"  # plain and full width
PAUSES = ",\uff0c。;\uff1b:\uff1a!\uff01?\uff1f"
CHAPTER = re.compile(rf"第{COUNT}[章编节](?:\s.*|[^条款项{PAUSES}]*)")
ARTICLE = re.compile(rf"(第({COUNT})条(?:第({COUNT})款)?)(.*)", re.DOTALL)
CLAUSE = re.compile(rf"(第({COUNT})[款项]|{OPEN}({COUNT}){CLOSE})(.*)", re.DOTALL)
TOP = re.compile(rf"(({COUNT})、)(.*)", re.DOTALL)
DOTTED = re.compile(rf"((\d+){DOT}(?!\d))(.*)", re.DOTALL)
TITLED = re.compile(rf"(?:[\[【〔]|{OPEN})([^\]】〕)\uff09]{{1,24}})(?:[\]】〕]|{CLOSE})\s*(.*)", re.DOTALL)
RADICALS = re.compile(r"[\u2e80-\u2fdf]")
PAGE_NUMBER = re.compile(r"[-—–·\s]*第?\s*\d+\s*页?(?:[,\uff0c/\s]*共?\s*\d+\s*页?)?[-—–·\s]*")
SENTENCE_END = re.compile(r"[。;\uff1b:\uff1a!\uff01?\uff1f]$")
SHORT_LINE = 0.7  # of the longest printed line: nothing runs on from it
TITLE_ENDS = " 。:\uff1a"
TITLE_MOST = 12  # letters: what is longer behind a number is text, not a title


class DocumentError(Exception):
    """A sentence for the user on why a file cannot be taken."""


def read_document(upload: UploadedFile) -> tuple[list[dict[str, str]], str]:
    """The articles of an uploaded regulation, as UnitDocument keeps them, and the kind of file: txt, docx or pdf.

    The kind is found from the content, not from the name. Raises DocumentError.
    """
    if upload.size > settings.UPLOAD_LIMIT:
        limit = settings.UPLOAD_LIMIT // 1024 // 1024
        raise DocumentError(f"文件有 {upload.size / 1024 / 1024:.1f} MB,最多 {limit} MB。请去掉图片后重新上传。")
    content = upload.read()
    if b"%PDF-" in content[:1024]:
        kind, lines = "pdf", pdf_lines(content)
    elif content.startswith(b"PK"):
        kind, lines = "docx", docx_lines(content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DocumentError("这是旧的 .doc 格式,或文件加了密码。请在 Word 里另存为不加密码的 .docx 后重新上传。")
    else:
        kind, lines = "txt", text_lines(content)
    if sum(map(len, lines)) > TEXT_LIMIT:
        raise DocumentError(f"文件超过 {TEXT_LIMIT // 10_000} 万字,不像一份管理办法。请只上传办法的正文。")
    articles = split_articles(lines)
    if not articles:
        raise DocumentError(f"文件里没有文字。{AGAIN}")
    if len(articles) > ARTICLE_LIMIT:
        raise DocumentError(f"文件分出超过 {ARTICLE_LIMIT} 条,不像一份管理办法。请只上传办法的正文。")
    return articles, kind


# Files → lines ----------------------------------------------------------------------------------


def tidy(line: str) -> str:
    """A line without the spaces that only set it off, without characters that nobody sees, and with real characters
    where a PDF gives radicals that look the same (\u2f00 for 一).
    """
    line = re.sub(r"[\u200b\ufeff\u00ad]", "", line)
    line = RADICALS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), line)
    return re.sub(r"[\s\u3000]+", " ", line).strip()


def text_lines(content: bytes) -> list[str]:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise DocumentError("这个文件不是 .docx、PDF,也不是文字。请换成其中一种后重新上传。")
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise DocumentError("这个文件不是 .docx、PDF,也不是文字。请换成其中一种后重新上传。")
    return list(filter(None, map(tidy, text.splitlines())))


def docx_lines(content: bytes) -> list[str]:
    """Paragraphs and table rows, with the numbers that Word writes by itself."""
    packed = repacked(content)
    try:
        document = Document(packed)
        if sum(1 for _ in document.element.body.iter(qn("w:p"))) > PARAGRAPH_LIMIT:
            raise DocumentError(f"文件超过 {PARAGRAPH_LIMIT} 段,不像一份管理办法。请只上传办法的正文。")
        numbering, lines = Numbering(document), []
        for block in document.element.body.iter(qn("w:p"), qn("w:tr")):
            if next(block.iterancestors(qn("w:tr"), qn("w:txbxContent")), None) is not None:
                continue
            if block.tag == qn("w:tr"):
                lines.append(" ".join(filter(None, (tidy(words_of(cell)) for cell in block.iterchildren(qn("w:tc"))))))
            else:
                label = numbering.label(Paragraph(block, document))
                lines += [tidy(line) for line in f"{label}{words_of(block)}".splitlines()]
    # python-docx looks parts and elements up as it goes: a broken file shows as any of these.
    except (LxmlError, KeyError, ValueError, AttributeError, IndexError, TypeError, RecursionError) as error:
        raise DocumentError(f"这个 .docx 文件坏了,打不开。请用 Word 打开另存一份。{AGAIN}") from error
    return list(filter(None, lines))


def words_of(element) -> str:
    """The text in a paragraph or cell as it now reads: with what tracked changes put in, without what they took out."""
    words = []
    for node in element.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:p")):
        if next(node.iterancestors(qn("w:txbxContent")), None) is None:
            words.append((node.text or "") if node.tag == qn("w:t") else "\n" if node.tag == qn("w:br") else " ")
    return "".join(words)


def repacked(content: bytes) -> io.BytesIO:
    """The archive packed anew from its checked parts. Sizes are added up before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise DocumentError(f"这个文件加了密码。请去掉密码。{AGAIN}")
            if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT or len(entries) > 1000:
                raise DocumentError("这个 .docx 解开后太大,不像一份管理办法。请把正文复制到新的文档后重新上传。")
            # Reads at most the size that the directory names, and fails if there is more or the checksum differs.
            parts = {entry.filename: archive.read(entry) for entry in entries if not entry.is_dir()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise DocumentError(f"这个文件坏了,打不开。请用 Word 打开另存一份。{AGAIN}") from error
    if "word/document.xml" not in parts:
        raise DocumentError("这不是 Word 的 .docx 文档。请换成 .docx、PDF 或文本文件后重新上传。")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            if name.endswith((".xml", ".rels")) and re.search(rb"<!(DOCTYPE|ENTITY)", part):
                raise DocumentError("这个 .docx 文件里有不该有的内容。请把正文复制到新的文档后重新上传。")
            archive.writestr(name, part)
    packed.seek(0)
    return packed


def pdf_lines(content: bytes) -> list[str]:
    """The printed lines of a PDF's pages, joined where a paragraph runs on."""
    deadline = time.monotonic() + READING_SECONDS
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise DocumentError(f"这个 PDF 加了密码或限制。请去掉密码。{AGAIN}")
        if len(reader.pages) > PAGE_LIMIT:
            raise DocumentError(f"这个 PDF 有 {len(reader.pages)} 页,最多 {PAGE_LIMIT} 页。请只上传办法的正文。")
        pages = []
        for page in reader.pages:
            drawn = page.get_contents()
            if drawn is not None and len(drawn.get_data()) > PAGE_BYTES:
                raise DocumentError("这个 PDF 有的页面太复杂,读不下去。请另存为 .docx 后重新上传。")
            pages.append(page.extract_text())
            if time.monotonic() > deadline:
                raise DocumentError("这个 PDF 太复杂,读得太久。请另存为 .docx 后重新上传。")
    # pypdf meets whatever is wrong in a file where it uses it, as any of these.
    except (PyPdfError, ValueError, KeyError, AttributeError, IndexError, TypeError, RecursionError, OSError) as error:
        raise DocumentError(f"这个 PDF 坏了,打不开。请重新导出一份。{AGAIN}") from error
    lines = [tidy(line) for page in pages for line in page.splitlines()]
    lines = [line for line in lines if line and not PAGE_NUMBER.fullmatch(line)]
    if sum(map(len, lines)) < LETTERS_A_PAGE * len(pages):
        raise DocumentError("这个 PDF 是扫描的图片,里面没有文字。请上传 .docx,或可以选中文字的 PDF。")
    return list(joined(lines))


def joined(lines: list[str]) -> Iterator[str]:
    """Paragraphs from printed lines: one ends with a sentence, with a short line, or where a number begins the next."""
    full = max(map(len, lines), default=0) * SHORT_LINE
    held = last = ""
    for line in lines:
        begins = any(pattern.fullmatch(line) for pattern in (CHAPTER, ARTICLE, CLAUSE, TOP, DOTTED))
        if held and (begins or SENTENCE_END.search(held) or len(last) < full):
            yield held
            held = line
        else:
            gap = " " if re.search(r"[A-Za-z0-9]$", held) and re.match(r"[A-Za-z0-9]", line) else ""
            held = f"{held}{gap}{line}"
        last = line
    if held:
        yield held


# Lines → articles -------------------------------------------------------------------------------


def split_articles(lines: list[str]) -> list[dict[str, str]]:
    """Articles as {"id", "heading", "text"}: by 第…条 and the clauses in them, else by 一、 and (一), else by paragraph.

    The id says the number: 4.1 for the first clause of article four. What stands before the first is left out.
    """
    if any(ARTICLE.fullmatch(line) for line in lines):
        return numbered(lines, ARTICLE)
    for pattern in (TOP, DOTTED):
        if sum(bool(pattern.fullmatch(line)) for line in lines) > 1:
            return numbered(lines, pattern)
    return [{"id": f"p{number}", "heading": f"第{number}段", "text": line} for number, line in enumerate(lines, 1)]


def numbered(lines: list[str], pattern: re.Pattern[str]) -> list[dict[str, str]]:
    """Articles that begin with `pattern`, and the clauses in them."""
    articles: list[dict[str, str]] = []
    above = above_id = ""
    for line in lines:
        top, clause = pattern.fullmatch(line), CLAUSE.fullmatch(line)
        if CHAPTER.fullmatch(line):
            continue
        if top and pattern is ARTICLE:
            above, above_id = top[1], ".".join(str(whole(part)) for part in (top[2], top[3]) if part)
            articles.append(begun(above_id, above, top[4]))
        elif top:
            above, above_id = top[1].rstrip("、.\uff0e"), str(whole(top[2]))
            articles.append(begun(above_id, above, top[3]))
        elif clause and articles:
            number = whole(clause[2] or clause[3])
            articles.append(begun(f"{above_id}.{number}", f"{above}{clause[1]}", clause[4]))
        elif articles:
            articles[-1]["text"] = f"{articles[-1]['text']}\n{line}".strip()
    return told_apart(articles)


def begun(id_: str, number: str, rest: str) -> dict[str, str]:
    """An article from its first line: what follows the number is its title where it is short and no sentence."""
    rest = rest.strip(" :\uff1a、.\uff0e")
    end = next((at for at, letter in enumerate(rest) if letter in TITLE_ENDS), len(rest))
    title, text = rest[:end], rest[end + 1 :]
    if titled := TITLED.fullmatch(rest):
        title, text = titled.groups()
    elif not is_title(title) or (end < len(rest) and not text.strip()):
        title, text = "", rest
    return {"id": id_, "heading": f"{number} {title}".strip(), "text": text.strip()}


def is_title(text: str) -> bool:
    return 0 < len(text) <= TITLE_MOST and not any(pause in text for pause in PAUSES)


def told_apart(articles: list[dict[str, str]]) -> list[dict[str, str]]:
    """The articles, with a letter behind a number that comes again (an annex counts anew)."""
    seen: dict[str, int] = {}
    for article in articles:
        seen[article["id"]] = seen.get(article["id"], 0) + 1
        if seen[article["id"]] > 1:
            article["id"] = f"{article['id']}-{seen[article['id']]}"
    return articles


def whole(text: str) -> int:
    """The number that 4, 四, 十二 or 二十 says."""
    if text.isdecimal():
        return int(text)
    digits = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
    total = held = 0
    for letter in text:
        if letter in "十百":
            total += (held or 1) * (10 if letter == "十" else 100)
            held = 0
        else:
            held = digits[letter] if letter in digits else held * 10 + int(letter)
    return total + held


# Articles → the scheme --------------------------------------------------------------------------


def same_numbers(scheme: Scheme, articles: list[dict[str, str]]) -> dict[str, str]:
    """For each article of the scheme the unit's with the same number, where there is one: a first proposal."""
    own = {article["id"] for article in articles}
    proposed = {}
    for article in scheme.articles.values():
        match = ARTICLE.fullmatch(article.number)
        number = ".".join(str(whole(part)) for part in (match[2], match[3]) if part) if match else ""
        if number in own:
            proposed[article.id] = number
    return proposed


def with_unit_words(scheme: Scheme, document: UnitDocument | None) -> Scheme:
    """The scheme with the unit's headings and texts wherever the document points an article at one of its own.

    A neutral article keeps to its number: its title may say what only few may read. Call it on the configured scheme;
    to configure the result would read the model text again.
    """
    if document is None:
        return scheme
    own = {article["id"]: article for article in document.articles}
    articles = dict(scheme.articles)
    for id_, own_id in document.mapping.items():
        if id_ in articles and own_id in own:
            number, _, title = own[own_id]["heading"].partition(" ")
            text = own[own_id]["text"]
            if articles[id_].neutral:
                title, text = "", f"{title}\n{text}".strip()
            articles[id_] = replace(articles[id_], number=number, title=title, text=text)
    return replace(scheme, articles=articles)


def with_named_documents(scheme: Scheme, document: UnitDocument | None) -> Scheme:
    """The scheme in the unit's words, every article's number behind the document that it is in.

    Without a document of the unit there is one numbering only, and nothing to tell apart. No space may come into the
    number: a heading is cut at its first.
    """
    if document is None:
        return scheme
    own = {article["id"] for article in document.articles}
    pointed = {id_ for id_, own_id in document.mapping.items() if own_id in own}
    articles = {
        id_: replace(article, number=f"《{_bare(document.title if id_ in pointed else scheme.title)}》{article.number}")
        for id_, article in with_unit_words(scheme, document).articles.items()
    }
    return replace(scheme, articles=articles)


def _bare(title: str) -> str:
    return re.sub(r"[\s《》]", "", title)


def worded_by_name(adoption: Adoption) -> Scheme:
    """As `worded`, with the document named at every article; for pages about something else than the document."""
    return with_named_documents(adoption.scheme, document_of(adoption))


def document_of(adoption: Adoption) -> UnitDocument | None:
    """The document attached to an adoption."""
    return UnitDocument.objects.filter(adoption=adoption).first()


def worded(adoption: Adoption) -> Scheme:
    """The scheme with the unit's settings and, where it attached its document, the unit's words."""
    return with_unit_words(adoption.scheme, document_of(adoption))
