"""Background jobs inside the web process: one worker thread and the clock, for one PC without Redis.

There must be exactly one web process: the queue lives in its memory. What was queued when it died is
found in the database after the next start (`resume_rounds` and `resume_trials` of `evaluations.tasks`).
"""

import os
import threading

from celery.beat import EmbeddedService
from django.conf import settings

from config.celery import app


def start_embedded_worker() -> None:
    """Start the worker and the clock as daemon threads, if the settings ask for them."""
    if not settings.EMBEDDED_WORKER or os.environ.get("EMBEDDED_WORKER_STARTED"):
        return
    os.environ["EMBEDDED_WORKER_STARTED"] = "1"  # once a process, however often it is imported
    worker = app.WorkController(
        app=app,
        pool_cls="threads",
        concurrency=1,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    threading.Thread(target=worker.start, name="worker", daemon=True).start()
    clock = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    clock.daemon = True
    clock.start()
