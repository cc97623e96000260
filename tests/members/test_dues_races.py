"""Many at once: nothing is paid twice, and nobody's entry is overwritten unseen."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members import services
from members.dates import first_of
from members.models import DuesBase, DuesPayment, DuesReceipt, VisitMonth
from members.services import bank
from members.workbooks import Sheet
from tests import factories as make
from tests.evaluations.test_ballots_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()
THIS_MONTH = first_of(TODAY)


def test_a_month_paid_in_twenty_windows_is_paid_once(shared_database, people, places):
    users = [make.user(f"同事{number}", "branch_secretary", places.branch) for number in range(20)]

    def pay(user):
        line = services.DuesLine(people.zhang, THIS_MONTH, "", 10, amount_yuan=10, paid_on=TODAY)
        return services.record_dues(places.branch, [line], actor=user)

    outcomes = at_once(*[lambda user=user: pay(user) for user in users])
    assert sorted((len(done.paying), len(done.clashes)) for done in outcomes) == [(0, 1)] * 19 + [(1, 0)]
    assert (DuesPayment.objects.count(), DuesReceipt.objects.count()) == (1, 1)


def test_a_receipt_taken_back_in_ten_windows_is_taken_back_once(shared_database, people, places):
    line = services.DuesLine(people.zhang, THIS_MONTH, "", 10, amount_yuan=10, paid_on=TODAY)
    receipt = services.record_dues(places.branch, [line], actor=people.secretary).receipt

    def take_back():
        try:
            return len(services.withdraw_receipt(receipt, actor=people.secretary))
        except ValidationError:
            return 0

    assert sorted(at_once(*[take_back] * 10)) == [0] * 9 + [1]
    assert people.zhang.changes.filter(new="登记有误,已撤销").count() == 1


def test_a_payment_taken_back_in_two_windows_is_taken_back_once(shared_database, people):
    payment = make.dues(people.zhang, THIS_MONTH, people.secretary, paid=10, paid_on=TODAY).payments.get()
    outcomes = at_once(*[lambda: services.withdraw_payment(payment, actor=people.secretary)] * 2)
    assert sorted(outcomes, key=str) == [None, "这笔已经撤销了。"]
    assert people.zhang.changes.filter(new="登记有误,已撤销").count() == 1


def test_a_move_undone_and_an_activity_deleted_in_two_windows_are_so_once(shared_database, people, places):
    move = services.change_mobility(people.zhang, "migrant", TODAY, actor=people.secretary)
    outcomes = at_once(*[lambda: services.undo_mobility(move, actor=people.secretary)] * 2)
    assert sorted(outcomes, key=str) == [None, "这次变动已经撤销了。"]
    event = make.activity(places.branch, people.secretary, TODAY)
    assert sorted(at_once(*[lambda: services.delete_activity(event)] * 2)) == [False, True]


def test_a_bank_list_confirmed_in_ten_windows_is_recorded_once(shared_database, people, places):
    make.dues(people.zhang, THIS_MONTH, people.secretary)
    sheet = Sheet([(1, ["姓名", "金额", "日期"]), (2, ["张建国", "4", f"{TODAY}"])])
    promised = bank.check_list(sheet, places.branch).fingerprint

    def confirm():
        try:
            done, _ = bank.import_list(sheet, places.branch, promised, actor=people.secretary)
            return len(done.paying)
        except bank.ListChangedError:
            return 0

    assert sorted(at_once(*[confirm] * 10)) == [0] * 9 + [1]
    assert DuesPayment.objects.get().amount_yuan == 4


def test_a_base_and_visits_written_in_ten_windows_are_written_once(shared_database, people, places):
    users = [make.user(f"同事{number}", "branch_secretary", places.branch) for number in range(10)]

    def write(number, user):
        base = services.BaseLine(people.zhang, 0, "employed", 3000 + number)
        visits = services.VisitLine(people.zhang, THIS_MONTH, "", 10, number)
        written, clashes = services.record_bases(THIS_MONTH, [base], actor=user)
        count, disputed = services.record_visits(places.branch, [visits], actor=user)
        return (len(written), len(clashes), count, len(disputed))

    outcomes = at_once(*[lambda number=number, user=user: write(number, user) for number, user in enumerate(users)])
    assert [sum(column) for column in zip(*outcomes, strict=True)] == [1, 9, 1, 9]
    assert (DuesBase.objects.count(), VisitMonth.objects.count()) == (1, 1)
