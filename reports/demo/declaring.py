"""What is on its way in the demo: drafts not sent, questions asked and answered, pictures that show a merit."""

import datetime
import io
import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image, ImageDraw

from members.models import User
from reports.demo.merits import moment
from reports.demo.people import Population
from scoring.models import Answer, Decision, Entry, EntryDraft, Evidence, Question, SchemeVersion

DAY = datetime.timedelta(1)
NAMESPACE = uuid.UUID("6c1d0f3e-5f57-4c6e-9a39-0d6a3a0c8f11")  # of the drafts' forms
# Whose draft under which clause, with what is typed so far.
DRAFTS = (
    ("dangyuan", "bonus.public_good", {"quantity": "1", "note": "参加小区清雪,两个上午"}),
    ("shuji", "bonus.honor", {"note": "区里表彰的志愿者,证书还没有拍照"}),
)


def leave_drafts(town: Population, version: SchemeVersion, today: datetime.date) -> None:
    """A draft of the member's own merit, and one that the secretary writes for somebody of the branch."""
    members = {"dangyuan": town.cast["member"].member, "shuji": town.branches[0].people[9].member}
    for name, item, fields in DRAFTS:
        for_self = name == "dangyuan"
        draft = EntryDraft.objects.create(
            author=town.users[name],
            member=members[name],
            for_self=for_self,
            scheme=version.code,
            item=item,
            title=version.item(item).title,
            fields={"date": f"{today - DAY}", **({} if for_self else {"member": str(members[name].pk)}), **fields},
            revision=1,
            token=uuid.uuid5(NAMESPACE, name),
        )
        EntryDraft.objects.filter(pk=draft.pk).update(saved_at=moment(today - DAY, 19))


def ask_some_back(town: Population, today: datetime.date) -> None:
    """The branch has asked the member about a merit; the street has asked a secretary, who has answered."""
    waiting = Entry.objects.lines().pending().exclude(item__startswith="discipline")
    declared = waiting.get(note="义务为老年食堂送餐一个月")
    _ask(declared, town.users["shuji"], "送餐是哪几天?老年食堂有没有登记,能不能补一张照片?", today - DAY)
    answered = waiting.filter(item="bonus.example").order_by("pk").first()
    question = _ask(answered, town.users["zhenggong"], "这个做法是谁推广的,有没有文件?", today - 2 * DAY)
    Answer.objects.create(
        question=question, text="区委组织部的简报登过,原件在社区存档。", answered_by=answered.declared_by,
        answered_at=moment(today - DAY, 10),
    )  # fmt: skip


def attach_pictures() -> None:
    """A certificate with every honour that waits."""
    for number, entry in enumerate(Entry.objects.lines().pending().filter(item="bonus.honor").order_by("pk")):
        name = f"evidence/{uuid.uuid5(NAMESPACE, f'{number}').hex}.png"
        Evidence.objects.create(entry=entry, file=name, name="证书照片")
        transaction.on_commit(lambda name=name: default_storage.save(name, ContentFile(_certificate())))


def _ask(entry: Entry, by: User, text: str, day: datetime.date) -> Question:
    step = Decision.Step.BRANCH if entry.status == "declared" else Decision.Step.STREET
    return Question.objects.create(entry=entry, step=step, text=text, asked_by=by, asked_at=moment(day, 16))


def _certificate() -> bytes:
    """A picture of a framed paper with a seal; it has no words, for no font is sure to be there."""
    image = Image.new("RGB", (900, 640), "#fdf6e3")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 30, 870, 610), outline="#b08a2e", width=10)
    draw.rectangle((300, 100, 600, 140), fill="#b3261e")
    for top in (220, 270, 320, 370):
        draw.rectangle((140, top, 760, top + 10), fill="#c9c2b4")
    draw.ellipse((640, 430, 780, 570), outline="#b3261e", width=8)
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()
