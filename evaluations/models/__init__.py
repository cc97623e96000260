"""What people judge, and what the scheme makes of it: appraisals, assessments, rounds with their results, trials."""

from .appeals import Appeal, AppealFile, AppealStep
from .appraisals import Appraisal, AppraisalGroup, BallotCode, BallotCount, Candidate, Tally, TallyPhoto, Voter
from .assessments import Assessment
from .course import ASKING, COURSE, Publication, RoundStep, Step
from .measures import Measure, MeasureStep
from .months import MonthConfirmation, MonthQuestion, MonthReview, QuarterSheet
from .resolutions import MeetingKind, MeetingRule, Purpose, Resolution
from .rounds import FIGURES, Result, Round, RoundBranch, figures
from .trials import Trial

__all__ = [
    "ASKING",
    "COURSE",
    "FIGURES",
    "Appeal",
    "AppealFile",
    "AppealStep",
    "Appraisal",
    "AppraisalGroup",
    "Assessment",
    "BallotCode",
    "BallotCount",
    "Candidate",
    "Measure",
    "MeasureStep",
    "MeetingKind",
    "MeetingRule",
    "MonthConfirmation",
    "MonthQuestion",
    "MonthReview",
    "Publication",
    "Purpose",
    "QuarterSheet",
    "Resolution",
    "Result",
    "Round",
    "RoundBranch",
    "RoundStep",
    "Step",
    "Tally",
    "TallyPhoto",
    "Trial",
    "Voter",
    "figures",
]
