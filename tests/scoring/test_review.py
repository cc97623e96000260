"""The review queue: whose turn it is, asking back, the next one, and several approved together."""

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfWriter

from members.models import ClosedPeriod, Role
from scoring import permissions, review_services
from scoring.models import Adoption, Answer, Decision, Entry, Evidence, Question, UnitDocument
from scoring.reviewing import look_reason, waiting_for
from tests import factories as make
from tests.declaring import decide
from tests.workbooks import rows_of

DAY = datetime.date(2025, 4, 20)
TODAY = datetime.date(2025, 6, 18)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def declared(people, adopted):
    """Zhang's own merit, waiting for the branch."""
    return make.entry(
        people.zhang, "bonus.public_good", version=adopted, date=DAY, note="义诊", declared_by=people.member
    )


@pytest.fixture
def asked(people, declared):
    """The same, asked about by the secretary."""
    review_services.ask_back(declared, text="在哪里义诊?", actor=people.secretary)
    return declared


def reviewed(people, adopted, count=1, item="bonus.public_good", note_of="事由", **fields):
    fields = {"version": adopted, "date": DAY, "status": "reviewed", "declared_by": people.secretary, **fields}
    return [make.entry(people.zhang, item, **{"note": f"{note_of} {number}", **fields}) for number in range(count)]


def queue(client, **query):
    return client.get(reverse("scoring:queue"), query)


def shown(response):
    return [entry for entry, _ in response.context["rows"]]


def answer(client, entry, text="社区活动室", **fields):
    question = entry.questions.latest("pk").pk
    return client.post(reverse("scoring:answer", args=[entry.pk]), {"text": text, "question": question} | fields)


# Whose turn -------------------------------------------------------------------------------------


def test_queue_holds_what_the_permissions_allow(people, places, adopted):
    """The set and the yes-or-no question say the same, for everybody and every kind of entry."""
    both = make.user("两岗", Role.STREET_STAFF, places.street)
    both.role_assignments.create(role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO)
    people.both = both
    items = ("bonus.public_good", "discipline.misconduct", "direct.sanction", "direct.obstruct", "morality.poor")
    for status in ("declared", "reviewed", "approved", "rejected", "withdrawn"):
        for item in items:
            for person in (people.zhang, people.liu, people.sun):
                for author in (people.member, people.secretary, people.staff, people.discipline, both):
                    make.entry(person, item, version=adopted, date=DAY, status=status, declared_by=author)
    handled = Entry.objects.filter(status="reviewed", item="bonus.public_good", member=people.zhang).last()
    handled.decisions.create(step="branch", approved=True, decided_by=people.both)
    entries = list(Entry.objects.select_related("member"))
    for name in ("member", "leader", "secretary", "general", "staff", "discipline", "auditor", "outsider", "both"):
        user = getattr(people, name)
        allowed = {one.pk for one in entries if permissions.can_review(user, one) or permissions.can_approve(user, one)}
        assert set(waiting_for(user).values_list("pk", flat=True)) == allowed, name


def test_queue_shows_the_oldest_first_and_filters(sign_in, people, places, adopted):
    (first,) = reviewed(people, adopted)
    (second,) = reviewed(people, adopted, item="bonus.activity")
    third = make.entry(
        people.liu, "bonus.activity", version=adopted, date=DAY, note="比赛", status="reviewed",
        declared_by=people.secretary,
    )  # fmt: skip
    client = sign_in(people.staff)
    assert shown(queue(client)) == [first, second, third]
    assert shown(queue(client, item="bonus.activity")) == [second, third]
    assert shown(queue(client, branch=places.sibling.pk)) == [third]
    assert shown(queue(client, branch=places.foreign.pk)) == []
    assert shown(queue(client, branch="x" * 30, whose="nonsense")) == [first, second, third]
    assert shown(queue(sign_in(people.secretary))) == []


def test_queue_as_a_workbook_has_what_the_filters_find(sign_in, people, adopted, django_assert_max_num_queries):
    reviewed(people, adopted)
    reviewed(people, adopted, count=3, item="bonus.activity", note_of="=比赛")
    client = sign_in(people.staff)
    with django_assert_max_num_queries(12):
        response = queue(client, item="bonus.activity", export="xlsx", sort="rule", page="2")
    head, first, *rest = rows_of(response)
    assert head == [
        "党员",
        "所在组织",
        "代报",
        "条款",
        "次数",
        "级别",
        "日期",
        "事由",
        "初核",
        "材料(份)",
        "登记于",
        "状态",
    ]
    assert first[:3] == ["张建国", "和平社区第一党支部", "李秀英代报"]
    assert first[3:10] == ["参加上级活动取得成绩", 1, None, "2025-04-20", "=比赛 0", None, 0]
    assert first[11] == "待街道审批"
    assert len(rest) == 2
    assert queue(sign_in(people.member), export="xlsx").status_code == 403


