"""Writes the shipped templates anew: `python -m reports.notice_templates.make`."""

import datetime
from pathlib import Path

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

HERE = Path(__file__).parent
TITLE_FONT, TEXT_FONT = "黑体", "仿宋"
TITLE_SIZE, TEXT_SIZE = Pt(22), Pt(16)
MADE = datetime.datetime(2025, 1, 1)  # the same bytes of text whenever it is made

RECEIPT = (
    "—" * 24,
    "送达回执",
    "{{ 标题 }}已收到。",
    "被送达人(签字):                送达人(签字):",
    "日期:          年    月    日",
)

# Paragraphs of each notice: {%p … %} stands alone and leaves no empty line.
NOTICES = {
    "criticism": (
        "{{ 姓名 }}同志:",
        "经 {{ 周期 }}考核,您有以下情况:{{ 情况 }}。",
        "依照《{{ 办法 }}》:",
        "{{ 条文 }}",
        "{{ 支部 }}决定对您通报批评。请认真对照检查,加以改进。",
        "{%p if 本人意见 %}",
        "您的意见已经记录:{{ 本人意见 }}",
        "{%p endif %}",
        "如有不同意见,可以在收到本通知书后向{{ 支部 }}或者{{ 上级 }}提出。",
    ),
    "rectification": (
        "{{ 姓名 }}同志:",
        "经 {{ 周期 }}考核,您有以下情况:{{ 情况 }}。",
        "依照《{{ 办法 }}》:",
        "{{ 条文 }}",
        "请您在 {{ 期限开始 }}至 {{ 期限截止 }}期间改正。期满以后,党组织将评议您的改正情况。",
        "{%p if 本人意见 %}",
        "您的意见已经记录:{{ 本人意见 }}",
        "{%p endif %}",
        "改正中有困难,请向{{ 支部 }}提出,党组织会帮助您。如有不同意见,也可以向{{ 上级 }}提出。",
    ),
    "result": (
        "{{ 姓名 }}同志:",
        "您 {{ 周期 }}的考核结果如下:",
        "总分:{{ 总分 }}",
        "等次:{{ 等次 }}",
        "{%p if 各部分 %}",
        "{{ 各部分 }}",
        "{%p endif %}",
        "{%p if 引出的事项 %}",
        "按办法引出的事项:{{ 引出的事项 }}。这些事项由党组织按程序决定,不会自动生效。",
        "{%p endif %}",
        "考核依照《{{ 办法 }}》进行,每一项的得分和依据见积分台账。如有不同意见,可以向{{ 支部 }}提出。",
        "校验码:{{ 校验码 }}",
    ),
    "objection": (
        "{{ 姓名 }}同志:",
        "{{ 提出日期 }}对您 {{ 周期 }}考核提出的意见,已经核对完毕。",
        "关于:{{ 关于 }}",
        "提出的理由:{{ 理由 }}",
        "核对的结果:{{ 决定 }}。{{ 决定的理由 }}",
        "{%p if 更正 %}",
        "更正:{{ 更正 }}",
        "{%p endif %}",
        "考核依照《{{ 办法 }}》进行。",
    ),
}


def make(kind: str):
    """The template of a kind as a document."""
    document = Document()
    _set_page(document)
    _paragraph(document, "{{ 标题 }}", size=TITLE_SIZE, font=TITLE_FONT, centre=True, after=Pt(24))
    greeting, *text = NOTICES[kind]
    _paragraph(document, greeting)
    for line in text:
        _paragraph(document, line, indent=not line.startswith("{%p"))
    _paragraph(document, "{{ 支部 }}", right=True, before=Pt(36))
    _paragraph(document, "{{ 日期 }}", right=True)
    if kind != "result":
        for line in RECEIPT:
            _paragraph(document, line, size=Pt(14), centre=line == RECEIPT[1])
    return document


def _set_page(document) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.8)
    section.top_margin = section.bottom_margin = Cm(3)
    properties = document.core_properties
    properties.author = properties.title = properties.comments = ""
    properties.created = properties.modified = MADE


def _paragraph(document, text, *, size=TEXT_SIZE, font=TEXT_FONT, indent=False, centre=False, right=False, **space):
    paragraph = document.add_paragraph()
    run = paragraph.add_run(text)
    run.font.size, run.font.name = size, font
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    shape = paragraph.paragraph_format
    shape.line_spacing = 1.5
    shape.space_before, shape.space_after = space.get("before", Pt(0)), space.get("after", Pt(0))
    if indent:
        shape.first_line_indent = size * 2
    if centre:
        shape.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if right:
        shape.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def main() -> None:
    for kind in NOTICES:
        make(kind).save(HERE / f"{kind}.docx")


if __name__ == "__main__":
    main()
