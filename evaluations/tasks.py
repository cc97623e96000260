"""Jobs of rounds: they take ids, load, and call a service."""

import datetime
import logging

from celery import shared_task
from django.utils import timezone

from evaluations import rollup, services, trials

logger = logging.getLogger(__name__)


@shared_task(acks_late=True)
def compute_branches(round_id: int, branch_ids: list[int]) -> None:
    """Compute these branches of a round."""
    try:
        rollup.compute_branches(round_id, branch_ids)
    except rollup.RoundSettledError:
        logger.info("round %s was settled before its branches %s were computed", round_id, branch_ids)
    except Exception:
        logger.exception("round %s: branches %s were not computed", round_id, branch_ids)
        services.mark_failed(round_id, branch_ids)


@shared_task
def open_due_rounds() -> None:
    """Open the half-year's round of every street whose last day has come."""
    services.open_due_rounds(timezone.localdate())


@shared_task
def resume_rounds() -> None:
    """Queue again what was left lying by a worker or a queue that died."""
    services.resume_rounds(timezone.now() - datetime.timedelta(seconds=60))


@shared_task
def resume_trials() -> None:
    """Queue again the trials that were left lying so."""
    trials.resume(timezone.now() - datetime.timedelta(seconds=120))


@shared_task
def run_measure_clock() -> None:
    """Pass the terms of measures that have run out, and remind of steps that are due."""
    services.run_clock(timezone.localdate())


@shared_task(acks_late=True)
def run_trial(trial_id: int) -> None:
    """Compute a trial and store who would change."""
    trials.run(trial_id)
