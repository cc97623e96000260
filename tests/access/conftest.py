"""What the addresses of the table are about: one of each for one's own, a sibling's and a foreign branch."""

import datetime
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.utils import timezone

from evaluations.models import (
    Appeal,
    AppealFile,
    Measure,
    MonthConfirmation,
    MonthQuestion,
    MonthReview,
    QuarterSheet,
    Resolution,
    Result,
    Round,
    RoundBranch,
    TallyPhoto,
    Trial,
    Voter,
)
from evaluations.services import accept_measure
from members.checking_in import code_of
from members.models import (
    DuesPayment,
    DuesReceipt,
    LeaveRequest,
    Member,
    Minutes,
    MinutesFile,
    MobilityChange,
    Oversight,
    Position,
    Role,
)
from scoring import schemes_services
from scoring.models import (
    Adoption,
    DraftFile,
    EntryDraft,
    Evidence,
    Question,
    SchemeVersion,
    UnitDocument,
    WorkedCase,
)
from tests import factories as make
from tests.access.table import ROLES
from tests.conftest import adopt, make_people, make_places

DAY = datetime.date(2025, 4, 20)
MONTH = datetime.date(2025, 4, 1)
LEFT_PHONE = "13900000009"  # of whoever is on the roster no more
ITEMS = {
    "declared_entry": ("bonus.public_good", "declared", "的事由"),
    "reviewed_entry": ("bonus.public_good", "reviewed", "的事由"),
    "approved_entry": ("bonus.public_good", "approved", "的事由"),
    "discipline_entry": ("direct.sanction", "reviewed", "受处分"),
    "refused_entry": ("bonus.public_good", "rejected", "没有通过的事由"),
    "asked_entry": ("bonus.public_good", "declared", "被问的事由"),
}


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A transaction in which what all tests of a module look at is made once; taken back after the last of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def db(scene) -> Iterator[None]:
    """In the place of pytest-django's: what one test writes is taken back before the next, what all share stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def places(scene) -> SimpleNamespace:
    return make_places()


@pytest.fixture(scope="module")
def people(places) -> SimpleNamespace:
    return make_people(places)


@pytest.fixture(scope="module")
def adopted(places) -> SchemeVersion:
    return adopt(places)


@pytest.fixture(scope="module")
def signed_in(people) -> dict[str, str]:
    """The session of each role."""
    keys = {}
    for role in ROLES[1:]:
        browser = Client()
        browser.force_login(getattr(people, role), backend="django.contrib.auth.backends.ModelBackend")
        keys[role] = browser.cookies["sessionid"].value
    return keys


@pytest.fixture
def visitors(signed_in) -> dict[str, Client]:
    """A browser of each role."""
    browsers = {role: Client() for role in ROLES}
    for role, key in signed_in.items():
        browsers[role].cookies["sessionid"] = key
    return browsers


@pytest.fixture(scope="module")
def objects(places, people, adopted):
    """`objects(of, role)`: arguments of the address, and its query, for one's own, the sibling and the foreign."""
    lin = make.member("林小友", places.cousin)
    zhou = make.user("周登记")  # whoever declared, recorded and opened what the visitors find
    for number, person in enumerate((people.zhang, people.wang, people.liu, lin, people.sun)):
        person.id_number, person.phone = f"42010619700101{number:04}", f"1380000{number:04}"
        person.save()
    by_person = {
        person: _of_person(person, adopted, zhou) for person in (people.zhang, people.wang, people.liu, lin, people.sun)
    }
    by_place = {
        place: _of_place(place, adopted, zhou)
        for place in (places.branch, places.sibling, places.cousin, places.foreign)
    }
    streets = {place: _round(place, "2024H2") for place in (places.street, places.other_community, places.other_street)}

    _let_assess(places, by_person)
    above = [_adoption(place, adopted, zhou) for place in streets]
    drafts = _drafts(people, places, adopted)

    def of(kind: str, role: str) -> list[tuple[dict, dict]]:
        if kind == "item":
            return [({"item": "bonus.public_good"}, {})]
        if kind == "help":
            return [({"page": "member"}, {})]
        if kind == "purpose":
            return [({"purpose": "exemption"}, {})]
        if kind == "code":
            return [({"code": adopted.code}, {})]
        if kind == "version":
            return [({"pk": adopted.pk}, {})]
        if kind == "draft":
            return [({"pk": draft.pk}, {}) for draft in drafts]
        if kind == "street_adoption":
            return [({"pk": adoption.pk}, {}) for adoption in above]
        if kind == "street_round":
            return [({"pk": round_.pk}, {}) for round_ in streets.values()]
        if kind in ("entry_draft", "draft_file"):
            visitor = people.member if role == "anonymous" else getattr(people, role)
            return [(_entry_draft(author, kind), {}) for author in (visitor, zhou, people.outsider)]
        if kind in by_person[people.zhang]:
            own, sibling = (people.zhang, people.wang) if role == "member" else (people.wang, people.liu)
            chosen = (own, lin if role == "general" else sibling, people.sun)
            return [(by_person[person][kind], {}) for person in chosen]
        if kind in by_place[places.branch]:
            chosen = (places.branch, places.cousin if role == "general" else places.sibling, places.foreign)
            return [by_place[place][kind] for place in chosen]
        raise KeyError(f"table.md names {kind!r}, of which tests/access/conftest.py makes none")

    return of


