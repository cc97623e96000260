"""Uploaded workbooks and CSV files as rows of text. What is too big, odd or dangerous is refused in words."""

import csv
import datetime
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from xml.etree import ElementTree
from xml.parsers import expat

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from python_calamine import CalamineError, CalamineWorkbook

UNPACKED_LIMIT = 24 * 1024 * 1024  # bytes of all parts of a workbook
ROW_LIMIT = 20_000
ROSTER_LIMIT = 5_000  # people: each is checked and written in some ten columns
HEAD_ROWS = 5  # that come on top of the limit: the head, and titles above it
COLUMN_LIMIT = 60
ZIP, OLD_OFFICE = b"PK", b"\xd0\xcf\x11\xe0"  # how workbooks begin, of today and of long ago
NOTHING_WRITTEN = "本次没有写入任何数据。"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class WorkbookError(Exception):
    """A sentence for the user on why a file cannot be read."""


@dataclass
class Sheet:
    """Rows of text with their numbers in the file, the first row being the head; empty rows are left out."""

    rows: list[tuple[int, list[str]]]


def read_upload(upload: UploadedFile, most: int = ROW_LIMIT) -> Sheet:
    """The first sheet of an uploaded .xlsx, or a .csv in UTF-8 or GBK. Raises WorkbookError.

    most: rows, without the head and titles above it.
    """
    check_bytes(upload)
    content = upload.read()
    if content.startswith(ZIP):
        values = read_xlsx(content, most)
    elif content.startswith(OLD_OFFICE):
        raise WorkbookError("这是旧的 .xls 格式,或文件加了密码。请在 Excel 里另存为不加密码的 .xlsx 后重新上传。")
    elif (ending := PurePath(upload.name).suffix.lower()).startswith(".xls"):
        raise WorkbookError(
            f"文件名以 {ending} 结尾,里面却不是 Excel 工作簿。请用 Excel 或 WPS 打开它,点「另存为」,"
            "类型选「Excel 工作簿(*.xlsx)」,再上传另存的文件。"
        )
    else:
        values = read_csv(content, most)
    rows = [(number, [as_text(value) for value in row]) for number, row in enumerate(values, 1)]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise WorkbookError("文件是空的:第一张工作表里没有内容。请填好后重新上传。")
    if len(rows) == 1:
        raise WorkbookError("表里只有表头,没有内容。请从第二行起每行填一人。")
    return Sheet(rows)


def check_bytes(upload: UploadedFile) -> None:
    if upload.size <= settings.UPLOAD_LIMIT:
        return
    start = upload.read(len(OLD_OFFICE))
    is_book = start.startswith((ZIP, OLD_OFFICE))
    raise WorkbookError(
        f"文件有 {upload.size / 1024 / 1024:.1f} MB,最多 {settings.UPLOAD_LIMIT // 1024 // 1024} MB。"
        + ("请删去多余的工作表后重新上传。" if is_book else "请把各行分成几个文件(每个都要有表头),逐个上传。")
    )


