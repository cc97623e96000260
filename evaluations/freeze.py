"""What the database itself refuses to change, whichever program tries it: the rules that `triggers` puts there.

Three things are refused: to change a closed round's results, or a fact that it rests on; to change anything of an
appraisal that is over; and to change or delete rows that are only ever added to. The conditions are one SQL text for
SQLite and PostgreSQL, over the row's NEW and OLD; days are compared as text (2025-06-30).
"""

from dataclasses import dataclass

from django.db import IntegrityError

PREFIX = "freeze_"
FACTS = "这个周期的考核已经办结,周期里的和它看过的以前的记录不能再改。请把更正记在现在的周期,或者先办理重新打开。"
RESULTS = "这次考核已经办结,结果不再变动。要更正的,先由两位同事办理重新打开。"
RECORD = "办理的记录只能增加,不能修改或者删除。"
BALLOTS = "这次民主评议已经结束或者它的考核已经办结,名单、领票、评议码、计票单和票数都不能再改。"
SECOND_PERSON = "重新打开办结的考核,要一位同事申请,另一位同事确认。"
SENTENCES = (FACTS, RESULTS, RECORD, BALLOTS, SECOND_PERSON)


def sentence_of(error: IntegrityError) -> str:
    """The sentence of the trigger that refused; empty where something else did."""
    return next((sentence for sentence in SENTENCES if sentence in str(error)), "")


# Conditions -------------------------------------------------------------------------------------


def day(column: str) -> str:
    return f"CAST({column} AS text)"


def in_force(on: str, alias: str) -> str:
    return f"{day(f'{alias}.starts_on')} <= {on} AND ({alias}.ends_on IS NULL OR {day(f'{alias}.ends_on')} >= {on})"


# The tables behind every condition on facts: what is closed, and where.
CLOSED_PLACES = "members_closedperiod c JOIN members_organization top ON top.id = c.organization_id"
ANYTHING_CLOSED = "EXISTS (SELECT 1 FROM members_closedperiod)"


def within(path: str) -> str:
    return f"substr({path}, 1, length(top.path)) = top.path"


def member_settled(member: str, on: str, also: str = "") -> str:
    """The member was, on that day or on the closed period's last, where a period is closed that ends on it or later."""
    last = day("c.ends_on")
    return f"""{ANYTHING_CLOSED} AND EXISTS (
        SELECT 1 FROM {CLOSED_PLACES}
        JOIN members_membership m ON m.member_id = {member}
        JOIN members_organization place ON place.id = m.organization_id
        WHERE {last} >= {on} AND {within("place.path")} {also}
        AND ({in_force(on, "m")} OR {in_force(last, "m")}))"""


def place_settled(organization: str, on: str) -> str:
    """A period that ends on that day or later is closed for the organisation."""
    return f"""{ANYTHING_CLOSED} AND EXISTS (
        SELECT 1 FROM {CLOSED_PLACES}
        JOIN members_organization place ON place.id = {organization}
        WHERE {day("c.ends_on")} >= {on} AND {within("place.path")})"""


def differs(*columns: str) -> str:
    return "(" + " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns) + ")"


def span_moved(settled_from, columns: tuple[str, ...]) -> str:
    """A changed span reaches into a closed period: by what it says, by its start, or by an end before the period's."""
    whole = [f"({settled_from(row, day(f'{row}.starts_on'), False)})" for row in ("OLD", "NEW")]
    ends = [
        f"({row}.ends_on IS NOT NULL AND {settled_from(row, day(f'{row}.ends_on'), True)})" for row in ("OLD", "NEW")
    ]
    moved = differs("member_id", "starts_on", *columns)
    return f"({moved} AND ({' OR '.join(whole)})) OR ({differs('ends_on')} AND ({' OR '.join(ends)}))"


def of_member(row: str, on: str, ended: bool) -> str:
    """ended: the day is the last one; only a closed period that goes on after it is touched."""
    return member_settled(f"{row}.member_id", on, f"AND {day('c.ends_on')} > {on}" if ended else "")


def of_place(row: str, on: str, ended: bool) -> str:
    """A membership: its own organisation says whether it lies in a closed period."""
    later = ">" if ended else ">="
    return f"""{ANYTHING_CLOSED} AND EXISTS (
        SELECT 1 FROM {CLOSED_PLACES}
        JOIN members_organization place ON place.id = {row}.organization_id
        WHERE {day("c.ends_on")} {later} {on} AND {within("place.path")})"""


def round_closed(round_id: str) -> str:
    return f"EXISTS (SELECT 1 FROM evaluations_round r WHERE r.id = {round_id} AND r.status = 'closed')"


