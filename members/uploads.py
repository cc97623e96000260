"""Files that people attach: checked by what is in them, never by their name alone, and stored under random names."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import PurePath
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener
from pypdf import PdfReader
from pypdf.errors import PyPdfError

# The phone's own previews and depth maps are not looked at: only the picture itself is.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

MB = 1024 * 1024
FILE_LIMIT = 10 * MB  # bytes of one file
PICTURE_LIMIT = 20 * MB  # bytes of one picture, which is stored much smaller
# Pixels by how much memory reading takes: what a phone writes is read in a smaller size at once, or with little more
# than its pixels take; the rest with more than four bytes a pixel.
JPEG_PIXELS, PNG_PIXELS, HEIF_PIXELS, HEAVY_PIXELS = 110_000_000, 50_000_000, 36_000_000, 16_000_000
Image.MAX_IMAGE_PIXELS = JPEG_PIXELS  # Pillow warns above it, and refuses twice as many
LIGHT_MODES = ("1", "L", "P", "RGB")
LONGEST_SIDE = 2400  # pixels that a stored picture has at most: a page of paper stays legible
UNPACKED_LIMIT = 60 * MB  # bytes of all parts of a .docx
PART_LIMIT = 2000
NAME_LIMIT = 100

PICTURES = ("jpg", "png")
PAPERS = (*PICTURES, "pdf", "docx")
MINUTES = (*PAPERS, "txt")
# What the end of a name promises, as far as it promises anything that can be attached.
PROMISED = {
    "jpg": PICTURES, "jpeg": PICTURES, "png": PICTURES, "webp": PICTURES, "gif": PICTURES, "bmp": PICTURES,
    "heic": PICTURES, "heif": PICTURES, "pdf": ("pdf",), "docx": ("docx",), "doc": ("docx",), "txt": ("txt",),
}  # fmt: skip
TITLES = {"jpg": "JPG、PNG 或 HEIC 图片", "pdf": "PDF", "docx": "Word 文档(.docx)", "txt": "文本文件(.txt)"}
TITLES["png"] = TITLES["jpg"]
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}  # of what a browser may show; the rest is downloaded

HEIF = re.compile(rb".{4}ftyp(heic|heix|heim|heis|hevc|mif1|msf1)", re.DOTALL)

SMALLER = "请在手机上打开它,截屏,再传截屏的图片。"

# What people often have instead, by its first bytes, and how they come from it to something that can be taken.
HELP = (
    (
        re.compile(rb"\xd0\xcf\x11\xe0"),
        "这是旧的 Office 文件:用 Word 打开,另存为 .docx 或者 PDF,再上传。",
    ),
    (
        re.compile(rb"GIF8|BM|II\*\0|MM\0\*|.{4}ftypavif", re.DOTALL),
        "这种图片用画图打开,另存为 JPG,再上传。",
    ),
    (
        re.compile(rb".{4}ftyp", re.DOTALL),
        "录像不收,请截一张图,或者写明录像存在哪里。",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class CheckedFile:
    """What is stored of an uploaded file: its bytes, the kind that they are, and the name that people gave it."""

    name: str
    kind: str
    content: bytes


def check_file(upload: UploadedFile, kinds: Collection[str]) -> CheckedFile:
    """The file as it may be stored, pictures without whatever else a camera writes into them.

    Raises ValidationError with a sentence that names the file.
    """
    name = str(upload.name)
    _check_size(name, upload)
    upload.seek(0)
    content = upload.read()
    if not content:
        raise ValidationError(f"「{name}」是空的。请换一个文件。")
    kind = kind_of(content)
    ending = PurePath(name).suffix.lower().lstrip(".")
    if kind is None or kind not in kinds:
        help_ = next((words for mark, words in HELP if mark.match(content)), "请换一个文件。")
        raise ValidationError(f"「{name}」不能用:只收{kinds_words(kinds)}。{help_}")
    if kind not in PROMISED.get(ending, (kind,)):
        raise ValidationError(f"「{name}」的内容其实是{TITLES[kind]},和文件名不符。请核对是不是选错了文件。")
    if kind in PICTURES:
        kind, content = plain_picture(name, content)
    elif kind == "pdf":
        _check_pdf(name, content)
    elif kind == "docx":
        _check_docx(name, content)
    return CheckedFile(_short(name), kind, content)


def _check_size(name: str, upload: UploadedFile) -> None:
    upload.seek(0)
    photo = kind_of(upload.read(32)) in PICTURES
    limit = PICTURE_LIMIT if photo else FILE_LIMIT
    if upload.size > limit:
        most = f"每张照片最多 {limit // MB} MB" if photo else f"每个文件最多 {limit // MB} MB"
        help_ = SMALLER if photo else "请压缩或分开后重新上传。"
        raise ValidationError(f"「{name}」有 {upload.size / MB:.1f} MB,{most}。{help_}")


def kind_of(content: bytes) -> str | None:
    """The kind of file that the bytes are, or None where they are none that can be attached."""
    if (
        content.startswith(b"\xff\xd8\xff")
        or (content.startswith(b"RIFF") and content[8:12] == b"WEBP")
        or HEIF.match(content)
    ):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        return "docx" if b"word/document.xml" in content else None
    return "txt" if is_text(content) else None


def is_text(content: bytes) -> bool:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return not re.search(r"[\x00-\x08\x0e-\x1f\x7f]", content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return False


def plain_picture(name: str, content: bytes) -> tuple[str, bytes]:
    """The picture drawn anew, upright and not too large: without place, time, camera or anything behind it."""
    held = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "HEIF")) as image:
            width, height = image.size
            if width * height > _most_pixels(image):
                raise Image.DecompressionBombError
            clear = image.format == "PNG" and image.has_transparency_data
            kind = "png" if clear or (image.format == "PNG" and max(image.size) <= LONGEST_SIDE) else "jpg"
            shrunk = LONGEST_SIDE / max(image.size)
            image.draft(None, (ceil(width * shrunk), ceil(height * shrunk)))  # a JPEG is read no larger than needed
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            bare = upright.convert("RGBA" if clear else "RGB")
            bare.info.clear()
            bare.save(held, "PNG" if kind == "png" else "JPEG", quality=85)
    except Image.DecompressionBombError as error:
        raise ValidationError(f"「{name}」的像素太多,打不开。{SMALLER}") from error
    # Pillow meets whatever is wrong in a picture where it uses it, as any of these.
    except (
        OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, RuntimeError, OverflowError,
        ZeroDivisionError, struct.error, zlib.error,
    ) as error:  # fmt: skip
        raise ValidationError(f"「{name}」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。") from error
    return kind, held.getvalue()


def _most_pixels(image: Image.Image) -> int:
    """How many pixels such a picture may have, so that reading it takes no more than its share of memory."""
    if image.format in ("JPEG", "MPO"):  # the latter is a phone's JPEG with a second picture behind it
        return HEAVY_PIXELS if image.info.get("progressive") else JPEG_PIXELS
    if image.format == "PNG":
        return PNG_PIXELS if image.mode in LIGHT_MODES else HEAVY_PIXELS
    return HEIF_PIXELS if image.format == "HEIF" else HEAVY_PIXELS


def _check_pdf(name: str, content: bytes) -> None:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValidationError(f"「{name}」加了密码,审批的人打不开。请去掉密码后重新上传。")
        readable = len(reader.pages) > 0
    # pypdf meets whatever is wrong in a file where it uses it, as any of these.
    except (
        PyPdfError, OSError, ValueError, KeyError, AttributeError, IndexError, TypeError, RecursionError,
        NotImplementedError, OverflowError, zlib.error,
    ) as error:  # fmt: skip
        raise ValidationError(f"「{name}」坏了,打不开。请重新导出一份 PDF 后上传。") from error
    if not readable:
        raise ValidationError(f"「{name}」里没有一页内容。请换一个文件。")


def _check_docx(name: str, content: bytes) -> None:
    """Sizes are added up from the directory before anything is unpacked; then every part is read once."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if any(part.flag_bits & 1 for part in parts):
                raise ValidationError(f"「{name}」加了密码,审批的人打不开。请去掉密码后重新上传。")
            if len(parts) > PART_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
                raise ValidationError(f"「{name}」解开后太大。请删去里面的大图片后重新上传。")
            if not {"[Content_Types].xml", "word/document.xml"} <= names:
                raise ValidationError(f"「{name}」不是 Word 文档(.docx)。请换一个文件。")
            if any(part.lower().endswith("vbaproject.bin") for part in names):
                raise ValidationError(f"「{name}」带有宏。请另存为普通的 .docx 后重新上传。")
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ValidationError(f"「{name}」坏了,打不开。请用 Word 打开另存一份后上传。") from error
    if broken:
        raise ValidationError(f"「{name}」坏了,打不开。请用 Word 打开另存一份后上传。")