def as_text(value) -> str:
    """A cell as people see it: whole numbers without point, dates as 1970-01-01."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).replace("\u3000", " ").strip()


def read_csv(content: bytes, most: int) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise WorkbookError("这个文件不是 .xlsx,也不是 UTF-8 或 GBK 编码的 .csv。请换成其中一种后重新上传。")
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise WorkbookError("这个文件不是 .xlsx,也不是文字的 .csv。请换成其中一种后重新上传。")
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            rows.append(row)
            check_size(len(rows), len(row), most)
    except csv.Error as error:
        raise WorkbookError(f"第 {len(rows) + 1} 行的引号不成对,读不下去。请改正后重新上传。") from error
    return rows


def check_size(row: int, column: int, most: int) -> None:
    """Refuse what lies beyond the limits; often it is a stray blank or a format far below."""
    if row > most + HEAD_ROWS:
        raise WorkbookError(
            f"表格用到了第 {row} 行,内容最多 {most} 行。请分成几个文件,逐个上传;"
            "没有这么多内容的,请把要的行复制到新的工作簿再上传。"
        )
    if column > COLUMN_LIMIT:
        raise WorkbookError(
            f"第 {row} 行用到了第 {column} 列,最多 {COLUMN_LIMIT} 列。"
            "请删去多余的列,或者把要的列复制到新的工作簿再上传。"
        )


def read_xlsx(content: bytes, most: int) -> list[list]:
    parts = unpack(content, most)
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            check_part(part)
    check_sheet(parts, first_sheet(parts), most)
    # Packed again, so that no second reading of the same archive can differ from the one that was checked.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    packed.seek(0)
    try:
        return CalamineWorkbook.from_filelike(packed).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise WorkbookError("这个 .xlsx 文件坏了,打不开。请用 Excel 打开另存一份后重新上传。") from error


def unpack(content: bytes, most: int) -> dict[str, bytes]:
    """The parts of the archive. Their sizes are added up before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT or len(entries) > 1000:
                raise WorkbookError(
                    f"这个 .xlsx 解开后太大,不像一份名单(最多 {most} 行)。"
                    "请把内容复制到新的工作簿,太多的分成几个文件,再重新上传。"
                )
            # Reads at most the size that the directory names, and fails if there is more or the checksum differs.
            return {entry.filename: archive.read(entry) for entry in entries if not entry.is_dir()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise WorkbookError("这个 .xlsx 文件坏了或加了密码,打不开。请用 Excel 另存一份后重新上传。") from error


def check_part(part: bytes) -> None:
    """Refuse XML with declarations of its own: workbooks have none, attacks do."""
    if b"<!" in part[:2000] and re.search(rb"<!(DOCTYPE|ENTITY)", part):
        raise WorkbookError("这个 .xlsx 文件里有不该有的内容。请把内容复制到新的工作簿后重新上传。")


def first_sheet(parts: dict[str, bytes]) -> str:
    """The name of the first sheet's part."""
    try:
        relations = ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])  # noqa: S314
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
        book = ElementTree.fromstring(parts["xl/workbook.xml"])  # noqa: S314
        sheet = next(element for element in book.iter() if element.tag.endswith("}sheet"))
        target = targets[sheet.get(RELATION)]
        name = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        parts[name]
    except (KeyError, StopIteration, ElementTree.ParseError) as error:
        raise WorkbookError("这个文件不是 Excel 的 .xlsx 工作簿。请用 Excel 另存一份后重新上传。") from error
    return name


def check_sheet(parts: dict[str, bytes], first: str, most: int) -> None:
    """Refuse sheets whose cells lie too far out; formulas and merged cells in the first one."""
    for name, part in parts.items():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            check_cells(part, most, is_first=name == first)
    if not first.startswith("xl/worksheets/"):
        check_cells(parts[first], most, is_first=True)


def check_cells(part: bytes, most: int, is_first: bool) -> None:
    place = {"cell": "", "rows": 0, "cells": 0}

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "row":
            place["rows"] += 1
            place["cells"] = 0
            number = attributes.get("r", "")
            check_size(max(place["rows"], int(number) if number.isdecimal() else 0), 0, most)
        elif tag == "c":
            place["cell"] = attributes.get("r", "")
            place["cells"] += 1
            row, column = position(place["cell"])
            check_size(row, max(column, place["cells"]), most)
        elif tag == "f" and is_first:
            raise WorkbookError(
                f"单元格 {place['cell']} 里是公式。请复制后「选择性粘贴」为数值,再重新上传;{NOTHING_WRITTEN}"
            )
        elif tag == "mergeCell" and is_first:
            raise WorkbookError(
                f"单元格 {attributes.get('ref', '')} 是合并的。请取消合并,每格各填各的,再重新上传;{NOTHING_WRITTEN}"
            )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise WorkbookError("这个 .xlsx 文件坏了,打不开。请用 Excel 打开另存一份后重新上传。") from error


def position(reference: str) -> tuple[int, int]:
    """Row and column of a cell reference such as B14; zeros for none."""
    match = re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", reference)
    if not match:
        return 0, 0
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column
