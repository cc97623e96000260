from celery import shared_task

from members.services import carry_states


@shared_task
def carry_states_over() -> int:
    """The roster shows what is so today: conversions and moves entered ahead take effect on their day."""
    return carry_states()