def judged_settled(member: str, row: str) -> str:
    """A round of the assessment's scheme, with a result of the member, is closed for its period or its year."""
    return f"""EXISTS (
        SELECT 1 FROM evaluations_round r JOIN evaluations_result s ON s.round_id = r.id AND s.member_id = {member}
        WHERE r.status = 'closed' AND r.scheme = {row}.scheme
        AND r.period IN ({row}.period, substr({row}.period, 1, 4)))"""


def appraisal_settled(row: str) -> str:
    """A round that the branch is in is closed for the appraisal's period or its year."""
    return f"""EXISTS (
        SELECT 1 FROM evaluations_round r JOIN evaluations_roundbranch b ON b.round_id = r.id
        WHERE r.status = 'closed' AND b.organization_id = {row}.organization_id
        AND r.period IN ({row}.period, substr({row}.period, 1, 4)))"""


def appraisal_over(row: str) -> str:
    return f"({row}.status = 'closed' OR {appraisal_settled(row)})"


def of_appraisal_over(appraisal: str) -> str:
    return f"EXISTS (SELECT 1 FROM evaluations_appraisal a WHERE a.id = {appraisal} AND {appraisal_over('a')})"


def of_group_over(group: str) -> str:
    return f"""EXISTS (
        SELECT 1 FROM evaluations_appraisalgroup g JOIN evaluations_appraisal a ON a.id = g.appraisal_id
        WHERE g.id = {group} AND {appraisal_over("a")})"""


def entry_settled(row: str) -> str:
    """An entry counts on its own day, so it is bound to the closed period that it lies in."""
    return member_settled(f"{row}.member_id", day(f"{row}.date"), f"AND {day('c.starts_on')} <= {day(f'{row}.date')}")


def attendance_settled(row: str) -> str:
    return member_settled(
        f"{row}.member_id", f"(SELECT {day('e.date')} FROM members_activity e WHERE e.id = {row}.activity_id)"
    )


def payment_settled(row: str) -> str:
    member = f"(SELECT d.member_id FROM members_duesmonth d WHERE d.id = {row}.dues_month_id)"
    return member_settled(member, day(f"{row}.paid_on"))


def report_settled(row: str) -> str:
    """A report counts for its quarter, whenever it was made: 2025Q2 ends on 2025-06-30."""
    ends = " ".join(f"WHEN '{number}' THEN '{end}'" for number, end in ((1, "03-31"), (2, "06-30"), (3, "09-30")))
    quarter = f"(substr({row}.quarter, 1, 4) || '-' || CASE substr({row}.quarter, 6, 1) {ends} ELSE '12-31' END)"
    return member_settled(f"{row}.member_id", quarter)


def status_on(row: str, on: str) -> str:
    """What a member was on a day, as `members.querysets.status_on` says it."""
    joined, converted = day(f"{row}.joined_on"), day(f"{row}.converted_on")
    return f"""CASE WHEN {joined} > {on} THEN 'activist' WHEN {converted} > {on} THEN 'probationary'
        WHEN {converted} <= {on} THEN 'full' WHEN {row}.status = 'activist' AND {joined} <= {on} THEN 'probationary'
        ELSE {row}.status END"""


# Other days of joining or conversion, by which the member was something else on a closed period's last day.
STATUS_MOVED = f"""{differs("joined_on", "converted_on")} AND {ANYTHING_CLOSED} AND EXISTS (
    SELECT 1 FROM {CLOSED_PLACES}
    JOIN members_membership m ON m.member_id = NEW.id
    JOIN members_organization place ON place.id = m.organization_id
    WHERE {within("place.path")} AND {in_force(day("c.ends_on"), "m")}
    AND ({status_on("OLD", day("c.ends_on"))}) <> ({status_on("NEW", day("c.ends_on"))}))"""


def activity_settled(row: str) -> str:
    """The day is closed for the activity's organisation, or for somebody who is on its attendance list."""
    on = day(f"{row}.date")
    listed = f"""{ANYTHING_CLOSED} AND EXISTS (
        SELECT 1 FROM members_attendance t WHERE t.activity_id = {row}.id AND {member_settled("t.member_id", on)})"""
    return f"{place_settled(f'{row}.organization_id', on)} OR {listed}"


