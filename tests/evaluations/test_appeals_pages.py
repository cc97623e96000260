"""Appeals on screen: from the ledger to the decision, and who reads what on the way."""

import datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from evaluations.models import Appeal, Round
from evaluations.services import appeals as services
from members.dates import day_name
from members.models import Role
from tests import factories as make
from tests.workbooks import rows_of

pytestmark = pytest.mark.django_db

SAID = "签到表上有我的名字"
OBJECTOR = "匿名邻居甲"


@pytest.fixture(autouse=True)
def _compute_at_once(monkeypatch):
    """What is queued on commit is done at once: the tests' own transaction is never committed."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda job, **_: job())


@pytest.fixture
def key(public) -> str:
    return f"activity:{public.event.pk}"


@pytest.fixture
def appeal(public, people, key):
    return services.raise_appeal(public.result, key, kind="appeal", text=SAID, actor=people.member)


@pytest.fixture
def objection(public, people):
    return services.raise_appeal(
        public.result,
        "result",
        kind="objection",
        text="我看见他没有来",
        actor=people.secretary,
        on_behalf_of=OBJECTOR,
        relation="邻居",
    )


def shown(client, name, *args, **query):
    return client.get(reverse(f"evaluations:{name}", args=args), query).content.decode()


def own_ledger(client):
    return client.get(reverse("reports:my_ledger"), {"period": "2025H1"}).content.decode()


def raise_(client, public, **data):
    fields = {"kind": "appeal", "key": "result", "text": SAID} | data
    return client.post(reverse("evaluations:raise_appeal", args=[public.round.pk]), fields, follow=True)


def object_(client, public, member, **data):
    address = reverse("evaluations:record_objection", args=[public.round.pk])
    fields = {"kind": "objection", "key": "result", "text": "没有来", "on_behalf_of": OBJECTOR} | data
    return client.post(f"{address}?member={member.pk}", fields, follow=True)


def decide(client, one, **data):
    return client.post(reverse("evaluations:decide_appeal", args=[one.pk]), data, follow=True)


# From the ledger --------------------------------------------------------------------------------


def test_ledger_leads_to_an_appeal_on_each_line(sign_in, people, public, key):
    page = own_ledger(sign_in(people.member))
    for about in (key, f"entry:{public.good.pk}", f"entry:{public.refused.pk}", "item:appraisal", "result"):
        assert f"/rounds/{public.round.pk}/appeal/?about={about}" in page


def test_ledger_of_another_leads_the_secretary_to_the_objection(sign_in, people, public, key):
    page = sign_in(people.secretary).get(reverse("reports:ledger", args=[people.zhang.pk]), {"period": "2025H1"})
    assert f"/objection/?member={people.zhang.pk}&amp;about={key}" in page.content.decode()


@pytest.mark.parametrize("role", ["leader", "auditor"])
def test_ledger_offers_nothing_to_whoever_only_reads(sign_in, people, public, role):
    page = sign_in(getattr(people, role)).get(reverse("reports:ledger", args=[people.zhang.pk]), {"period": "2025H1"})
    assert "异议" not in page.content.decode()


def test_ledger_says_whom_to_ask_before_publication(sign_in, people, public):
    Round.objects.filter(pk=public.round.pk).update(status="computed", published_at=None)
    page = own_ledger(sign_in(people.member))
    assert "结果还没有公示,公示以后才能提出。现在有疑问,请问支部书记李秀英。" in page
    assert "对这一条有异议" not in page


def test_ledger_says_when_the_window_was(sign_in, people, public):
    make.window_over(public.round)
    page = own_ledger(sign_in(people.member))
    assert "现在不能再提出申诉" in page
    assert "对这一条有异议" not in page


# Raising ----------------------------------------------------------------------------------------


def test_form_begins_with_the_line(sign_in, people, public, key):
    page = shown(sign_in(people.member), "raise_appeal", public.round.pk, about=key)
    assert f'<option value="{key}" selected>' in page
    assert "第四条第一款" in page


def test_raise_from_the_page(sign_in, people, public, key):
    response = raise_(sign_in(people.member), public, key=key)
    one = Appeal.objects.get()
    page = response.content.decode()
    assert f"已登记第 {one.pk} 号申辩。{day_name(one.due_on)}以前答复。" in page
    assert SAID in page
    assert "提出申辩" in page


def test_raise_with_a_picture(sign_in, people, public, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    content = BytesIO()
    Image.new("RGB", (4, 4)).save(content, "PNG")
    client = sign_in(people.member)
    raise_(client, public, files=[SimpleUploadedFile("签到.png", content.getvalue())])
    file = Appeal.objects.get().files.get()
    address = reverse("evaluations:appeal_file", args=[file.appeal_id, file.pk])
    assert client.get(address)["Content-Type"] == "image/png"
    assert sign_in(people.secretary).get(address).status_code == 404
    assert sign_in(people.other_staff).get(address).status_code == 200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": ""}, "请写明理由:哪里不对,应该是怎样。"),
        ({"text": "  "}, "请写明理由:哪里不对,应该是怎样。"),
        ({"key": "entry:999999"}, "台账里没有这一条了,可能刚刚改过。请重新选。"),
        ({"kind": "objection"}, "请在列出的里面选一个。"),
        ({"files": [SimpleUploadedFile("证明.pdf", b"not a pdf")]}, "「证明.pdf」"),
    ],
)
def test_bad_appeal_gets_a_sentence(sign_in, people, public, data, sentence):
    response = raise_(sign_in(people.member), public, **data)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Appeal.objects.exists()


def test_second_appeal_on_a_line_gets_a_sentence(sign_in, people, public, appeal, key):
    response = raise_(sign_in(people.member), public, key=key)
    assert response.status_code == 400
    assert f"这一条已经提出过({appeal}),还没有答复" in response.content.decode()
    assert Appeal.objects.count() == 1


def test_appeal_after_the_window_gets_a_sentence(sign_in, people, public):
    make.window_over(public.round)
    client = sign_in(people.member)
    assert "现在不能再提出申诉" in shown(client, "raise_appeal", public.round.pk)
    assert raise_(client, public).status_code == 400
    assert not Appeal.objects.exists()


def test_nobody_without_a_result_appeals(sign_in, people, public):
    assert raise_(sign_in(people.other_staff), public).status_code == 404


# Put down for somebody --------------------------------------------------------------------------


def test_secretary_finds_the_person_and_puts_the_objection_down(sign_in, people, public):
    client = sign_in(people.secretary)
    page = shown(client, "record_objection", public.round.pk, q="张建国")
    assert f"?member={people.zhang.pk}" in page
    object_(client, public, people.zhang, relation="邻居")
    one = Appeal.objects.get()
    assert (one.kind, one.on_behalf_of, one.relation, one.raised_by) == (
        "objection",
        OBJECTOR,
        "邻居",
        people.secretary,
    )


def test_secretary_puts_down_what_a_member_without_an_account_says(sign_in, people, public):
    object_(sign_in(people.secretary), public, people.zhang, kind="appeal", on_behalf_of="张建国", relation="本人")
    assert Appeal.objects.get().kind == "appeal"


def test_objection_without_a_name_gets_a_sentence(sign_in, people, public):
    response = object_(sign_in(people.secretary), public, people.zhang, on_behalf_of="")
    assert response.status_code == 400
    assert "请写明是谁提出的。" in response.content.decode()


def test_objection_about_another_branch_is_not_found(sign_in, people, public):
    client = sign_in(people.secretary)
    assert object_(client, public, people.liu).status_code == 404
    assert "刘淑芬" not in shown(client, "record_objection", public.round.pk, q="刘淑芬").replace(
        "「刘淑芬」", ""
    ).replace('value="刘淑芬"', "")


def test_publicity_sheet_leads_the_secretary_to_the_objection(sign_in, people, public):
    address = reverse("evaluations:publicity", args=[public.round.pk, public.result.branch.organization_id])
    link = f'href="{reverse("evaluations:record_objection", args=[public.round.pk])}"'
    assert link in sign_in(people.secretary).get(address).content.decode()
    assert link not in sign_in(people.member).get(address).content.decode()
    make.window_over(public.round)
    assert link not in sign_in(people.secretary).get(address).content.decode()


def test_publicity_sheet_as_a_workbook_says_what_the_page_says(sign_in, people, public):
    people.zhang.number, people.wang.number = "A1", "A2"
    people.zhang.save()
    people.wang.save()
    address = reverse("evaluations:publicity", args=[public.round.pk, public.result.branch.organization_id])
    rows = rows_of(sign_in(people.member).get(address, {"export": "xlsx"}))
    assert rows == [["编号", "姓名", "总分", "等次"], ["A1", "张建国", 97.4, "优秀"], ["A2", "王志强", "—", "资料不全"]]
    assert sign_in(people.outsider).get(address, {"export": "xlsx"}).status_code == 404


def test_group_leader_records_no_objection(sign_in, people, public):
    response = sign_in(people.leader).get(reverse("evaluations:record_objection", args=[public.round.pk]))
    assert response.status_code == 403


# Who reads what ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "reads"), [("secretary", True), ("other_staff", True), ("discipline", True)])
def test_objector_is_read_by_the_reviewers_and_whoever_recorded_it(sign_in, people, objection, role, reads):
    page = shown(sign_in(getattr(people, role)), "appeal", objection.pk)
    assert (OBJECTOR in page, "我看见他没有来" in page) == (reads, reads)


@pytest.mark.parametrize("role", ["general", "auditor"])
def test_objector_is_hidden_from_others(sign_in, people, objection, role):
    page = shown(sign_in(getattr(people, role)), "appeal", objection.pk)
    assert str(objection) in page
    assert [word for word in (OBJECTOR, "我看见他没有来") if word in page] == []


def test_member_reads_of_an_objection_only_what_was_decided(sign_in, people, objection):
    client = sign_in(people.member)
    address = reverse("evaluations:appeal", args=[objection.pk])
    assert client.get(address).status_code == 404
    assert str(objection) not in shown(client, "appeals")
    services.take_appeal(objection, actor=people.other_staff)
    services.decide_appeal(objection, upheld=False, reasons="核对无误。", actor=people.other_staff)
    page = client.get(address).content.decode()
    assert "核对无误。" in page
    assert [word for word in (OBJECTOR, "李秀英", "我看见他没有来") if word in page] == []


def test_secretary_concerned_does_not_read_who_objects(sign_in, people, public, objection):
    Appeal.objects.filter(pk=objection.pk).update(raised_by=people.general)
    people.member.member = None
    people.member.save()
    people.secretary.member = people.zhang
    people.secretary.save()
    assert sign_in(people.secretary).get(reverse("evaluations:appeal", args=[objection.pk])).status_code == 404


def test_sensitive_appeal_is_hidden_from_the_auditor(sign_in, people, appeal):
    Appeal.objects.filter(pk=appeal.pk).update(is_sensitive=True)
    client = sign_in(people.auditor)
    assert client.get(reverse("evaluations:appeal", args=[appeal.pk])).status_code == 404
    assert str(appeal) not in shown(client, "appeals")


def test_colleague_sees_no_appeal_of_another(sign_in, people, places, appeal):
    wang = make.member_user(people.wang, places.branch)
    assert sign_in(wang).get(reverse("evaluations:appeal", args=[appeal.pk])).status_code == 404


# Reviewing and deciding -------------------------------------------------------------------------


def test_way_from_taking_to_the_corrected_total(sign_in, people, public, appeal):
    client = sign_in(people.other_staff)
    assert "由我核对" in shown(client, "appeal", appeal.pk)
    page = client.post(reverse("evaluations:take_appeal", args=[appeal.pk]), follow=True).content.decode()
    assert "写决定" in page
    assert SAID in page
    answers = {"decision": "upheld", "reasons": "查签到表,属实。", "status": "present"}
    checked = decide(client, appeal, **answers).content.decode()
    assert "考勤由「迟到」改为「到会」" in checked
    assert Appeal.objects.get().state == "in_review"
    page = decide(client, appeal, **answers, step="save").content.decode()
    assert f"第 {appeal.pk} 号申辩已经决定:成立。" in page
    public.result.refresh_from_db()
    assert public.result.total > 97
    own = shown(sign_in(people.member), "appeal", appeal.pk)
    assert [word for word in ("决定:成立", "查签到表,属实。", "已经更正:") if word not in own] == []


def test_course_runs_from_the_mark_to_the_decision(sign_in, people, public):
    one = services.raise_appeal(public.result, f"entry:{public.good.pk}", kind="appeal", text=SAID, actor=people.member)
    services.take_appeal(one, actor=people.other_staff)
    services.decide_appeal(one, upheld=False, reasons="核对无误。", actor=people.other_staff)
    client = sign_in(people.member)
    course = client.get(reverse("evaluations:appeal", args=[one.pk])).context["course"]
    assert [event.title for event in course] == [
        "登记", "街道审批通过", "支部审核", "公示", "提出申辩", "受理", "决定:不成立",
    ]  # fmt: skip


def test_check_page_leads_back_with_what_was_filled_in(sign_in, people, appeal):
    services.take_appeal(appeal, actor=people.other_staff)
    answers = {"decision": "upheld", "reasons": "属实,照改", "status": "present"}
    page = decide(sign_in(people.other_staff), appeal, **answers, step="form").content.decode()
    assert [word for word in ("属实,照改", "写决定") if word not in page] == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"decision": "dismissed"}, "请写明理由,提出的人会看到。"),
        ({"reasons": "有"}, "请选成立还是不成立。"),
        ({"decision": "upheld", "reasons": "有"}, "请选正确的考勤。"),
        ({"decision": "upheld", "reasons": "有", "status": "late"}, "现在登记的就是「迟到」"),
        ({"decision": "upheld", "reasons": "有", "status": "nonsense"}, "请在列出的里面选一个。"),
    ],
)
@pytest.mark.parametrize("step", [{}, {"step": "save"}])
def test_bad_decision_gets_a_sentence(sign_in, people, appeal, data, sentence, step):
    services.take_appeal(appeal, actor=people.other_staff)
    response = decide(sign_in(people.other_staff), appeal, **data, **step)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert Appeal.objects.get().state == "in_review"


def test_who_handled_the_line_gets_a_sentence(sign_in, people, public):
    one = services.raise_appeal(public.result, f"entry:{public.good.pk}", kind="appeal", text=SAID, actor=people.member)
    client = sign_in(people.staff)
    assert "这一条是您登记、审核或者审批过的" in shown(client, "appeal", one.pk)
    page = client.post(reverse("evaluations:take_appeal", args=[one.pk]), follow=True).content.decode()
    assert "要由没有经手的同事核对" in page
    assert Appeal.objects.get().state == "raised"


def test_decision_without_taking_leads_back(sign_in, people, appeal):
    response = decide(sign_in(people.other_staff), appeal, decision="dismissed", reasons="有", step="save")
    assert "请先点「由我核对」。" in response.content.decode()
    assert Appeal.objects.get().state == "raised"


def test_decision_sent_twice_is_kept_once(sign_in, people, appeal):
    services.take_appeal(appeal, actor=people.other_staff)
    client = sign_in(people.other_staff)
    decide(client, appeal, decision="dismissed", reasons="核对无误。", step="save")
    again = decide(client, appeal, decision="upheld", reasons="又改", status="present", step="save")
    assert "没有再办一次" in again.content.decode()
    assert Appeal.objects.get().reasons == "核对无误。"


def decision_on(public, people, key, **more):
    one = services.raise_appeal(public.result, key, kind="appeal", text=SAID, actor=people.member)
    return services.take_appeal(one, actor=people.other_staff)


def test_entry_put_down_with_other_figures(sign_in, people, public):
    one = decision_on(public, people, f"entry:{public.good.pk}")
    figures = {"entry-date": "2025-04-21", "entry-quantity": "2", "entry-note": "社区义诊,两次"}
    answers = {"decision": "upheld", "reasons": "应为两次。", "way": "replace"} | figures
    client = sign_in(people.other_staff)
    assert "按正确的情况另记一条计分" in decide(client, one, **answers).content.decode()
    decide(client, one, **answers, step="save")
    one.refresh_from_db()
    assert (one.follow_up_entry.quantity, str(one.follow_up_entry.date)) == (2, "2025-04-21")
    assert f"看第 {one.follow_up_entry_id} 号记录" in shown(sign_in(people.member), "appeal", one.pk)


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ({"entry-date": "2125-04-21", "entry-quantity": "1", "entry-note": "义诊"}, "还没有到"),
        ({"entry-date": "2025-04-21", "entry-quantity": "0", "entry-note": "义诊"}, "次数至少为 1"),
    ],
)
def test_entry_with_bad_figures_gets_a_sentence(sign_in, people, public, figures, sentence):
    one = decision_on(public, people, f"entry:{public.good.pk}")
    answers = {"decision": "upheld", "reasons": "应为两次。", "way": "replace"} | figures
    response = decide(sign_in(people.other_staff), one, **answers, step="save")
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert Appeal.objects.get().state == "in_review"


def test_way_of_correcting_an_entry_must_be_chosen(sign_in, people, public):
    one = decision_on(public, people, f"entry:{public.good.pk}")
    response = decide(sign_in(people.other_staff), one, decision="upheld", reasons="有")
    assert "请选怎样更正。" in response.content.decode()


def test_refused_merit_needs_no_more_than_the_decision(sign_in, people, public):
    one = decision_on(public, people, f"entry:{public.refused.pk}")
    decide(sign_in(people.other_staff), one, decision="upheld", reasons="证明齐全。", step="save")
    one.refresh_from_db()
    assert one.follow_up_entry.status == "approved"


DUES = {"decision": "upheld", "reasons": "回单为证。", "due_yuan": "10"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"due_yuan": ""}, "请写明应缴多少;不用缴的写 0。"),
        ({"due_yuan": "一"}, "应是数字"),
        ({"amount_yuan": "10", "paid_on": ""}, "实缴金额和缴纳日期要一起写。"),
        ({"amount_yuan": "10", "paid_on": "2125-01-01"}, "缴纳日期 2125-01-01 还没有到。"),
        ({"amount_yuan": "20", "paid_on": "2025-01-10"}, "最多缴"),
        ({"excused": "on", "amount_yuan": "10", "paid_on": "2025-01-10"}, "缓缴或免缴要写明批准理由。"),
        ({"amount_yuan": "10", "paid_on": "2025-02-12"}, "和现在登记的一样。"),
    ],
)
def test_bad_dues_get_a_sentence(sign_in, people, public, data, sentence):
    one = decision_on(public, people, "month:daily.dues:2025-01")
    response = decide(sign_in(people.other_staff), one, **(DUES | data))
    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_dues_put_right_from_the_page(sign_in, people, public):
    one = decision_on(public, people, "month:daily.dues:2025-01")
    client = sign_in(people.other_staff)
    assert "2025 年 2 月 12 日缴 10.00 元" in shown(client, "decide_appeal", one.pk)
    decide(client, one, **DUES, amount_yuan="10", paid_on="2025-01-10", step="save")
    one.refresh_from_db()
    assert one.follow_up == "2025 年 1 月党费改为:应缴 10 元,2025 年 1 月 10 日缴 10 元。"


def test_withdraw_from_the_page(sign_in, people, appeal):
    client = sign_in(people.member)
    client.post(reverse("evaluations:withdraw_appeal", args=[appeal.pk]))
    assert Appeal.objects.get().state == "withdrawn"
    page = client.post(reverse("evaluations:withdraw_appeal", args=[appeal.pk]), follow=True).content.decode()
    assert "已经是「已撤回」,不用再办" in page


# The list and the homes -------------------------------------------------------------------------


def copies(appeal, count):
    for number in range(count):
        appeal.pk = None
        appeal.key = f"item:{number}"
        appeal.save(force_insert=True)


def test_list_asks_the_same_whatever_its_length(sign_in, people, appeal, django_assert_num_queries):
    client = sign_in(people.other_staff)
    client.get(reverse("evaluations:appeals"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(reverse("evaluations:appeals"))
    copies(appeal, 2)
    with django_assert_num_queries(len(one)):
        client.get(reverse("evaluations:appeals"))


def test_list_shows_late_ones(sign_in, people, appeal):
    client = sign_in(people.other_staff)
    assert str(appeal) not in shown(client, "appeals", state="late")
    Appeal.objects.update(due_on=timezone.localdate() - datetime.timedelta(days=2))
    assert "已超期 2 天" in shown(client, "appeals", state="late")


def tasks(client):
    return [(task.count, task.title) for task in client.get(reverse("home")).context["tasks"] if "申诉" in task.title]


def test_home_of_the_office_that_reviews(sign_in, people, appeal):
    assert tasks(sign_in(people.other_staff)) == [(1, "核对申诉")]
    assert tasks(sign_in(people.discipline)) == []
    Appeal.objects.update(is_discipline=True)
    assert tasks(sign_in(people.other_staff)) == []
    assert tasks(sign_in(people.discipline)) == [(1, "核对申诉")]


def test_home_of_the_street_tells_what_others_let_wait(sign_in, people, appeal):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Appeal.objects.update(is_discipline=True, due_on=yesterday)
    assert tasks(sign_in(people.other_staff)) == [(1, "申诉超期没有答复")]
    assert tasks(sign_in(people.discipline)) == [(1, "核对申诉")]


def test_home_forgets_what_is_decided(sign_in, people, appeal):
    services.take_appeal(appeal, actor=people.other_staff)
    assert tasks(sign_in(people.other_staff)) == [(1, "核对申诉")]
    assert tasks(sign_in(people.staff)) == []
    services.decide_appeal(appeal, upheld=False, reasons="核对无误。", actor=people.other_staff)
    assert tasks(sign_in(people.other_staff)) == []


def test_foreign_appeal_is_not_found(sign_in, people, places, appeal):
    stranger = make.user("外街道", Role.STREET_STAFF, places.other_street)
    client = sign_in(stranger)
    assert client.get(reverse("evaluations:appeal", args=[appeal.pk])).status_code == 404
    assert client.post(reverse("evaluations:take_appeal", args=[appeal.pk])).status_code == 404