def test_queue_of_the_member_is_refused(sign_in, people, adopted):
    assert queue(sign_in(people.member)).status_code == 403


@pytest.mark.parametrize("role", ["staff", "secretary"])
def test_queue_takes_the_same_queries(sign_in, people, adopted, role):
    client, counts = sign_in(getattr(people, role)), []
    for count in (1, 2, 47):  # 1, 3 and 50 in all
        reviewed(
            people, adopted, count, status="reviewed" if role == "staff" else "declared", declared_by=people.member
        )
        queue(client)  # definitions are read once a process
        with CaptureQueriesContext(connection) as queries:
            response = queue(client)
        counts.append(len(queries))
    assert len(shown(response)) == 50
    assert len(set(counts)) == 1


# One after the other ----------------------------------------------------------------------------


def test_approval_of_the_branch_says_where_the_entry_goes(sign_in, people, adopted):
    fields = {"version": adopted, "note": "义诊", "status": "declared", "declared_by": people.member}
    plain = make.entry(people.wang, "bonus.public_good", date=DAY, **fields)
    client = sign_in(people.secretary)
    page = client.get(decide(client, plain, "approve").url).content.decode()
    assert f"第 {plain.pk} 号:已通过,交街道审批。" in page


def test_decision_leads_to_the_next_one(sign_in, people, adopted):
    first, second, third = reviewed(people, adopted, 3)
    client = sign_in(people.staff)
    response = decide(client, second, "approve", item="bonus.public_good")
    assert response.url == f"{reverse('scoring:entry', args=[third.pk])}?item=bonus.public_good"
    assert decide(client, third, "reject", "没有材料").url == reverse("scoring:entry", args=[first.pk])
    last = decide(client, first, "approve")
    assert last.url == reverse("scoring:queue")
    page = client.get(last.url).content.decode()
    assert "等您审的都办完了。" in page
    assert f"第 {first.pk} 号:已通过。" in page


def test_decision_on_what_was_decided_meanwhile_is_refused(sign_in, people, places, adopted, declared):
    """Somebody of the branch and the street sees it wait for the branch; a colleague lets it pass."""
    both = make.user("两岗", Role.STREET_STAFF, places.street)
    both.role_assignments.create(role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO)
    decide(sign_in(people.secretary), declared, "approve")
    response = sign_in(both).post(
        reverse("scoring:decide", args=[declared.pk]), {"status": "declared", "decision": "approve"}
    )
    assert response.status_code == 400
    assert "刚刚有人办过,现在待街道审批" in response.content.decode()
    assert declared.decisions.count() == 1


@pytest.mark.parametrize("data", [{}, {"decision": "approve"}, {"decision": "dance", "status": "declared"}])
def test_decision_without_a_button_is_refused(sign_in, people, declared, data):
    response = sign_in(people.secretary).post(reverse("scoring:decide", args=[declared.pk]), data)
    assert response.status_code == 400
    assert not declared.decisions.exists()


# Asking back ------------------------------------------------------------------------------------


def test_asking_back_returns_the_entry_to_its_author(sign_in, people, declared):
    decide(sign_in(people.secretary), declared, "ask", "在哪里义诊?")
    question = Question.objects.get()
    assert (question.step, question.text, question.asked_by) == ("branch", "在哪里义诊?", people.secretary)
    client = sign_in(people.secretary)
    assert (shown(queue(client)), shown(queue(client, whose="asked"))) == ([], [declared])
    page = sign_in(people.member).get(reverse("scoring:entry", args=[declared.pk])).content.decode()
    assert "在哪里义诊?" in page
    assert "答复问询" in page
    titles = [task.title for task in sign_in(people.member).get("/").context["tasks"]]
    assert "答复审核人的问题" in titles


def test_asking_needs_a_question(sign_in, people, declared):
    response = decide(sign_in(people.secretary), declared, "ask", "  ")
    assert response.context["form"].errors["reason"] == ["请写明要问什么,申报人会看到。"]
    assert not Question.objects.exists()


def test_second_click_asks_once(sign_in, people, declared):
    client = sign_in(people.secretary)
    for _ in range(2):
        assert decide(client, declared, "ask", "在哪里义诊?").status_code == 302
    assert Question.objects.count() == 1


def test_second_question_waits_for_the_first_answer(people, asked):
    with pytest.raises(ValidationError, match="申报人还没有答复"):
        review_services.ask_back(asked, text="还有谁?", actor=people.secretary)