def _let_assess(places, people) -> None:
    """Both streets assess the people, as those in charge of discipline, beside the scheme that everybody is under."""
    village = SchemeVersion.objects.get(code="village-inspector")
    for street in (places.street, places.other_street):
        Adoption.objects.create(
            organization=street, version=village, position="discipline_member", starts_on=make.LONG_AGO
        )
    for person in people:
        Position.objects.create(
            member=person,
            organization=person.memberships.get().organization,
            title="discipline_member",
            starts_on=make.LONG_AGO,
        )


def _of_person(person, version, by) -> dict[str, dict]:
    """Arguments of addresses about a member, by kind."""
    branch = person.memberships.get().organization
    position = Position.objects.create(
        member=person, organization=branch, title="committee_member", starts_on=make.LONG_AGO
    )
    owed = make.dues(person, MONTH, by, 10, 10, DAY)
    make.base(person, make.LONG_AGO, "employed", pay=f"43{person.pk:02}.17", by=by)
    entries = {
        kind: make.entry(person, item, version=version, date=DAY, note=f"{person}{note}", status=status, declared_by=by)
        for kind, (item, status, note) in ITEMS.items()
    }
    Question.objects.create(entry=entries["asked_entry"], step="branch", text=f"{person}在哪里", asked_by=by)
    return {
        "member": {"pk": person.pk},
        "probation": {"pk": person.pk, "step": "extend"},
        "move": {"pk": person.pk, "change_pk": _move(person)},
        "evidence": _evidence(entries["approved_entry"]),
        "discipline_evidence": _evidence(entries["discipline_entry"]),
        "exemption_vote": {"pk": _vote(branch, by, "exemption", person, "年老").pk},
        "verdict_vote": {"pk": _vote(branch, by, "verdict", person, f"{person}受处分").pk},
        "position": {"pk": person.pk, "position_pk": position.pk},
        "departed": {"pk": _departed(person, branch).pk},
        "payment": {"pk": owed.payments.get().pk},
        "paid_month": {"month_pk": owed.pk, "pk": owed.payments.get().pk},
        "leave_request": {"pk": _leave(person, branch, by).pk},
        "assessed_member": {"period": "2025", "code": "village-inspector", "pk": person.pk},
        **{kind: {"pk": entry.pk} for kind, entry in entries.items()},
        **_measures(person, branch),
        **_appeals(person, branch, version, by),
    }


def _departed(person, branch) -> Member:
    """A colleague who is on the roster no more."""
    colleague = make.member(f"{person}的原同事", branch, phone=LEFT_PHONE)
    colleague.memberships.update(ends_on=make.LONG_AGO)
    return colleague


def _move(person) -> int:
    """A move of the member's long ago, and back."""
    away = {"starts_on": make.LONG_AGO, "before": "migrant", "after": "resident"}
    return MobilityChange.objects.create(member=person, **away).pk


def _leave(person, branch, by) -> LeaveRequest:
    event = make.activity(branch, by, DAY, title=f"{person}请假的活动")
    return LeaveRequest.objects.create(activity=event, member=person, kind="sick_leave", reason="复查", asked_by=by)


