"""Many at once: threads with connections of their own, on PostgreSQL or on SQLite in a file (`shared_database`)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.core.exceptions import ValidationError
from django.db import connections


def at_once(*jobs) -> list:
    """What each job gives back, or the sentences that it was refused with; all begin together."""
    gate = Barrier(len(jobs))

    def run(job):
        gate.wait()
        try:
            return job()
        except ValidationError as error:
            return " ".join(error.messages)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
