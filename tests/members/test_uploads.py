"""Attached files: the kind is what is in them, pictures lose what a camera wrote, bad ones are refused by name."""

import errno
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from docx import Document
from PIL import Image
from pypdf import PdfWriter

from members.models import Organization
from members.uploads import FILE_LIMIT, MINUTES, PAPERS, CheckedFile, check_file, storing


def picture(kind="JPEG", size=(40, 20), mode="RGB", **extra) -> bytes:
    held = io.BytesIO()
    Image.new(mode, size, "red").save(held, kind, **extra)
    return held.getvalue()


def photo_of_a_place() -> bytes:
    """A photo taken on its side, with the place and the camera in it."""
    exif = Image.Exif()
    exif[0x0110] = "Camera of Zhang"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (30.5, 0.0, 0.0)
    return picture(exif=exif, comment=b"secret place")


def pdf(password=None) -> bytes:
    writer, held = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password)
    writer.write(held)
    return held.getvalue()


def docx() -> bytes:
    held = io.BytesIO()
    Document().save(held)
    return held.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    held = io.BytesIO(content)
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, part)
    return held.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of this size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def heic_that_says_less() -> bytes:
    """A HEIC whose directory names a small picture, and whose picture is large."""
    return picture("HEIF", (4000, 4000), quality=1).replace(struct.pack(">II", 4000, 4000), struct.pack(">II", 64, 64))


def check(name: str, content: bytes, kinds=MINUTES) -> CheckedFile:
    return check_file(SimpleUploadedFile(name, content), kinds)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("奖状.jpg", picture(), "jpg"),
        ("奖状.JPEG", picture("PNG"), "png"),
        ("奖状.heic", picture("HEIF"), "jpg"),
        ("奖状.webp", picture("WEBP"), "jpg"),
        ("奖状", picture("PNG", mode="RGBA"), "png"),
        ("决定.pdf", pdf(), "pdf"),
        ("决定.docx", docx(), "docx"),
        ("记录.txt", "到会十二人".encode(), "txt"),
        ("记录.txt", "到会十二人".encode("gb18030"), "txt"),
    ],
)
def test_kind_is_found_in_the_content(name, content, kind):
    checked = check(name, content)
    assert (checked.kind, checked.name) == (kind, name.partition(".")[0])


def test_picture_loses_place_and_camera_and_stands_upright():
    before = photo_of_a_place()
    assert b"secret place" in before
    assert b"Camera of Zhang" in before
    after = check("现场.jpg", before).content
    drawn = Image.open(io.BytesIO(after))
    assert drawn.size == (20, 40)
    assert not drawn.getexif()
    assert b"secret" not in after
    assert b"Camera" not in after


def test_text_in_a_png_is_left_out():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "secret place")
    assert b"secret" not in check("图.png", picture("PNG", pnginfo=info)).content


def test_code_behind_a_picture_is_left_out():
    assert b"<script>" not in check("图.png", picture("PNG") + b"<script>alert(1)</script>").content


def test_large_picture_is_made_smaller():
    drawn = Image.open(io.BytesIO(check("证书.jpg", picture(size=(6000, 3000))).content))
    assert drawn.size == (2400, 1200)


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "IMG_0001.heif", "证书.jpg"])
def test_photo_of_a_phone_is_stored_as_jpeg_without_place(name):
    exif = Image.Exif()
    exif[0x0110] = "Camera of Zhang"
    exif.get_ifd(0x8825)[2] = (30.5, 0.0, 0.0)
    before = picture("HEIF", (4032, 3024), exif=exif.tobytes())
    assert b"Camera of Zhang" in before
    after = check(name, before)
    drawn = Image.open(io.BytesIO(after.content))
    assert (after.kind, drawn.format, drawn.size) == ("jpg", "JPEG", (2400, 1800))
    assert drawn.getpixel((9, 9))[0] > 240
    assert not drawn.getexif()
    assert b"Camera" not in after.content


def test_heic_taken_on_its_side_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert Image.open(io.BytesIO(check("证书.heic", picture("HEIF", exif=exif.tobytes())).content)).size == (20, 40)


def test_photo_with_a_second_picture_behind_it_is_a_photo():
    second = Image.new("L", (1000, 750))
    drawn = Image.open(
        io.BytesIO(check("证书.jpg", picture("MPO", (8000, 6000), save_all=True, append_images=[second])).content)
    )
    assert (drawn.format, drawn.size) == ("JPEG", (2400, 1800))