def test_answer_brings_the_entry_back_with_its_evidence(sign_in, people, asked):
    writer, held = PdfWriter(), SimpleUploadedFile("名单.pdf", b"")
    writer.add_blank_page(100, 100)
    writer.write(held)
    held.seek(0, 2)
    held.size = held.tell()
    held.seek(0)
    assert answer(sign_in(people.member), asked, files=[held]).status_code == 302
    stored = Answer.objects.get()
    assert (stored.text, stored.answered_by) == ("社区活动室", people.member)
    assert stored.evidence.get().name == "名单"
    asked.refresh_from_db()
    assert asked.status == "declared"
    client = sign_in(people.secretary)
    assert shown(queue(client)) == [asked]
    page = client.get(reverse("scoring:entry", args=[asked.pk])).content.decode()
    assert page.index("在哪里义诊?") < page.index("社区活动室")
    assert decide(client, asked, "approve").status_code == 302


def test_answer_is_given_once(sign_in, people, asked):
    client = sign_in(people.member)
    answer(client, asked)
    response = answer(client, asked, "别的")
    assert response.status_code == 400
    assert "这个问题已经答复过了" in response.content.decode()
    assert Answer.objects.get().text == "社区活动室"


@pytest.mark.parametrize(("fields", "field"), [({"text": ""}, "text"), ({"question": "x"}, "question")])
def test_answer_refuses_bad_input(sign_in, people, asked, fields, field):
    data = {"text": "社区", "question": asked.questions.get().pk} | fields
    response = sign_in(people.member).post(reverse("scoring:answer", args=[asked.pk]), data)
    assert field in response.context["answer_form"].errors
    assert not Answer.objects.exists()


def test_answer_is_the_authors_alone(sign_in, people, asked):
    for user, status in ((people.secretary, 403), (people.staff, 403), (people.outsider, 404)):
        assert answer(sign_in(user), asked).status_code == status
    assert not Answer.objects.exists()


def test_reviewer_need_not_wait_for_the_answer(sign_in, people, asked):
    decide(sign_in(people.secretary), asked, "reject", "一直没有答复")
    assert answer(sign_in(people.member), asked).status_code == 403
    asked.refresh_from_db()
    assert asked.status == "rejected"


def test_question_of_the_street_comes_back_to_the_street(sign_in, people, adopted):
    (entry,) = reviewed(people, adopted)
    decide(sign_in(people.staff), entry, "ask", "有名单吗?")
    answer(sign_in(people.secretary), entry, "有")
    entry.refresh_from_db()
    assert entry.status == "reviewed"
    assert shown(queue(sign_in(people.staff))) == [entry]
    assert shown(queue(sign_in(people.other_staff))) == [entry]


def test_nobody_asks_or_answers_in_a_closed_period(people, places, asked):
    ClosedPeriod.objects.create(
        organization=places.street, title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 6, 30),
    )  # fmt: skip
    with pytest.raises(ValidationError, match="已经办结"):
        review_services.answer_question(asked, question=asked.questions.get().pk, text="社区", actor=people.member)
    with pytest.raises(ValidationError, match="已经办结"):
        review_services.ask_back(asked, text="还有?", actor=people.secretary)


def test_questions_and_answers_are_never_changed(people, asked):
    for rows in (Question.objects.all(), Answer.objects.all()):
        with pytest.raises(TypeError):
            rows.update(text="别的")
        with pytest.raises(TypeError):
            rows.delete()


# Several together -------------------------------------------------------------------------------


def ticked(client, entries):
    return client.get(reverse("scoring:approve_together"), {"entry": [entry.pk for entry in entries]})


def approve(client, entries):
    seen = [f"{entry.pk}:{entry.status}" for entry in entries]
    return client.post(reverse("scoring:approve_together"), {"seen": seen}, follow=True).content.decode()


def test_check_page_names_every_entry(sign_in, people, adopted):
    entries = reviewed(people, adopted, 3)
    response = ticked(sign_in(people.staff), entries)
    page = response.content.decode()
    assert shown(response) == entries
    assert all(f"第 {entry.pk} 号" in page and entry.note in page for entry in entries)
    assert set(Entry.objects.values_list("status", flat=True)) == {"reviewed"}


def test_check_page_leads_to_the_evidence_and_shows_the_clause(sign_in, people, places, adopted):
    (entry,) = reviewed(people, adopted)
    Evidence.objects.create(entry=entry, file="evidence/x.pdf", name="名单")
    client = sign_in(people.staff)
    row = ticked(client, [entry]).content.decode()
    assert f'href="{reverse("scoring:entry", args=[entry.pk])}"' in row
    assert "1 份" in row
    article = adopted.scheme.articles[entry.rule.article]
    assert article.text in row
    adoption = Adoption.objects.get()
    UnitDocument.objects.create(
        adoption=adoption, title="和平街道办法", attached_by=people.staff, mapping={article.id: "7"},
        articles=[{"id": "7", "heading": "第七条 义务劳动", "text": "参加义务劳动的加分。"}],
    )  # fmt: skip
    row = ticked(client, [entry]).content.decode()
    assert "参加义务劳动的加分。" in row
    assert article.text not in row
    assert "参加义务劳动的加分。" in client.get(reverse("scoring:entry", args=[entry.pk])).content.decode()


