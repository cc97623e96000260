"""The minutes of an activity: written, written again, read; nothing of them is lost."""

import datetime
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from PIL import Image

from evaluations import freeze
from members.models import Activity, Minutes, MinutesFile
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
TEXT = "主持人:李秀英\n议题:清雪\n决定:周六上午"


@pytest.fixture(autouse=True)
def _today(monkeypatch, settings, tmp_path):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def event(people, places):
    return make.activity(places.branch, people.secretary, TODAY - datetime.timedelta(2), title="党员大会")


def address(event):
    return reverse("members:minutes", args=[event.pk])


def write(client, event, text=TEXT, seen=None, **fields):
    if seen is None:
        latest = event.minutes.last()
        seen = latest.pk if latest else 0
    return client.post(address(event), {"text": text, "seen": seen} | fields, follow=True)


def photo():
    held = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(held, "JPEG")
    return SimpleUploadedFile("记录本.jpg", held.getvalue())


def test_written_from_the_grid_and_read_by_those_above(sign_in, people, event):
    client = sign_in(people.secretary)
    assert "写会议记录" in client.get(reverse("members:activity", args=[event.pk])).content.decode()
    assert "讨论和决定" in client.get(address(event)).content.decode()  # heads to be filled in
    page = write(client, event, files=[photo()])
    assert "会议记录已保存。" in page.content.decode()
    shown = sign_in(people.general).get(address(event)).content.decode()
    assert "议题:清雪<br>决定:周六上午" in shown
    assert "李秀英" in shown
    assert "data-print hidden" in shown  # until the script runs that comes with it
    assert "js/print.js" in shown
    file = MinutesFile.objects.get()
    response = client.get(reverse("members:minutes_file", args=[event.pk, file.pk]))
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert ">会议记录</a>" in client.get(reverse("members:activity", args=[event.pk])).content.decode()


def test_former_words_stay(sign_in, people, event):
    client = sign_in(people.secretary)
    write(client, event)
    write(client, event, text="决定:周日上午")
    page = client.get(address(event)).content.decode()
    assert page.index("周日上午") < page.index("以前写的 1 次") < page.index("周六上午")
    assert "没有改动。" in write(client, event, text="决定:周日上午\r\n").content.decode()
    assert Minutes.objects.count() == 2


def test_two_writers_see_each_other(sign_in, people, event):
    client = sign_in(people.leader)
    write(sign_in(people.secretary), event)
    page = write(client, event, text="我写的是周日", seen=0)
    words = page.content.decode()
    assert page.status_code == 400
    assert "李秀英刚刚也写了记录" in words
    assert "我写的是周日" in words
    assert "决定:周六上午" in words
    seen = page.context["latest"].pk
    assert f'name="seen" value="{seen}"' in words
    assert write(client, event, text="周六和周日", seen=seen).status_code == 200
    assert list(event.minutes.values_list("text", flat=True)) == [TEXT, "周六和周日"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"text": "  "}, "请写会议记录的内容"),
        ({"text": "主持人:\r\n记录人:\r\n议题:\r\n讨论和决定:\r\n"}, "还没有写内容"),
        ({"text": "长" * 4001}, "4000"),
        ({"text": TEXT, "files": [SimpleUploadedFile("记录.jpg", b"MZ\x90\x00")]}, "记录.jpg"),
        ({"text": TEXT, "seen": "x" * 40}, ""),
    ],
)
def test_bad_input_gets_a_sentence(sign_in, people, event, sent, sentence):
    page = sign_in(people.secretary).post(address(event), {"seen": 0} | sent, follow=True)
    assert sentence in page.content.decode()
    assert (page.status_code, Minutes.objects.count()) == ((400, 0) if sentence else (200, 1))


def test_nothing_is_written_of_what_is_to_come(sign_in, people, event):
    Activity.objects.filter(pk=event.pk).update(date=TODAY + datetime.timedelta(1))
    client = sign_in(people.secretary)
    assert "开过以后再写记录" in client.get(address(event)).content.decode()
    page = write(client, event)
    assert page.status_code == 400
    assert "活动还没有举行" in page.content.decode()
    assert not Minutes.objects.exists()


def test_activity_with_minutes_is_not_deleted(sign_in, people, event):
    client = sign_in(people.secretary)
    write(client, event)
    edit = client.get(reverse("members:edit_activity", args=[event.pk])).content.decode()
    assert "删除这次活动" not in edit
    page = client.post(reverse("members:delete_activity", args=[event.pk]), follow=True)
    assert "已经写了会议记录,不能删除" in page.content.decode()
    assert Activity.objects.filter(pk=event.pk).exists()


def test_database_keeps_what_was_written(people, event):
    one = Minutes.objects.create(activity=event, text=TEXT, written_by=people.secretary)
    with connection.cursor() as cursor:
        for sql in ("UPDATE members_minutes SET text = 'x'", "DELETE FROM members_minutes"):
            with pytest.raises(IntegrityError, match=freeze.RECORD), transaction.atomic():
                cursor.execute(sql)
    with pytest.raises(TypeError):
        Minutes.objects.filter(pk=one.pk).update(text="x")
