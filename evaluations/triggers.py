"""The rules of `freeze` in the database, as triggers.

They are taken off before migrations (SQLite cannot rebuild a table that one of them reads) and put back after them.
"""

from django.db import connection, transaction

from evaluations.freeze import PREFIX, RULES, Rule


def body_of(rule: Rule) -> str:
    """What a rule is in this database: the whole trigger on SQLite, its function's body on PostgreSQL."""
    if connection.vendor == "sqlite":
        when = rule.when.replace("IS DISTINCT FROM", "IS NOT")
        return (
            f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW WHEN {when}\n"
            f"BEGIN SELECT RAISE(ABORT, '{rule.sentence}'); END"
        )
    return f"""BEGIN
    {rule.first}
    IF {rule.when} THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{rule.sentence}';
    END IF;
    RETURN {"OLD" if rule.event == "DELETE" else "NEW"};
END"""


def installed() -> dict[str, tuple[str, str]]:
    """Table and body of the triggers that are in the database, by name; those switched off are left out."""
    if connection.vendor == "sqlite":
        sql = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
    else:
        sql = """SELECT t.tgname, c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND pg_table_is_visible(c.oid) AND t.tgname LIKE %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [f"{PREFIX}%"])
        return {name: (table, body) for name, table, body in cursor.fetchall()}


def missing() -> list[Rule]:
    """Rules that the database does not keep, or keeps otherwise than this release has them."""
    there = installed()
    return [rule for rule in RULES if there.get(rule.name) != (rule.table, body_of(rule))]


def install(**kwargs) -> None:
    """Bring the triggers up to this release; nothing while its tables are not all there."""
    if not {rule.table for rule in RULES} <= set(connection.introspection.table_names()):
        return
    there, wanted = installed(), {rule.name for rule in RULES}
    with transaction.atomic(), connection.cursor() as cursor:
        for name, (table, _) in there.items():
            if name not in wanted:
                _drop(cursor, name, table)
        for rule in missing():
            if rule.name in there or connection.vendor != "sqlite":
                _drop(cursor, rule.name, rule.table)
            _create(cursor, rule)


def remove(**kwargs) -> None:
    """Take the triggers off, before tables change; `plan` is empty where none will."""
    if not kwargs.get("plan", True):
        return
    connection.check_constraints()  # PostgreSQL takes no trigger off while a check is put off to the end
    with transaction.atomic(), connection.cursor() as cursor:
        for name, (table, _) in installed().items():
            _drop(cursor, name, table)


def _drop(cursor, name: str, table: str) -> None:
    on_table = "" if connection.vendor == "sqlite" else f" ON {table}"
    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def _create(cursor, rule: Rule) -> None:
    if connection.vendor == "sqlite":
        cursor.execute(body_of(rule))
        return
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $freeze${body_of(rule)}$freeze$"
    )
    cursor.execute(
        f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
    )