def test_check_page_takes_the_same_queries(sign_in, people, adopted):
    """Of one entry, and of fifty on as many days."""
    entries = [
        entry
        for number in range(50)
        for entry in reviewed(people, adopted, date=DAY - datetime.timedelta(number), note=f"{number}")
    ]
    client, counts = sign_in(people.staff), []
    ticked(client, entries)  # definitions are read once a process
    for some in (entries[:1], entries):
        with CaptureQueriesContext(connection) as queries:
            response = ticked(client, some)
        assert shown(response) == some
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_all_of_a_page_are_ticked_without_a_script(sign_in, people, adopted):
    entries = reviewed(people, adopted, 2)
    reviewed(people, adopted, item="bonus.example", points=8)  # to be looked at
    client = sign_in(people.staff)
    page = queue(client).content.decode()
    assert page.count(" checked") == 0
    assert "?all=1" in page
    page = queue(client, all="1", whose="").content.decode()
    boxes = re.findall(r'name="entry" value="(\d+)" checked', page)
    assert [int(pk) for pk in boxes] == [entry.pk for entry in entries]
    assert "全部不勾" in page
    assert "勾选这一页可以一起通过的 2 条" in page


def test_level_is_shown_before_entries_are_approved_together(sign_in, people, adopted):
    entries = reviewed(people, adopted, item="bonus.honor", level="district")
    client = sign_in(people.staff)
    for page in (queue(client), ticked(client, entries)):
        assert "区级 10 分" in page.content.decode()
        assert "省级 20 分" not in page.content.decode()


def test_together_approves_all_and_a_second_click_none(sign_in, people, adopted):
    entries = reviewed(people, adopted, 3)
    client = sign_in(people.staff)
    assert "已通过 3 条" in approve(client, entries)
    assert review_services.DONE in approve(client, entries)
    assert set(Entry.objects.values_list("status", flat=True)) == {"approved"}
    assert Decision.objects.count() == 3


def test_together_is_all_or_nothing(sign_in, people, adopted):
    entries = reviewed(people, adopted, 3)
    decide(sign_in(people.other_staff), entries[1], "reject", "不实")
    page = approve(sign_in(people.staff), entries)
    assert f"第 {entries[1].pk} 号刚刚有人办过、周期已经办结,或者不归您审。这一批都没有通过" in page
    assert Decision.objects.count() == 1


def test_together_leaves_out_what_needs_a_look(sign_in, people, adopted):
    (plain,) = reviewed(people, adopted)
    (asked,) = reviewed(people, adopted)
    review_services.ask_back(asked, text="?", actor=people.staff)
    (answered,) = reviewed(people, adopted)
    question = review_services.ask_back(answered, text="?", actor=people.staff)
    review_services.answer_question(answered, question=question.pk, text="是", actor=people.secretary)
    (verdict,) = reviewed(people, adopted, item="direct.sanction", declared_by=people.discipline)
    (given,) = reviewed(people, adopted, item="bonus.example", points=8)
    reasons = {entry.pk: look_reason(entry) for entry in waiting_for(people.staff)}
    assert reasons == {
        plain.pk: "",
        asked.pk: "等申报人答复",
        answered.pk: "问询过,要看答复",
        verdict.pk: "直接定等,要逐条看",
        given.pk: "分值是填的,要逐条看",
    }
    client = sign_in(people.staff)
    assert shown(ticked(client, [plain, asked, answered, verdict, given])) == [plain]
    for one in (asked, answered, verdict, given):
        assert "要逐条看,不能一起通过" in approve(client, [plain, one])
    assert not Decision.objects.exists()


@pytest.mark.parametrize("seen", [[], ["x:reviewed"], ["1" * 30], ["99999999:reviewed"]])
def test_together_refuses_odd_requests(sign_in, people, adopted, seen):
    reviewed(people, adopted)
    client = sign_in(people.staff)
    assert client.post(reverse("scoring:approve_together"), {"seen": seen}).status_code == 302
    assert not Decision.objects.exists()


def test_together_takes_nobody_elses_and_not_ones_own(sign_in, people, adopted):
    (own,) = reviewed(people, adopted, declared_by=people.staff)
    (branch,) = reviewed(people, adopted, status="declared", declared_by=people.member)
    foreign = make.entry(
        people.sun, "bonus.public_good", version=adopted, date=DAY, status="reviewed", declared_by=people.outsider
    )
    client = sign_in(people.staff)
    for entry in (own, branch, foreign):
        assert "这一批都没有通过" in approve(client, [entry])
    assert ticked(client, [own, branch, foreign]).status_code == 302
    assert not Decision.objects.exists()
