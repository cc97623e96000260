"""Written notices (通知书) as .docx: from the product's templates, or from those that a street has put in their place."""

import datetime
import html
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml.etree import LxmlError

from evaluations.models import Appeal, Measure, Result, Round, Step
from members.dates import day_name, months_later
from members.models import Organization, User
from members.uploads import CheckedFile
from reports.models import NoticeTemplate
from scoring.documents import DocumentError, repacked
from scoring.engine import Period, Scheme

SHIPPED = Path(__file__).parent / "notice_templates"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEMPLATE_LIMIT = 1024 * 1024  # bytes of a template
PART_LIMIT = 1024 * 1024  # of each part of it, unpacked
BRACE_LIMIT = 400  # in a part
# What a field may be used in: put down as it is, or asked whether there is any.
ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not)
BRACES = "花括号写得不对。每个字段写成 {{ 姓名 }} 的样子,前后各两个花括号。"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
MARK = re.compile(r"\{\{[^{}]{1,80}\}\}|\{%[^{}%]{1,80}%\}")
NOT_TEXT = re.compile(r"\{\{\s*(?:p|tr|tc|r)\s|\{%\s*(?:cellbg|colspan|hm|vm)\b")
FOREIGN = re.compile(rb'TargetMode\s*=\s*"External"|/(?:oleObject|aFChunk|attachedTemplate|vbaProject|control)"')

EVERYWHERE = {
    "标题": "限期改正通知书",
    "姓名": "王志强",
    "支部": "和平社区第一党支部",
    "上级": "和平街道党工委",
    "周期": "2025 年上半年",
    "办法": "社区党员量化管理办法",
    "日期": "2025 年 7 月 10 日",
}
OF_MEASURES = {
    "情况": "扣分达到 20 分",
    "条文": "第十条第一款 扣分达到20分\n半年扣分20分及以上的,在社区内通报批评。",
    "本人意见": "没有意见",
}


@dataclass(frozen=True)
class NoticeKind:
    """A kind of notice: its title, and its fields each with an example."""

    code: str
    title: str
    fields: dict[str, str]


KINDS = {
    kind.code: kind
    for kind in (
        NoticeKind("criticism", "通报批评通知书", EVERYWHERE | OF_MEASURES),
        NoticeKind(
            "rectification",
            "限期改正通知书",
            EVERYWHERE | OF_MEASURES | {"期限开始": "2025 年 7 月 10 日", "期限截止": "2026 年 1 月 10 日"},
        ),
        NoticeKind(
            "result",
            "考核结果通知书",
            EVERYWHERE
            | {
                "总分": "92.40 分",
                "等次": "优秀",
                "各部分": "日常考核 96 分,折合 57.60 分\n加:民主评议 87 分,折合 34.80 分",
                "引出的事项": "",
                "校验码": "3F2A9C10",
            },
        ),
        NoticeKind(
            "objection",
            "异议答复书",
            EVERYWHERE
            | {
                "提出日期": "2025 年 7 月 3 日",
                "关于": "3 月 5 日 主题党日:迟到,扣 4 分",
                "理由": "当天是支部派去参加培训。",
                "决定": "成立",
                "决定的理由": "查明属于公假,已经更正。",
                "更正": "",
            },
        ),
    )
}


# Templates --------------------------------------------------------------------------------------


class TemplateError(Exception):
    """A sentence for the user on why a template cannot be used."""


class NoticeEnvironment(ImmutableSandboxedEnvironment):
    """Reads nothing but the fields of one kind: no calls, no attributes, no filters, no loops."""

    def __init__(self, kind: NoticeKind):
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.kind = kind

    def _parse(self, source, name, filename):
        tree = super()._parse(source, name, filename)
        for node in [tree, *tree.find_all(nodes.Node)]:
            if not isinstance(node, ALLOWED):
                raise TemplateError("模板里只能写 {{ 字段 }},和 {% if 字段 %} … {% endif %};其他写法用不了,请改掉。")
            if isinstance(node, nodes.Name) and node.name not in self.kind.fields:
                fields = "、".join(self.kind.fields)
                raise TemplateError(f"模板里的字段「{node.name}」没有。{self.kind.title}可以用:{fields}。")
        return tree


