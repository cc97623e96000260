"""The numbers that Word writes in front of paragraphs by itself (第一条, 一、): they are not part of the text."""

from collections import defaultdict

from docx.document import Document
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

CHINESE = {"chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "taiwaneseCounting"}
DIGITS = "零一二三四五六七八九"
PLACES = 9  # levels of a Word list


class Numbering:
    """Counts through a document from its top. Bullets, letters and Roman numbers give nothing."""

    def __init__(self, document: Document) -> None:
        self.counts: dict[str, list[int]] = defaultdict(lambda: [0] * PLACES)
        self.levels: dict[tuple[str, int], tuple[str, str, int]] = {}
        self.lists: dict[str, str] = {}
        part = next(
            (rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None
        )
        if part is not None:
            self._read(part.element)

    def _read(self, root) -> None:
        for abstract in root.findall(qn("w:abstractNum")):
            for level in abstract.findall(qn("w:lvl")):
                shape, words, start = (_value(level, tag) for tag in ("w:numFmt", "w:lvlText", "w:start"))
                place = int(level.get(qn("w:ilvl")))
                key = abstract.get(qn("w:abstractNumId")), place
                self.levels[key] = (shape or "", words or "", int(start or 1))
        for listed in root.findall(qn("w:num")):
            self.lists[listed.get(qn("w:numId"))] = _value(listed, "w:abstractNumId")

    def label(self, paragraph: Paragraph) -> str:
        """What Word shows in front of the paragraph; empty where it is not numbered."""
        found = self._place(paragraph)
        if found is None or found not in self.levels:
            return ""
        abstract, place = found
        counts, start = self.counts[abstract], self.levels[found][2]
        counts[place] = counts[place] + 1 if counts[place] else start
        counts[place + 1 :] = [0] * (PLACES - place - 1)
        label = self.levels[found][1]
        for above in range(place + 1):
            shape = self.levels.get((abstract, above), ("", "", 1))[0]
            label = label.replace(f"%{above + 1}", _written(counts[above] or 1, shape))
        return f"{label} " if self.levels[found][0] in CHINESE | {"decimal"} else ""

    def _place(self, paragraph: Paragraph) -> tuple[str, int] | None:
        """List and level that the paragraph or its style names."""
        style = paragraph.style
        elements = [paragraph._p.pPr, style.element.pPr if style is not None else None]
        for properties in (element for element in elements if element is not None):
            number = properties.find(qn("w:numPr"))
            if number is not None and (listed := _value(number, "w:numId")):
                return self.lists.get(listed, ""), min(int(_value(number, "w:ilvl") or 0), PLACES - 1)
        return None


def _value(element, tag: str) -> str | None:
    found = element.find(qn(tag))
    return None if found is None else found.get(qn("w:val"))


def _written(number: int, shape: str) -> str:
    return chinese(number) if shape in CHINESE else str(number)


def chinese(number: int) -> str:
    """A number up to 99 in Chinese: 四, 十二, 二十."""
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else DIGITS[tens]) + ("十" if tens else "") + (DIGITS[ones] if ones or not tens else "")