def _measures(person, branch) -> dict[str, dict]:
    """A proposal, a measure on discipline and another one, both under way."""
    street = type(branch).objects.get_root(branch)
    fields = {"organization": street, "period": "2023H2", "scheme": "community-half-year", "status": "approved"}
    times = dict.fromkeys(("requested_at", "closed_at"), timezone.now())
    round_ = Round.objects.filter(**fields).first() or Round.objects.create(**fields, **times)
    staff = make.user("街道办事员", Role.STREET_STAFF, street)
    made = [
        Measure.objects.create(round=round_, member=person, organization=branch, code=kind, kind=kind, title="某事项")
        for kind in ("self_criticism", "criticism", "verify")
    ]
    for measure in made[1:]:
        accept_measure(measure, actor=staff)
    part, _ = RoundBranch.objects.get_or_create(
        round=round_, organization=branch, version=SchemeVersion.objects.latest_of("community-half-year")
    )
    sheet = {
        "missing": [],
        "items": {},
        "parts": {},
        "lists": [],
        "consequences": ["criticism"],
        "grounds": [],
        "alerts": [],
    }
    Result.objects.create(round=round_, branch=part, member=person, status="scored", total=50, sheet=sheet)
    proposed, strict, plain = ({"pk": measure.pk} for measure in made)
    return {
        "proposed_measure": proposed,
        "measure": strict,
        "plain_measure": plain,
        "measure_step": strict | {"number": 1},
        "final_result": {"pk": person.pk, "period": round_.period, "scheme": round_.scheme},
    }


def _appeals(person, branch, version, by) -> dict[str, dict]:
    """A published round of the branch, and two appeals on the person's result: one on discipline, one with a file."""
    found = Round.objects.filter(organization=branch, period="2022H1").first()
    until = timezone.localdate() + datetime.timedelta(days=7)
    dates = {"published_at": timezone.now(), "objections_until": until}
    round_ = found or _round(branch, "2022H1", status="published", **dates)
    part, _ = RoundBranch.objects.get_or_create(round=round_, organization=branch, version=version)
    sheet = {"missing": [], "items": {}, "parts": {}, "lists": [], "consequences": [], "grounds": [], "alerts": []}
    Result.objects.create(round=round_, branch=part, member=person, status="scored", total=80, sheet=sheet)
    plain, strict = (
        Appeal.objects.create(
            round=round_, member=person, organization=branch, kind="appeal", about="item", key=key, words=words,
            result_words="80.00 分", is_discipline=is_strict, is_sensitive=is_strict, raised_by=by, text=words, due_on=until,
        )
        for key, words, is_strict in (("item:x", "参加组织活动", False), ("item:y", f"{person}受处分", True))
    )  # fmt: skip
    paper = ContentFile(b"%PDF-", name="x.pdf")
    decided = Appeal.objects.create(
        round=round_, member=person, organization=branch, kind="appeal", about="result", key="result", words="整个结果",
        text="请再核对", raised_by=by, due_on=DAY, state="dismissed", reviewer=by, reasons="已经核对",
    )  # fmt: skip
    file = AppealFile.objects.create(appeal=plain, file=paper, name="材料")
    return {
        "appealable": {"pk": round_.pk},
        "appeal": {"pk": plain.pk},
        "discipline_appeal": {"pk": strict.pk},
        "decided_appeal": {"pk": decided.pk},
        "appeal_file": {"pk": plain.pk, "file_pk": file.pk},
    }


def _vote(branch, by, purpose, member, subject) -> Resolution:
    return Resolution.objects.create(
        organization=branch, held_on=DAY, kind="members", purpose=purpose, member=member, subject=subject,
        entitled=3, present=3, votes_for=3, votes_against=0, abstained=0, quorum_over=50, majority_over=50,
        minutes=ContentFile(f"会议记录:{member}受处分".encode(), name="x.txt"), recorded_by=by,
    )  # fmt: skip


def _evidence(entry) -> dict:
    paper = ContentFile(f"%PDF- {entry.note}".encode(), name="x.pdf")
    return {"pk": entry.pk, "evidence_pk": Evidence.objects.create(entry=entry, file=paper, name="材料").pk}