def rendered(template: bytes, kind: NoticeKind, fields: dict[str, str]) -> bytes:
    """The notice as a .docx file. Raises TemplateError for a template that asks for what it may not have."""
    document = DocxTemplate(io.BytesIO(template))
    plain = {name: CONTROL.sub("", str(value)) for name, value in fields.items()}
    try:
        document.render(plain, NoticeEnvironment(kind), autoescape=True)
        stream = io.BytesIO()
        document.save(stream)
    except JinjaError as error:
        raise TemplateError(BRACES) from error
    # python-docx and lxml look things up as they go: a broken file shows as any of these.
    except (
        LxmlError, PackageNotFoundError, KeyError, ValueError, AttributeError, IndexError, TypeError, RecursionError,
    ) as error:  # fmt: skip
        raise TemplateError("这个 .docx 文件坏了,打不开。请用 Word 打开另存一份后重新上传。") from error
    return stream.getvalue()


def checked_template(content: bytes, kind: NoticeKind) -> bytes:
    """The template as it may be kept: rendered once with examples. Raises TemplateError with what is wrong."""
    if len(content) > TEMPLATE_LIMIT:
        raise TemplateError(f"模板有 {len(content) / 1024 / 1024:.1f} MB,最多 1 MB。请去掉图片后重新上传。")
    try:
        packed = repacked(content)
    except DocumentError as error:
        raise TemplateError(str(error)) from error
    _check_parts(packed)
    rendered(packed.getvalue(), kind, kind.fields)
    return packed.getvalue()


def _check_parts(packed: io.BytesIO) -> None:
    with zipfile.ZipFile(packed) as archive:
        for entry in archive.infolist():
            if not entry.filename.endswith((".xml", ".rels")):
                continue
            if entry.file_size > PART_LIMIT:
                raise TemplateError("模板太长,不像一份通知书。请只留通知书的内容。")
            part = archive.read(entry)
            if part.count(b"{") > BRACE_LIMIT:
                raise TemplateError("模板里的花括号太多。每个字段前后各写两个花括号,一份通知书用不了这么多。")
            if entry.filename.endswith(".rels") and FOREIGN.search(part):
                raise TemplateError("模板里有链接、宏或者嵌入的对象,打开时可能连到外面。请把文字复制到新的文档里。")
            words = html.unescape(re.sub(r"<[^>]*>", "", part.decode("utf-8", "replace")))
            if re.search(r"\{[{%#]", MARK.sub("", words)):  # left open: docxtpl would search on and on for the end
                raise TemplateError(BRACES)
            if NOT_TEXT.search(words):
                raise TemplateError("「{{r」「{{p」这类写法用不了。请写成 {{ 姓名 }} 的样子。")


def template_of(organization: Organization, kind: str) -> NoticeTemplate | None:
    """The nearest template of a kind at or above an organisation; None where the product's is used."""
    found = NoticeTemplate.objects.filter(organization__path__in=organization.lineage, kind=kind)
    return found.order_by("-organization__depth").first()


def shipped_template(kind: str) -> bytes:
    return (SHIPPED / f"{kind}.docx").read_bytes()


@transaction.atomic
def keep_template(organization: Organization, kind: NoticeKind, file: CheckedFile, *, actor: User) -> NoticeTemplate:
    """The organisation's template of a kind, in place of a former one. Raises ValidationError with what is wrong."""
    try:
        content = checked_template(file.content, kind)
    except TemplateError as error:
        raise ValidationError({"file": str(error)}) from error
    template, _ = NoticeTemplate.objects.update_or_create(
        organization=organization,
        kind=kind.code,
        defaults={"name": file.name, "content": content, "uploaded_by": actor},
    )
    return template


def drop_template(organization: Organization, kind: NoticeKind) -> None:
    """Go back to the template above, or to the product's."""
    NoticeTemplate.objects.filter(organization=organization, kind=kind.code).delete()


# Notices ----------------------------------------------------------------------------------------


def notice(kind: NoticeKind, organization: Organization, fields: dict[str, str]) -> bytes:
    """A notice of a branch as a .docx file, from the nearest template."""
    own = template_of(organization, kind.code)
    return rendered(bytes(own.content) if own else shipped_template(kind.code), kind, fields)


