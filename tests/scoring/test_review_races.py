"""Two windows, two reviewers, many clicks at once: one entry, one decision, one answer."""

import datetime

import pytest

from scoring import draft_services, review_services
from scoring.drafting import Declaration
from scoring.models import Answer, Decision, Entry, EntryDraft, Question
from tests import factories as make
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime.date(2025, 4, 20)


@pytest.fixture
def entries(people, adopted):
    fields = {"version": adopted, "date": DAY, "status": "reviewed", "declared_by": people.secretary}
    return [make.entry(people.zhang, "bonus.public_good", note=f"事由 {number}", **fields) for number in range(5)]


def new_draft(people, version, **fields):
    return EntryDraft.objects.create(
        author=people.member, member=people.zhang, for_self=True, scheme=version.code, item="bonus.public_good",
        title="义诊", fields={"date": f"{DAY}", "quantity": "1", "note": "义诊"}, **fields,
    )  # fmt: skip


def sending(draft, people):
    def job():
        declaration = Declaration.of(EntryDraft.objects.get(pk=draft.pk))
        entry = declaration.entry()
        return draft_services.send_draft(draft, entry, declaration.rule, actor=people.member, revision=0).pk

    return job


def test_ten_clicks_send_one_entry(shared_database, people, adopted):
    draft = new_draft(people, adopted)
    outcomes = at_once(*[sending(draft, people)] * 10)
    entry = Entry.objects.get()
    assert EntryDraft.objects.get().entry == entry
    assert {one for one in outcomes if isinstance(one, int)} == {entry.pk}


def test_two_drafts_of_the_same_thing_become_one_entry(shared_database, people, adopted):
    drafts = [new_draft(people, adopted) for _ in range(4)]
    outcomes = at_once(*[sending(draft, people) for draft in drafts])
    assert Entry.objects.count() == 1
    assert sum("这件事已经登记过" in str(one) for one in outcomes) == 3


def test_ten_clicks_on_the_form_keep_one_draft(shared_database, people, adopted):
    template = new_draft(people, adopted)
    EntryDraft.objects.all().delete()

    def keep():
        begun = EntryDraft(
            author=people.member, for_self=True, scheme=adopted.code, item="bonus.public_good", title="义诊",
            token=template.token,
        )  # fmt: skip
        return draft_services.keep_draft(begun, {"note": "义诊"}, people.zhang, []).pk

    outcomes = at_once(*[keep] * 10)
    assert set(outcomes) == {EntryDraft.objects.get().pk}


def test_two_reviewers_and_double_clicks_approve_a_batch_once(shared_database, people, entries):
    seen = {entry.pk: "reviewed" for entry in entries}
    jobs = [
        lambda user=user: len(review_services.approve_together(seen, actor=user))
        for user in (people.staff, people.other_staff) * 4
    ]
    outcomes = at_once(*jobs)
    assert outcomes.count(5) == 1
    assert Decision.objects.count() == 5
    assert Decision.objects.values("decided_by").distinct().count() == 1
    assert set(Entry.objects.values_list("status", flat=True)) == {"approved"}


def test_overlapping_batches_approve_nothing_twice(shared_database, people, entries):
    one, other = ({entry.pk: "reviewed" for entry in part} for part in (entries[:3], list(reversed(entries[2:]))))
    outcomes = at_once(
        lambda: len(review_services.approve_together(one, actor=people.staff)),
        lambda: len(review_services.approve_together(other, actor=people.other_staff)),
    )
    assert sum(outcome == 3 for outcome in outcomes) == 1
    assert Decision.objects.count() == 3


def test_question_and_batch_at_once_are_never_both(shared_database, people, entries):
    seen = {entry.pk: "reviewed" for entry in entries}
    at_once(
        lambda: review_services.approve_together(seen, actor=people.staff) and None,
        lambda: review_services.ask_back(entries[0], text="?", actor=people.other_staff) and None,
    )
    assert (Decision.objects.count(), Question.objects.count()) in [(5, 0), (0, 1)]


def test_ten_answers_at_once_are_one(shared_database, people, entries):
    question = review_services.ask_back(entries[0], text="?", actor=people.staff).pk
    at_once(
        *[
            lambda number=number: (
                review_services.answer_question(
                    entries[0], question=question, text=f"答 {number}", actor=people.secretary
                ).pk
            )
            for number in range(10)
        ]
    )
    assert Answer.objects.count() == 1


def test_ten_questions_at_once_are_one(shared_database, people, entries):
    at_once(*[lambda: review_services.ask_back(entries[0], text="?", actor=people.staff).pk] * 10)
    assert Question.objects.count() == 1
