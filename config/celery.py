"""The Celery application and what it does by the clock."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    # On the half-year's last day, and every day after it; through the day, so that a PC that is off at times catches up.
    "open-due-rounds": {"task": "evaluations.tasks.open_due_rounds", "schedule": crontab(hour="7-23", minute=35)},
    # These two after midnight too.
    "measure-clock": {"task": "evaluations.tasks.run_measure_clock", "schedule": crontab(minute=20)},
    "carry-states-over": {"task": "members.tasks.carry_states_over", "schedule": crontab(minute=5)},
    "resume-rounds": {"task": "evaluations.tasks.resume_rounds", "schedule": 60.0},
    "resume-trials": {"task": "evaluations.tasks.resume_trials", "schedule": 120.0},
}


@worker_init.connect
def check_start(**kwargs) -> None:
    """A worker starts only where closed rounds are kept from being changed."""
    from config.start import require_safe_start

    require_safe_start()