# A closed period is taken back only where no branch of a closed round loses it: another row may have it too.
PERIOD_KEPT = f"""EXISTS (
    SELECT 1 FROM evaluations_round r JOIN evaluations_roundbranch b ON b.round_id = r.id
    JOIN members_organization place ON place.id = b.organization_id
    JOIN members_organization gone ON gone.id = OLD.organization_id
    WHERE r.status = 'closed' AND substr(place.path, 1, length(gone.path)) = gone.path
    AND NOT EXISTS (
        SELECT 1 FROM {CLOSED_PLACES} WHERE c.id <> OLD.id AND {within("place.path")}
        AND c.starts_on = OLD.starts_on AND c.ends_on = OLD.ends_on)
    AND r.period = substr({day("OLD.starts_on")}, 1, 4) || CASE
        WHEN substr({day("OLD.ends_on")}, 6, 2) = '06' THEN 'H1'
        WHEN substr({day("OLD.starts_on")}, 6, 2) = '07' THEN 'H2' ELSE '' END)"""
LAST_ANSWER = """(SELECT s.step FROM evaluations_roundstep s WHERE s.round_id = {round}
    AND s.step IN ('close', 'ask_reopen', 'decline_reopen', 'reopen') ORDER BY s.id DESC LIMIT 1)"""
LAST_ASKER = """(SELECT s.done_by_id FROM evaluations_roundstep s WHERE s.round_id = {round}
    AND s.step = 'ask_reopen' ORDER BY s.id DESC LIMIT 1)"""
ROUND_KEPT = f"""OLD.status = 'closed' AND
    (NEW.status <> 'computed' OR COALESCE({LAST_ANSWER.format(round="OLD.id")}, '') <> 'reopen')"""
REOPENED_ALONE = f"""NEW.step = 'reopen' AND (COALESCE({LAST_ANSWER.format(round="NEW.round_id")}, '') <> 'ask_reopen'
    OR NEW.done_by_id IS NULL OR COALESCE({LAST_ASKER.format(round="NEW.round_id")} = NEW.done_by_id, TRUE))"""


# Whoever writes a fact waits for a closing that is under way, and the closing for the writer: once a transaction.
# Who locks a round and then writes a fact takes them all at once, in this order (`services.course.lock_public`).
SHARED = ("published", "approved")
SHARE = f"""IF COALESCE(current_setting('freeze.shared', true), '') = '' THEN
        PERFORM 1 FROM evaluations_round WHERE status IN {SHARED} ORDER BY id FOR SHARE;
        PERFORM set_config('freeze.shared', 'yes', true);
    END IF;"""
# Whoever writes to an appraisal waits for its closing, which locks the groups and the appraisal itself.
EVENTS = ("INSERT", "UPDATE", "DELETE")
WAIT = "PERFORM 1 FROM {} WHERE id IN ({{}}) ORDER BY id FOR KEY SHARE;"
OF_GROUP = dict.fromkeys(EVENTS, WAIT.format("evaluations_appraisalgroup"))
OF_APPRAISAL = dict.fromkeys(EVENTS, WAIT.format("evaluations_appraisal"))
# A vote has its group's row locked, and must not wait for the appraisal's: the closing takes them the other way round.
OF_NEW_GROUP = OF_APPRAISAL | {"UPDATE": "", "DELETE": ""}


@dataclass(frozen=True)
class Rule:
    """One trigger: what is refused on a table, and with which sentence.

    first: SQL by which PostgreSQL waits for a closing that is under way; SQLite has one writer at a time.
    """

    table: str
    event: str
    when: str
    sentence: str
    first: str = ""
    label: str = ""

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.table}_{self.event.lower()}{self.label}"


def _whens(settled) -> list[tuple[str, str]]:
    """To add, to change and to remove rows for which `settled(row)` holds."""
    changed = f"({settled('OLD')}) OR ({settled('NEW')})"
    return [("INSERT", settled("NEW")), ("UPDATE", changed), ("DELETE", settled("OLD"))]


def _facts(table: str, settled) -> list[Rule]:
    """Rules that refuse to add, change and remove rows for which `settled(row)` holds."""
    return [Rule(table, event, when, FACTS, SHARE) for event, when in _whens(settled)]


def _ballots(table: str, over, column: str, wait: dict[str, str]) -> list[Rule]:
    """Rules for what belongs to an appraisal, by a column that leads to it: with its end nothing of it changes.

    They store nothing, so that no row says more of a ballot than it did.
    """
    rows = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}
    return [
        Rule(
            table, event, when, BALLOTS, SHARE + wait[event].format(", ".join(f"{row}.{column}" for row in rows[event]))
        )
        for event, when in _whens(lambda row: over(f"{row}.{column}"))
    ]


def _spans(table: str, settled_from, *columns: str) -> list[Rule]:
    """Rules for what holds between two days; it may still end, or go on, after a closed period."""

    def settled(row: str) -> str:
        return settled_from(row, day(f"{row}.starts_on"), False)

    return [
        Rule(table, "INSERT", settled("NEW"), FACTS, SHARE),
        Rule(table, "UPDATE", span_moved(settled_from, columns), FACTS, SHARE),
        Rule(table, "DELETE", settled("OLD"), FACTS, SHARE),
    ]


