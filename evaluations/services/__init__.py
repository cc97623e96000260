"""Writes of rounds and of what people judge; each says who with `actor=` where it matters."""

from .appraisals import Electorate, close_appraisal, extend_voting, open_appraisal, reconcile, set_up_appraisal
from .assessments import record_assessments
from .ballots import group_of_code, make_codes, vote_as_member, vote_by_code
from .course import (
    answer_reopening,
    approve_round,
    ask_to_reopen,
    close_round,
    publish_round,
    reopen_for_correction,
    review_branch,
    undecided_appeals,
)
from .departures import check_removal, readmit_member, remove_member
from .measures import (
    Done,
    accept_measure,
    check_step,
    complete_step,
    dismiss_measure,
    run_clock,
)
from .months import ask_of_month, confirm_month, object_to_sheet, publish_quarter, settle_question
from .proposals import propose_measures
from .resolutions import check_resolution, purposes_of, record_resolution, set_rule
from .rounds import (
    batches,
    changed_since,
    mark_failed,
    open_due_rounds,
    open_round,
    queue_waiting,
    request_computation,
    resume_rounds,
)
from .tallies import Mark, attach_photo, discard_tally, enter_tally, mark_roster
from .transfers import undo_transfer

__all__ = [
    "Done",
    "Electorate",
    "Mark",
    "accept_measure",
    "answer_reopening",
    "approve_round",
    "ask_of_month",
    "ask_to_reopen",
    "attach_photo",
    "batches",
    "changed_since",
    "check_removal",
    "check_resolution",
    "check_step",
    "close_appraisal",
    "close_round",
    "complete_step",
    "confirm_month",
    "discard_tally",
    "dismiss_measure",
    "enter_tally",
    "extend_voting",
    "group_of_code",
    "make_codes",
    "mark_failed",
    "mark_roster",
    "object_to_sheet",
    "open_appraisal",
    "open_due_rounds",
    "open_round",
    "propose_measures",
    "publish_quarter",
    "publish_round",
    "purposes_of",
    "queue_waiting",
    "readmit_member",
    "reconcile",
    "record_assessments",
    "record_resolution",
    "remove_member",
    "reopen_for_correction",
    "request_computation",
    "resume_rounds",
    "review_branch",
    "run_clock",
    "set_rule",
    "set_up_appraisal",
    "settle_question",
    "undecided_appeals",
    "undo_transfer",
    "vote_as_member",
    "vote_by_code",
]
