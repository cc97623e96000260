"""A worker that dies of kill -9 in the middle of a computation: `python -m tests.evaluations.killed ROUND MOMENT`."""

import os
import signal
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

# The function before, or after, which it dies: the facts are computed; results are written; the round is marked; the
# proposals are made; everything is stored.
MOMENTS = {
    "computed": ("_write", "before"),
    "written": ("finish_round", "before"),
    "marked": ("propose_measures", "before"),
    "proposed": ("propose_measures", "after"),
    "stored": ("compute_branches", "after"),
}


def die(*args, **kwargs) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(round_id: int, moment: str) -> None:
    import django

    django.setup()
    from evaluations import rollup, tasks
    from evaluations.models import RoundBranch

    name, when = MOMENTS[moment]
    real = getattr(rollup, name)

    def last(*args, **kwargs):
        """Dies in the second batch, so that a part is done."""
        if when == "after":
            real(*args, **kwargs)
        die()

    ids = list(RoundBranch.objects.filter(round=round_id).order_by("organization__path").values_list("pk", flat=True))
    tasks.compute_branches(round_id, ids[:1])
    setattr(rollup, name, last)
    tasks.compute_branches(round_id, ids[1:])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
