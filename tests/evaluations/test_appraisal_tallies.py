"""Paper: the roster of who took what, the tally sheet entered by two people, its picture."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from evaluations import services
from evaluations.models import BallotCount, Tally, TallyPhoto, Voter


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def url(opened):
    return reverse("evaluations:tally", args=[opened.pk, "household_reps"])


def sheet(people, zhang="2", **fields):
    return {"returned": "3", "score-0": "95", "score-1": "88.5", f"count-{people.zhang.pk}-0": zhang} | fields


# The tally sheet --------------------------------------------------------------------------------


def test_two_entries_that_agree_are_kept(sign_in, people, url):
    wang = {f"count-{people.wang.pk}-1": "3"}
    sign_in(people.staff).post(url, sheet(people, **wang))
    page = sign_in(people.general).post(url, sheet(people, **wang), follow=True)
    assert "第二次录入和第一次一致,计票单已核对。" in page.content.decode()
    assert list(Tally.objects.values_list("number", "returned", "entered_by")) == [
        (1, 3, people.staff.pk),
        (2, 3, people.general.pk),
    ]
    assert Tally.objects.first().by_member() == {
        people.zhang.pk: {Decimal(95): 2},
        people.wang.pk: {Decimal("88.5"): 3},
    }


def test_nothing_counts_until_the_closing(sign_in, people, url):
    for clerk in (people.staff, people.general):
        sign_in(clerk).post(url, sheet(people))
    assert not BallotCount.objects.filter(count__gt=0).exists()


def test_second_entry_that_differs_is_named_cell_by_cell(sign_in, people, url):
    sign_in(people.staff).post(url, sheet(people, **{f"count-{people.wang.pk}-1": "3"}))
    page = sign_in(people.general).post(
        url, sheet(people, zhang="1", returned="4", **{f"count-{people.wang.pk}-0": "3"})
    )
    assert page.status_code == 400
    assert page.context["grid"].errors == [
        "和陈政工第一次录入的不一致,没有保存。请两人拿计票单核对:",
        "收回票数:第一次 3 张,这次 4 张。",
        "张建国 95 分:第一次 2 票,这次 1 票。",
        "王志强 95 分:第一次 0 票,这次 3 票。",
        "王志强 88.5 分:第一次 3 票,这次 0 票。",
    ]
    assert Tally.objects.count() == 1


def test_one_person_cannot_enter_both(sign_in, people, url):
    client = sign_in(people.staff)
    client.post(url, sheet(people))
    client.post(url, sheet(people, zhang="1"))
    assert [tally.by_member()[people.zhang.pk] for tally in Tally.objects.all()] == [{Decimal(95): 1}]


def test_first_entry_comes_back_to_its_author_alone(sign_in, people, url):
    sign_in(people.staff).post(url, sheet(people, **{"score-1": "91.25", f"count-{people.wang.pk}-1": "3"}))
    assert "91.25" in sign_in(people.staff).get(url).context["grid"].scores
    blank = sign_in(people.general).get(url).context["grid"]
    assert (blank.returned, blank.cells) == ("", {})


def test_entries_are_thrown_away_together(sign_in, people, opened, url):
    for clerk in (people.staff, people.general):
        sign_in(clerk).post(url, sheet(people))
    refused = sign_in(people.staff).post(url, sheet(people, zhang="1"))
    assert refused.context["grid"].errors == ["计票单已经由两人核对一致。要改,请先点「重新录入」。"]
    sign_in(people.staff).post(reverse("evaluations:discard_tally", args=[opened.pk, "household_reps"]))
    assert not Tally.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"zhang": "4"}, "张建国一行共 4 票,超过了收回的 3 张。请核对计票单。"),
        ({"zhang": "两"}, "张建国一行的「两」不是票数,应填整数。"),
        ({"zhang": "-1"}, "张建国一行的「-1」不是票数,应填整数。"),
        ({"zhang": ""}, "还没有填一张票。请在每个人的一行里,填打各个分数的票数。"),
        ({"returned": ""}, "「收回票数」要填 1 到 9999 之间的整数。"),
        ({"score-0": "101"}, "第 1 列的分数「101」不对:应在 0 到 100 之间,最多两位小数。"),
        ({"score-0": "好"}, "第 1 列的分数「好」不是数字。"),
        ({"score-1": "95.0"}, "分数「95.0」写了两列,请合并。"),
        ({"score-0": ""}, "张建国一行在第 1 列填了 2 票,但这一列还没有写分数。"),
    ],
)
def test_tally_refuses_bad_input(sign_in, people, url, fields, sentence):
    response = sign_in(people.staff).post(url, sheet(people, **fields))
    assert response.status_code == 400
    assert response.context["grid"].errors == [sentence]
    assert not Tally.objects.exists()


def test_who_took_a_ballot_cannot_have_all_of_them(sign_in, people, opened):
    services.mark_roster(
        opened.groups.get(code="committee"), [services.Mark(Voter.objects.get(member=people.wang).pk, "", "paper")],
        (0, 0), (0, 0),
    )  # fmt: skip
    url = reverse("evaluations:tally", args=[opened.pk, "committee"])
    page = sign_in(people.staff).post(url, sheet(people, returned="1", zhang="1", **{f"count-{people.wang.pk}-0": "1"}))
    assert page.context["grid"].errors == ["王志强本人也领了票,不能评自己,所以最多 0 票,现在是 1 票。请核对计票单。"]


def test_tally_names_who_has_too_few_ballots(sign_in, people, url):
    page = sign_in(people.staff).post(url, sheet(people), follow=True)
    assert "票数不足 3 张的:张建国 2 张、王志强 0 张。如有漏填,请补上。" in page.content.decode()


def test_tally_hides_from_the_outsider_and_refuses_those_appraised(sign_in, people, url):
    assert sign_in(people.outsider).get(url).status_code == 404
    assert sign_in(people.secretary).get(url).status_code == 403
    assert sign_in(people.auditor).get(url).status_code == 403
    people.staff.member = people.zhang
    people.member.delete()
    people.staff.save()
    assert sign_in(people.staff).get(url).status_code == 403


def test_tally_is_only_for_an_open_appraisal(sign_in, people, opened, url):
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    assert sign_in(people.staff).get(url).status_code == 403


# The roster -------------------------------------------------------------------------------------


@pytest.fixture
def roster(opened):
    return reverse("evaluations:voter_roster", args=[opened.pk, "members_residents"])


def marks(people, **ways):
    """The page as it is sent: nobody had anything when it was opened."""
    voters = {voter.name: voter.pk for voter in Voter.objects.all()}
    sent = {"zhang": voters["张建国"], "resident": voters["居民甲"]}
    return {
        key: value
        for name, way in ways.items()
        for key, value in ((f"way-{sent[name]}", way), (f"shown-{sent[name]}", ""))
    }


def test_roster_marks_who_took_what(sign_in, people, roster):
    page = sign_in(people.staff).post(roster, marks(people, zhang="paper", resident="slip"), follow=True)
    assert "登记已保存,改了 2 人。" in page.content.decode()
    assert dict(Voter.objects.values_list("name", "way")) == {"王志强": "", "张建国": "paper", "居民甲": "slip"}
    assert [row["value"] for row in page.context["grid"].rows()] == ["paper", "slip"]


def test_roster_counts_the_unnamed_among_the_changes(sign_in, people, opened):
    url = reverse("evaluations:voter_roster", args=[opened.pk, "household_reps"])
    page = sign_in(people.staff).post(url, {"unnamed_paper": "2", "unnamed_slips": "1"}, follow=True)
    assert "登记已保存,改了 3 人。" in page.content.decode()


def test_roster_refuses_who_has_voted_online(sign_in, people, roster):
    sent = marks(people, zhang="paper", resident="slip")
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(90)})
    page = sign_in(people.staff).post(roster, sent)
    assert page.context["grid"].errors == ["张建国已经在网上评议,不能再登记领票。"]
    assert Voter.objects.get(name="居民甲").way == ""


def test_roster_names_what_a_colleague_changed(sign_in, people, roster):
    sent = marks(people, resident="slip")
    sign_in(people.general).post(roster, marks(people, resident="paper"))
    page = sign_in(people.staff).post(roster, sent)
    assert page.context["grid"].errors == ["居民甲刚才被别人登记为「领了纸质票」。请核对以后再保存。"]


def test_roster_sent_twice_is_harmless(sign_in, people, roster):
    client = sign_in(people.staff)
    sent = marks(people, resident="slip")
    client.post(roster, sent)
    assert client.post(roster, sent).status_code == 302
    assert Voter.objects.get(name="居民甲").way == "slip"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"unnamed_paper": "2", "unnamed_slips": "2"}, "不记名的一共 3 人,领纸质票和评议码的却有 4 人。请核对。"),
        ({"unnamed_paper": "两"}, "「不记名的领纸质票」要填 0 到 999 之间的整数。"),
        ({"unnamed_paper": "-1"}, "「不记名的领纸质票」要填 0 到 999 之间的整数。"),
    ],
)
def test_roster_refuses_bad_numbers(sign_in, people, opened, fields, sentence):
    url = reverse("evaluations:voter_roster", args=[opened.pk, "household_reps"])
    page = sign_in(people.staff).post(url, fields)
    assert page.context["grid"].errors == [sentence]
    group = opened.groups.get(code="household_reps")
    assert (group.unnamed_paper, group.unnamed_slips) == (0, 0)


def test_roster_refuses_a_way_that_there_is_not(sign_in, people, roster):
    page = sign_in(people.staff).post(roster, marks(people, resident="online"))
    assert page.context["grid"].errors == ["居民甲的参加方式不对,请重新选。"]


@pytest.mark.parametrize("more", [0, 2])
def test_roster_takes_the_same_queries(sign_in, people, opened, roster, more, django_assert_num_queries):
    for number in range(more):
        Voter.objects.create(group=opened.groups.get(code="members_residents"), name=f"居民{number}")
    client = sign_in(people.staff)
    with django_assert_num_queries(10):
        client.get(roster)


# The picture ------------------------------------------------------------------------------------


def photo(**saved) -> SimpleUploadedFile:
    """A picture as a camera makes it."""
    stream = BytesIO()
    Image.new("RGB", (40, 30), "white").save(stream, "JPEG", **saved)
    return SimpleUploadedFile("IMG_0001.jpg", stream.getvalue())


@pytest.fixture
def photo_url(opened):
    return reverse("evaluations:tally_photo", args=[opened.pk, "household_reps"])


def test_picture_is_kept_without_what_the_camera_says(sign_in, people, photo_url):
    taken = Image.Exif()
    taken[0x010F] = "Camera of Li"
    client = sign_in(people.staff)
    client.post(photo_url, {"file": photo(exif=taken)})
    page = client.get(photo_url)
    assert page["Content-Type"] == "image/jpeg"
    assert b"Camera of Li" not in page.content
    assert Image.open(BytesIO(page.content)).size == (40, 30)
    assert TallyPhoto.objects.get().attached_by == people.staff


def test_picture_replaces_the_former(sign_in, people, photo_url, tmp_path, django_capture_on_commit_callbacks):
    client = sign_in(people.staff)
    client.post(photo_url, {"file": photo()})
    with django_capture_on_commit_callbacks(execute=True):
        client.post(photo_url, {"file": photo(quality=50)})
    assert len(list((tmp_path / "tallies").iterdir())) == TallyPhoto.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "「计票单.jpg」是空的。请换一个文件。"),
        (b"<script>alert(1)</script>", "不能用:只收JPG、PNG 或 HEIC 图片"),
        (b"\xff\xd8\xff" + b"0" * 100, "坏了,或者不是真的图片"),
        (b"\xff\xd8\xff" + b"0" * (20 * 1024 * 1024), "每张照片最多 20 MB"),
    ],
)
def test_picture_that_is_none_is_refused(sign_in, people, photo_url, content, sentence):
    page = sign_in(people.staff).post(photo_url, {"file": SimpleUploadedFile("计票单.jpg", content)}, follow=True)
    assert sentence in page.content.decode()
    assert not TallyPhoto.objects.exists()


def test_picture_is_for_those_who_tally(sign_in, people, photo_url):
    sign_in(people.staff).post(photo_url, {"file": photo()})
    answers = {
        name: sign_in(getattr(people, name)).get(photo_url).status_code
        for name in ("general", "secretary", "member", "auditor", "outsider")
    }
    assert answers == {"general": 200, "secretary": 403, "member": 403, "auditor": 403, "outsider": 404}


def test_picture_after_the_closing_is_refused(sign_in, people, opened, photo_url):
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    assert sign_in(people.staff).post(photo_url, {"file": photo()}).status_code == 403