def kinds_words(kinds: Collection[str]) -> str:
    """JPG、PNG 或 HEIC 图片、PDF"""
    return "、".join(dict.fromkeys(TITLES[kind] for kind in kinds))


def limits_words(kinds: Collection[str]) -> str:
    """照片每张最多 20 MB,其他文件每个最多 10 MB"""
    words = [f"照片每张最多 {PICTURE_LIMIT // MB} MB"] if set(PICTURES) & set(kinds) else []
    if set(kinds) - set(PICTURES):
        words.append(f"{'其他' if words else ''}文件每个最多 {FILE_LIMIT // MB} MB")
    return ",".join(words)


def _short(name: str) -> str:
    """The name without what comes after the last dot, no longer than its column."""
    return PurePath(name).stem[:NAME_LIMIT]


# Showing ----------------------------------------------------------------------------------------


def file_response(file: FieldFile, name: str) -> HttpResponse:
    """A stored file: pictures as such, everything else to be downloaded under its name. Raises Http404."""
    kind = file.name.rpartition(".")[2]
    try:
        with file.open("rb") as content:
            response = HttpResponse(content.read())
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Type"] = CONTENT_TYPES.get(kind, "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=kind not in CONTENT_TYPES, filename=f"{name}.{kind}"
    )
    return response


# Storing ----------------------------------------------------------------------------------------


@contextmanager
def storing(outer: "Shelf | None" = None) -> Iterator["Shelf"]:
    """A transaction with a shelf for files: if it fails, the files that were put there are taken away again.

    outer: the shelf of a transaction around this one, which then sees to the files.
    """
    shelf = outer or Shelf()
    try:
        with transaction.atomic():
            yield shelf
    except BaseException:
        for name in shelf.names if outer is None else ():
            with suppress(OSError):  # what went wrong before is what has to be told
                default_storage.delete(name)
        raise


class Shelf:
    """Files stored in one transaction."""

    def __init__(self):
        self.names: list[str] = []

    def put(self, folder: str, file: CheckedFile) -> str:
        """The name in the storage. Raises OSError where the disk is full or the folder cannot be written to."""
        name = f"{folder}/{uuid4().hex}.{file.kind}"
        self.names.append(name)  # before it is written: half a file goes as well
        return default_storage.save(name, ContentFile(file.content))
