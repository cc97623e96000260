"""What the same database needs for the least that a round could do: read the facts, write as many rows."""

import time

from django.db import connection, transaction

from evaluations.models import Result, Round

QUERIES = (
    "SELECT a.member_id, v.date, v.kind, a.status, a.activity_id FROM members_attendance a"
    " JOIN members_activity v ON v.id = a.activity_id",
    "SELECT member_id, month, due_yuan, excused FROM members_duesmonth",
    "SELECT m.member_id, m.month, p.amount_yuan, p.paid_on FROM members_duespayment p"
    " JOIN members_duesmonth m ON m.id = p.dues_month_id",
    "SELECT member_id, id, item, date, quantity, level, points, status FROM scoring_entry",
    "SELECT c.member_id, a.period, g.code, c.score, c.count FROM evaluations_ballotcount c"
    " JOIN evaluations_appraisalgroup g ON g.id = c.group_id"
    " JOIN evaluations_appraisal a ON a.id = g.appraisal_id",
)


def read_facts() -> float:
    """Seconds to fetch every fact through a cursor."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for query in QUERIES:
            cursor.execute(query)
            cursor.fetchall()
    return time.perf_counter() - started


def read_results(round_: Round) -> float:
    """Seconds to fetch the round's results through a cursor."""
    query = "SELECT member_id, total, grade, sheet FROM evaluations_result WHERE round_id = %s"
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(query, [round_.pk])
        cursor.fetchall()
    return time.perf_counter() - started


def write_results(round_: Round) -> float:
    """Seconds to write the round's results again as they are, in one transaction."""
    rows = list(Result.objects.filter(round=round_))
    Result.objects.filter(round=round_).delete()
    for row in rows:
        row.pk = None
    started = time.perf_counter()
    with transaction.atomic():
        Result.objects.bulk_create(rows, batch_size=500)
    return time.perf_counter() - started


def refresh_statistics() -> None:
    """Let the planner know the tables, as autovacuum would have."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