def _appended(table: str) -> list[Rule]:
    return [Rule(table, event, "TRUE", RECORD) for event in ("UPDATE", "DELETE")]


def _results(table: str) -> list[Rule]:
    changed = f"({round_closed('OLD.round_id')}) OR ({round_closed('NEW.round_id')})"
    whens = {"INSERT": round_closed("NEW.round_id"), "UPDATE": changed, "DELETE": round_closed("OLD.round_id")}
    return [Rule(table, event, when, RESULTS) for event, when in whens.items()]


ENTRY_CONTENT = (
    "member_id", "version_id", "item", "date", "quantity", "level", "points", "amount_yuan", "half", "award", "note",
    "reverses_id", "replaces_id", "declared_by_id", "declared_at",
)  # fmt: skip

RULES = [
    *_facts("members_attendance", attendance_settled),
    *_facts("members_activity", activity_settled),
    *_facts("members_duesmonth", lambda row: member_settled(f"{row}.member_id", day(f"{row}.month"))),
    *_facts("members_duespayment", payment_settled),
    *_facts("members_visitmonth", lambda row: member_settled(f"{row}.member_id", day(f"{row}.month"))),
    *_facts("members_migrantreport", report_settled),
    *_spans("members_membership", of_place, "organization_id"),
    *_spans("members_position", of_member, "organization_id", "title"),
    *_spans("members_exemption", of_member),
    Rule("scoring_entry", "INSERT", entry_settled("NEW"), FACTS, SHARE),
    Rule("scoring_entry", "UPDATE", f"{differs('status')} AND {entry_settled('NEW')}", FACTS, SHARE),
    *_facts("members_mobilitychange", lambda row: member_settled(f"{row}.member_id", day(f"{row}.starts_on"))),
    Rule("members_member", "UPDATE", STATUS_MOVED, FACTS, SHARE),
    Rule("scoring_entry", "UPDATE", differs(*ENTRY_CONTENT), RECORD, label="_content"),
    Rule("scoring_entry", "DELETE", "TRUE", RECORD),
    *_facts("evaluations_assessment", lambda row: judged_settled(f"{row}.member_id", row))[:1],
    Rule("evaluations_appraisal", "INSERT", appraisal_settled("NEW"), FACTS, SHARE),
    Rule("evaluations_appraisal", "UPDATE", f"{appraisal_over('OLD')} OR {appraisal_settled('NEW')}", BALLOTS, SHARE),
    Rule("evaluations_appraisal", "DELETE", appraisal_over("OLD"), BALLOTS, SHARE),
    *_ballots("evaluations_appraisalgroup", of_appraisal_over, "appraisal_id", OF_NEW_GROUP),
    *_ballots("evaluations_candidate", of_appraisal_over, "appraisal_id", OF_APPRAISAL),
    *_ballots("evaluations_voter", of_group_over, "group_id", OF_GROUP),
    *_ballots("evaluations_ballotcode", of_group_over, "group_id", OF_GROUP),
    *_ballots("evaluations_ballotcount", of_group_over, "group_id", OF_GROUP),
    *_ballots("evaluations_tally", of_group_over, "group_id", OF_GROUP),
    *_ballots("evaluations_tallyphoto", of_group_over, "group_id", OF_GROUP),
    *_results("evaluations_result"),
    *_results("evaluations_roundbranch"),
    Rule("evaluations_round", "UPDATE", ROUND_KEPT, RESULTS),
    Rule("evaluations_round", "DELETE", "OLD.status = 'closed'", RESULTS),
    Rule("evaluations_roundstep", "INSERT", REOPENED_ALONE, SECOND_PERSON),
    Rule("members_closedperiod", "UPDATE", "TRUE", RESULTS),
    Rule("members_closedperiod", "DELETE", PERIOD_KEPT, RESULTS),
    *_appended("members_factchange"),
    *_appended("members_minutes"),
    *_appended("members_minutesfile"),
    *_appended("scoring_decision"),
    *_appended("scoring_evidence"),
    *_appended("scoring_firstcheck"),
    *_appended("scoring_question"),
    *_appended("scoring_answer"),
    *_appended("evaluations_assessment"),
    *_appended("evaluations_roundstep"),
    *_appended("evaluations_publication"),
    *_appended("evaluations_meetingrule"),
    *_appended("evaluations_appealstep"),
    *_appended("evaluations_appealfile"),
    *_appended("evaluations_monthconfirmation"),
    *_appended("evaluations_quartersheet"),
]