def _entry_draft(author, kind: str) -> dict:
    """A draft of the author's with a file."""
    draft = EntryDraft.objects.create(
        author=author,
        for_self=author.member_id is not None,
        scheme="community-half-year",
        item="bonus.public_good",
        title="公益活动",
    )
    paper = ContentFile(f"%PDF- {author}的草稿".encode(), name="x.pdf")
    file = DraftFile.objects.create(draft=draft, file=paper, name="材料", digest="x")
    return {"pk": draft.pk} | ({"file_pk": file.pk} if kind == "draft_file" else {})


def _minutes_file(event, by) -> MinutesFile:
    minutes = Minutes.objects.create(activity=event, text="议题:清雪。决定:周六上午。", written_by=by)
    paper = ContentFile(f"%PDF- {event.organization}的记录".encode(), name="x.pdf")
    return MinutesFile.objects.create(minutes=minutes, file=paper, name="记录")


def _of_place(branch, version, by) -> dict[str, tuple[dict, dict]]:
    """Arguments and query of addresses about a branch, by kind."""
    street = type(branch).objects.get_root(branch)
    event = make.activity(branch, by, DAY)
    colleague = make.user(f"{branch}组长", Role.GROUP_LEADER, branch)
    rule = Oversight.objects.create(overseer=branch, overseen=street, matter="安全")
    round_ = _round(branch, "2025H1")
    appraisals = _appraisals(branch, by)
    closed = _round(branch, "2024H1", status="closed", closed_at=timezone.now(), closed_by=by)
    published = _round(branch, "2023H1", status="published", published_at=timezone.now(), objections_until=DAY)
    for one in (round_, published):
        _result(one, branch, version)
    return {
        **_months(branch, version, by),
        "review": ({"pk": round_.pk, "branch": branch.pk}, {}),
        "publicity": ({"pk": published.pk, "branch": branch.pk}, {}),
        "adoption": ({"pk": _adoption(branch, version, by).pk}, {}),
        "account": ({"pk": colleague.pk}, {}),
        "role": ({"pk": colleague.pk, "role_pk": colleague.role_assignments.get().pk}, {}),
        "organization": ({"pk": branch.pk}, {}),
        "meeting_place": ({"pk": branch.pk, "kind": "members"}, {}),
        "notice_place": ({"pk": branch.pk, "kind": "criticism"}, {}),
        "oversight": ({"pk": branch.pk, "oversight_pk": rule.pk}, {}),
        "activity": ({"pk": event.pk}, {}),
        "minutes_file": ({"pk": event.pk, "file_pk": _minutes_file(event, by).pk}, {}),
        "half_of": ({}, {"organization": branch.pk}),
        "receipt": ({"pk": _receipt(branch, by).pk}, {}),
        "check_in_code": ({"code": code_of(event)}, {}),
        "dues_of": ({}, {"organization": branch.pk, "month": f"{MONTH:%Y-%m}"}),
        "reports_of": ({}, {"organization": branch.pk, "year": timezone.localdate().year}),
        "round": ({"pk": round_.pk}, {}),
        "honor_board": ({"pk": round_.pk, "kind": "honor"}, {}),
        "warning_board": ({"pk": round_.pk, "kind": "warning"}, {}),
        "closed_honor": ({"pk": closed.pk, "kind": "honor"}, {}),
        "closed_warning": ({"pk": closed.pk, "kind": "warning"}, {}),
        "case": ({"pk": _case(branch, by).pk}, {}),
        "trial": ({"pk": _trial(round_, by).pk}, {}),
        "assessed_branch": ({"period": "2025", "code": "village-inspector", "pk": branch.pk}, {}),
        "appraisal_place": ({"branch": branch.pk, "period": "2025H2"}, {}),
        **appraisals,
    }


def _receipt(branch, by) -> DuesReceipt:
    """A receipt for what somebody of the branch has paid."""
    receipt = DuesReceipt.objects.create(organization=branch, recorded_by=by)
    DuesPayment.objects.filter(dues_month__member__in=Member.objects.of(branch)).update(receipt=receipt)
    return receipt