def test_photo_of_nearly_twenty_megabytes_is_taken():
    content = picture(size=(6000, 4000)) + b"\0" * 19 * 1024 * 1024  # what phones put behind: a moving picture
    assert len(check("证书.jpg", content).content) < 1024 * 1024


def test_screenshot_stays_sharp_and_a_large_png_becomes_a_photo():
    assert check("截屏.png", picture("PNG", (1080, 2400))).kind == "png"
    assert check("扫描.png", picture("PNG", (2480, 3508))).kind == "jpg"
    clear = check("印章.png", picture("PNG", (3000, 3000), "RGBA"))
    assert (clear.kind, Image.open(io.BytesIO(clear.content)).mode) == ("png", "RGBA")


TRUE_DOCX = docx()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("空.jpg", b"", "「空.jpg」是空的。请换一个文件。"),
        ("程序.jpg", b"MZ\x00\x01", "「程序.jpg」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。请换一个文件。"),
        ("表.xlsx", with_part(b"", "xl/workbook.xml", b"<x/>"), "「表.xlsx」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。请换一个文件。"),
        ("记录.txt", b"text", "「记录.txt」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。请换一个文件。"),
        ("图.svg", b"<svg onload='x()'/>", "「图.svg」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。请换一个文件。"),
        ("照片.heic", picture("HEIF", (400, 400))[:300], "「照片.heic」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。"),
        ("照片.heic", b"\0\0\0\x18ftypheic\0\0\0\0", "「照片.heic」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。"),
        ("炸弹.heic", heic_that_says_less(), "「炸弹.heic」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。"),
        ("照片.heic", pdf(), "「照片.heic」的内容其实是PDF,和文件名不符。请核对是不是选错了文件。"),
        ("决定.pdf", picture("HEIF"), "「决定.pdf」的内容其实是JPG、PNG 或 HEIC 图片,和文件名不符。请核对是不是选错了文件。"),
        ("图.avif", b"\0\0\0\x18ftypavif\0\0\0\0", "「图.avif」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。这种图片用画图打开,另存为 JPG,再上传。"),
        ("决定.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "「决定.doc」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。这是旧的 Office 文件:用 Word 打开,另存为 .docx 或者 PDF,再上传。"),
        ("图.jpg", b"GIF89a\0\0", "「图.jpg」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。这种图片用画图打开,另存为 JPG,再上传。"),
        ("录像.mp4", b"\0\0\0\x18ftypisom\0\0\0\0", "「录像.mp4」不能用:只收JPG、PNG 或 HEIC 图片、PDF、Word 文档(.docx)。录像不收,请截一张图,或者写明录像存在哪里。"),
        ("照片.jpg", pdf(), "「照片.jpg」的内容其实是PDF,和文件名不符。请核对是不是选错了文件。"),
        ("决定.pdf", picture(), "「决定.pdf」的内容其实是JPG、PNG 或 HEIC 图片,和文件名不符。请核对是不是选错了文件。"),
        ("坏.jpg", picture(size=(400, 400))[:300], "「坏.jpg」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。"),
        ("坏.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "「坏.png」坏了,或者不是真的图片,打不开。请重新拍照或导出后上传。"),
        ("炸弹.png", png_of(60_000, 60_000), "「炸弹.png」的像素太多,打不开。请在手机上打开它,截屏,再传截屏的图片。"),
        ("大.png", png_of(10_000, 8_000), "「大.png」的像素太多,打不开。请在手机上打开它,截屏,再传截屏的图片。"),
        ("坏.pdf", b"%PDF-1.7 nothing", "「坏.pdf」坏了,打不开。请重新导出一份 PDF 后上传。"),
        ("密.pdf", pdf("secret"), "「密.pdf」加了密码,审批的人打不开。请去掉密码后重新上传。"),
        ("坏.docx", TRUE_DOCX[: len(TRUE_DOCX) // 2] + b"word/document.xml", "「坏.docx」坏了,打不开。请用 Word 打开另存一份后上传。"),
        ("宏.docx", with_part(TRUE_DOCX, "word/vbaProject.bin", b"x"), "「宏.docx」带有宏。请另存为普通的 .docx 后重新上传。"),
        ("大.docx", with_part(TRUE_DOCX, "word/media/x", b"\0" * 61 * 1024 * 1024), "「大.docx」解开后太大。请删去里面的大图片后重新上传。"),
        ("压缩.docx", with_part(b"", "word/document.xml", b"x"), "「压缩.docx」不是 Word 文档(.docx)。请换一个文件。"),
        ("长.pdf", b"%PDF-" + b"0" * FILE_LIMIT, "「长.pdf」有 10.0 MB,每个文件最多 10 MB。请压缩或分开后重新上传。"),
    ],
)  # fmt: skip
def test_bad_file_is_refused_by_name(name, content, sentence):
    with pytest.raises(ValidationError) as refused:
        check(name, content, PAPERS)
    assert refused.value.messages == [sentence]


@pytest.mark.parametrize("kind", ["JPEG", "HEIF"])
def test_photo_of_thirty_megabytes_is_refused_unread(kind):
    upload = SimpleUploadedFile("大照片.jpg", picture(kind)[:32])
    upload.size = 30 * 1024 * 1024
    with pytest.raises(ValidationError) as refused:
        check_file(upload, PAPERS)
    assert refused.value.messages == [
        "「大照片.jpg」有 30.0 MB,每张照片最多 20 MB。请在手机上打开它,截屏,再传截屏的图片。"
    ]


READING = """
import re, sys, time
from members.uploads import plain_picture
content, began = open(sys.argv[1], "rb").read(), time.process_time()
plain_picture("x", content)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())  # what getrusage says includes the parent's
print(time.process_time() - began, int(peak[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("kind", "mode", "side", "extra"),
    [
        ("JPEG", "RGB", 10_400, {}),
        ("HEIF", "RGB", 6000, {"quality": 10}),
        ("PNG", "RGB", 7000, {"compress_level": 1}),
        ("PNG", "RGBA", 4000, {"compress_level": 1}),
        ("WEBP", "RGBA", 4000, {"quality": 10}),
        ("JPEG", "RGB", 4000, {"progressive": True, "subsampling": 0}),
    ],
)
def test_largest_pictures_take_little_time_and_memory(tmp_path, kind, mode, side, extra):
    (tmp_path / "picture").write_bytes(picture(kind, (side, side), mode, **extra))
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", READING, str(tmp_path / "picture")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 10
    assert megabytes < 400


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("长.heic", picture("HEIF", (6100, 6100), quality=1)),
        ("长.webp", picture("WEBP", (4100, 4100))),
        ("长.jpg", picture("JPEG", (4100, 4100), progressive=True)),
        ("长.png", picture("PNG", (4100, 4100), "RGBA")),
    ],
)
def test_pictures_that_take_much_memory_may_have_fewer_pixels(name, content):
    with pytest.raises(ValidationError, match="像素太多"):
        check(name, content)


def test_pictures_bent_anywhere_never_break_the_reader():
    for content in (
        picture(size=(60, 60)),
        picture("PNG", size=(60, 60)),
        picture("HEIF", size=(60, 60)),
        photo_of_a_place(),
        pdf(),
        TRUE_DOCX,
    ):
        for place in range(0, len(content), max(1, len(content) // 150)):
            bent = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
            try:
                check("文件", bent)
            except ValidationError:
                continue


# Storing ----------------------------------------------------------------------------------------

FILE = CheckedFile("会议记录", "txt", b"ten people")


@pytest.mark.django_db
def test_stored_file_stays():
    with storing() as shelf:
        name = shelf.put("evidence", FILE)
    assert default_storage.open(name).read() == b"ten people"
    assert "会议" not in name


@pytest.mark.django_db
def test_file_of_a_failed_transaction_is_taken_away():
    def two_at_one_place(shelf):
        shelf.put("evidence", FILE)
        for name in ("甲", "乙"):
            Organization.objects.create(path="0001", depth=1, name=name, kind="committee")

    with pytest.raises(IntegrityError), transaction.atomic(), storing() as shelf:
        two_at_one_place(shelf)
    assert not default_storage.exists(shelf.names[0])
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_half_a_file_on_a_full_disk_is_taken_away(monkeypatch):
    def full(name, content):
        with open(default_storage.path(name), "wb") as half:
            half.write(content.read()[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    with storing() as shelf:
        shelf.put("evidence", FILE)
    monkeypatch.setattr(default_storage, "_save", full)
    with pytest.raises(OSError, match="No space left"), storing() as shelf:
        shelf.put("evidence", FILE)
    assert not default_storage.exists(shelf.names[0])
