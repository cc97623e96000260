"""A street's round of 5,000 members, from the request to the written results, and a stricter draft tried on it."""

import cProfile
import pstats
import resource
import statistics
import time

from bench import peers, street
from evaluations import rollup, services
from evaluations.facts import members_of
from evaluations.trials import start_trial
from members.models import Organization
from scoring.engine import Period

SIZE = (10, 5, 100)  # communities, branches of each, members of each branch
TARGETS = {"SQLite": 5.0, "PostgreSQL": 3.0}  # seconds, on two cores
TRIAL_TARGET = 5.0  # seconds for 2,000 members; 5,000 are tried
TURNS = 3


def measure(database: str, profile: bool) -> None:
    started = time.perf_counter()
    round_ = street.build(*SIZE)
    built = time.perf_counter() - started
    counts = street.facts()
    print(f"\n{database}: {sum(counts.values()):,} facts of {round_results(round_):,} members, built in {built:.1f} s")
    print("  " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    peers.refresh_statistics()

    first, again, shares = [], [], []
    for _ in range(TURNS):
        round_.results.all().delete()
        seconds, parts = timed_round(round_)
        first.append(seconds)
        shares.append(parts)
        again.append(timed_round(round_)[0])
    seconds = statistics.median(first)
    verdict = "within" if seconds <= TARGETS[database] else "OVER"
    print(f"  round, results new        {seconds:6.2f} s   ({verdict} {TARGETS[database]:g} s)")
    for name in shares[0]:
        print(f"    {name:<24}{statistics.median(share[name] for share in shares):6.2f} s")
    print(f"  round, results replaced   {statistics.median(again):6.2f} s")

    reading = statistics.median(peers.read_facts() for _ in range(TURNS))
    writing = statistics.median(peers.write_results(round_) for _ in range(TURNS))
    print(f"  peer: bare SELECT of the facts        {reading:5.2f} s")
    print(f"  peer: bulk_create of as many results  {writing:5.2f} s")
    print(f"  round / peers                         {seconds / (reading + writing):5.2f}")
    measure_trial(round_, reading + peers.read_results(round_))
    print(f"  most memory at any time               {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:5d} MB")
    if profile:
        show_profile(round_)


def measure_trial(round_, peer: float) -> None:
    """Print how long a stricter draft takes to be tried on the round, beside reading the same facts and results."""
    draft, actor = street.stricter()
    spent = []
    for _ in range(TURNS):
        started = time.perf_counter()
        trial = start_trial(round_, draft, {}, actor=actor)
        spent.append(time.perf_counter() - started)
    trial.refresh_from_db()
    if not trial.outcome["changes"]:
        raise RuntimeError("the trial changed nobody")
    seconds = statistics.median(spent)
    verdict = "within" if seconds <= TRIAL_TARGET else "OVER"
    changes = len(trial.outcome["changes"])
    print(f"  trial, {changes:,} would change  {seconds:6.2f} s   ({verdict} {TRIAL_TARGET:g} s)")
    print(f"  peer: bare SELECT of facts and results {peer:4.2f} s")
    print(f"  trial / peer                          {seconds / peer:5.2f}")


def round_results(round_) -> int:
    branches = Organization.objects.under(round_.organization).branches()
    return members_of(branches, Period.parse(round_.period)).count()


def timed_round(round_) -> tuple[float, dict[str, float]]:
    """Seconds from the request to the written results, and of its parts."""
    parts = {"gather": "gather facts", "score": "score", "results_rows": "results as rows", "_write": "write results"}
    spent = dict.fromkeys(parts.values(), 0.0)
    originals = {name: getattr(rollup, name) for name in parts}

    def clocked(name):
        def call(*arguments, **named):
            started = time.perf_counter()
            try:
                return originals[name](*arguments, **named)
            finally:
                spent[parts[name]] += time.perf_counter() - started

        return call

    for name in parts:
        setattr(rollup, name, clocked(name))
    try:
        started = time.perf_counter()
        services.request_computation(round_)
        seconds = time.perf_counter() - started
    finally:
        for name, original in originals.items():
            setattr(rollup, name, original)
    round_.refresh_from_db()
    if round_.status != "computed":
        raise RuntimeError("the round was not computed")
    spent["everything else"] = seconds - sum(spent.values())
    return seconds, spent


def show_profile(round_) -> None:
    profiler = cProfile.Profile()
    round_.results.all().delete()
    profiler.runcall(services.request_computation, round_)
    statistics_ = pstats.Stats(profiler).strip_dirs()
    statistics_.sort_stats("cumulative").print_stats(45)
    statistics_.sort_stats("tottime").print_stats(20)