def measure_notice(measure: Measure) -> bytes:
    """The notice that goes with a measure."""
    kind = KINDS[measure.rules.notice]
    fields = _common(kind, measure.member.name, measure.organization, measure.round) | {
        "情况": measure.words,
        "条文": "\n".join(f"{clause['heading']}\n{clause['text']}" for clause in measure.clauses),
        "本人意见": next((step.note for step in measure.steps.all() if step.kind == "hear"), ""),
    }
    if "期限截止" in kind.fields:
        fields |= _term(measure)
    return notice(kind, measure.organization, fields)


def _term(measure: Measure) -> dict[str, str]:
    """First and last day of the term: from the day of the notice, or from today while it is still to be handed over."""
    steps = list(measure.steps.all())
    term = next(step for step in steps if step.kind == "term")
    told = next(step for step in steps if step.number == term.number - 1)
    first = told.done_on or timezone.localdate()
    return {"期限开始": day_name(first), "期限截止": day_name(term.due_on or months_later(first, term.months))}


def result_notice(result: Result) -> bytes:
    """The notice of a final result."""
    kind, scheme = KINDS["result"], result.branch.scheme
    total = f"{result.total} 分" if result.total is not None else result.get_status_display()
    fields = _common(kind, result.member.name, result.branch.organization, result.round) | {
        "总分": total,
        "等次": result.grade_title or "没有定等次",
        "各部分": "\n".join(_sum(scheme, result)),
        "引出的事项": "、".join(result.consequence_titles),
        "校验码": result.digest[:8].upper(),
        "日期": day_name(_decided_on(result.round)),
    }
    return notice(kind, result.branch.organization, fields)


def _sum(scheme: Scheme, result: Result) -> list[str]:
    """What the total is made of, a line a term; then the parts that are in it already or stand beside it."""
    values = result.sheet["parts"]
    if Period.parse(result.round.period).half is None and scheme.year:
        return [f"{part.title} {values[part.code]} 分" for part in scheme.year.figures if values.get(part.code)]
    parts = {part.code: part for part in scheme.parts}
    shown, lines = set(), []
    for code in [*scheme.total.of, *scheme.total.minus]:
        made = parts[parts[code].of] if parts[code].kind == "weighted" else parts[code]
        shown |= {code, made.code}
        if values.get(made.code) is None:
            continue
        sign = "减:" if code in scheme.total.minus else "加:" if lines else ""
        share = f",折合 {values[code]} 分" if made.code != code and values.get(code) else ""
        lines.append(f"{sign}{made.title} {values.get(made.code)} 分{share}")
    rest = [f"{part.title} {values[code]} 分" for code, part in parts.items() if code not in shown and values.get(code)]
    return [*lines, f"说明:{'、'.join(rest)},不另外加减。"] if rest else lines


def _decided_on(round_: Round) -> datetime.date:
    """The day of the closing, else of the latest approval, else today."""
    approval = round_.steps.filter(step=Step.APPROVE).order_by("-done_at").first()
    decided = round_.closed_at or (approval and approval.done_at)
    return timezone.localdate(decided) if decided else timezone.localdate()


def appeal_notice(appeal: Appeal) -> bytes:
    """The reply to an appeal or objection that has been decided."""
    kind = KINDS["objection"]
    fields = _common(kind, appeal.member.name, appeal.organization, appeal.round) | {
        "提出日期": day_name(timezone.localdate(appeal.raised_at)),
        "关于": appeal.words,
        "理由": appeal.text,
        "决定": appeal.state_words,
        "决定的理由": appeal.reasons,
        "更正": appeal.follow_up,
    }
    return notice(kind, appeal.organization, fields)


def _common(kind: NoticeKind, name: str, branch: Organization, round_) -> dict[str, str]:
    part = round_.branches.select_related("version").filter(organization=branch).first()
    return {
        "标题": kind.title,
        "姓名": name,
        "支部": str(branch),
        "上级": str(round_.organization),
        "周期": Period.parse(round_.period).title,
        "办法": part.version.title if part and part.version else "",
        "日期": day_name(timezone.localdate()),
    }