def _months(branch, version, by) -> dict[str, tuple[dict, dict]]:
    """A confirmed month with a question on it, and a quarter's sheet that may be objected to."""
    person = branch.memberships.first().member
    review = MonthReview.objects.create(organization=branch, month=MONTH)
    MonthConfirmation.objects.create(review=review, lines=[], digest="x", confirmed_by=by)
    question = MonthQuestion.objects.create(review=review, member=person, text="请核对", asked_by=by)
    rows = [[person.pk, "scored", {"daily": "90.00"}, "90.00"]]
    section = {"scheme": version.code, "title": str(version), "parts": [["daily", "日常考核"]], "rows": rows}
    QuarterSheet.objects.create(
        organization=branch, quarter="2025Q1", content={"sections": [section]}, digest="x", published_by=by,
        objections_until=timezone.localdate() + datetime.timedelta(days=7),
    )  # fmt: skip
    return {
        "month": ({"branch": branch.pk, "month": f"{MONTH:%Y-%m}"}, {}),
        "question": ({"pk": question.pk}, {}),
        "quarter": ({"branch": branch.pk, "quarter": "2025Q1"}, {}),
    }


def _appraisals(branch, by) -> dict[str, tuple[dict, dict]]:
    """One that is open, with a picture of its tally sheet, and one that is over; everybody votes and is appraised."""
    people = list(Member.objects.of(branch))
    closed = make.closed_appraisal(branch, "2024H1", {person: {90: 6} for person in people})
    opened = make.open_appraisal(branch, "2025H1", {person: {90: 0} for person in people})
    now = timezone.now()
    opened.opens_at, opened.closes_at = now, now + datetime.timedelta(days=1)
    opened.save()
    group = opened.groups.get(code="committee")
    Voter.objects.bulk_create(Voter(group=group, member=person, name=person.name) for person in people)
    TallyPhoto.objects.create(group=group, file=ContentFile(b"picture", name="x.jpg"), attached_by=by)
    committee = ({"pk": opened.pk, "group": "committee"}, {})
    return {
        "appraisal": ({"pk": opened.pk}, {}),
        "closed_appraisal": ({"pk": closed.pk}, {}),
        "appraisal_group": committee,
        "tally_photo": committee,
    }


def _trial(round_, by) -> Trial:
    version = SchemeVersion.objects.latest_of("community-half-year")
    return Trial.objects.create(
        round=round_, version=version, state="done", outcome={"people": 0, "grades": [], "changes": []}, created_by=by
    )


def _case(branch, by) -> WorkedCase:
    document = "case: plain\nscheme: community-half-year\nperiod: 2025H1\nmembers:\n  党员甲:\n    status: full\n"
    return WorkedCase.objects.create(
        code="community-half-year", organization=branch, name="plain", document=document, created_by=by
    )


def _adoption(place, version, by) -> Adoption:
    """In use, with a document; another of the street's own than the one that everybody is under."""
    adoption = Adoption.objects.create(organization=place, version=version, starts_on=DAY.replace(month=1, day=1))
    UnitDocument.objects.create(
        adoption=adoption,
        title="本单位办法",
        file=ContentFile("第一条 目的", name="x.txt"),
        articles=[{"id": "1", "heading": "第一条", "text": "目的"}],
        attached_by=by,
    )
    return adoption


def _round(place, period, **fields) -> Round:
    now = timezone.now()
    fields = {"status": "computed", "requested_at": now, "computed_at": now, **fields}
    return Round.objects.create(organization=place, period=period, scheme="community-half-year", **fields)


def _result(round_, branch, version) -> None:
    """Somebody of the branch has a result in the round."""
    part = RoundBranch.objects.create(round=round_, organization=branch, version=version, state="done", digest="x")
    person = branch.memberships.first().member
    sheet = {"missing": [], "items": {}, "parts": {}, "lists": [], "consequences": [], "grounds": [], "alerts": []}
    Result.objects.create(round=round_, branch=part, member=person, status="scored", sheet=sheet, digest="x")


def _drafts(people, places, version) -> list[SchemeVersion]:
    """Drafts of one's own, of a colleague's and of another street's staff."""
    stranger = make.user("孙东风的同事", Role.STREET_STAFF, places.other_street)
    return [
        schemes_services.draft_version(version, version.definition, version.text, f"{author}的草稿", actor=author)
        for author in (people.staff, people.other_staff, stranger)
    ]
