"""The file of kinds: every consequence of every shipped scheme is in it, and what is wrong with it is listed."""

from pathlib import Path

import pytest

from evaluations.measure_kinds import FILE, OTHER, measure_kinds, read_kinds
from scoring.engine import SchemeError, load_scheme

SCHEMES = [load_scheme(path.parent) for path in sorted(Path("scoring/schemes").glob("*/definition.yaml"))]


def codes_of(scheme):
    """Every consequence that the scheme may propose, in the half-year and in the year."""
    outcomes = [scheme.outcome, *([scheme.year.outcome] if scheme.year else [])]
    return {code for outcome in outcomes for code in outcome.titles}


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.code)
def test_every_consequence_leads_to_a_kind(scheme):
    mapped = {code for place, code in measure_kinds().consequences if place == scheme.code}
    assert mapped == codes_of(scheme)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.code)
def test_every_alert_leads_to_a_kind(scheme):
    assert {measure_kinds().of(scheme.code, alert.code).code for alert in scheme.alerts} == {"verify"}


def test_all_kinds_of_the_schemes_are_there():
    assert set(measure_kinds().kinds) == {
        "criticism",
        "self_criticism",
        "assembly_verdict",
        "rectification",
        "transfer_education",
        "return_from_education",
        "delay_conversion",
        "cancel_probationary",
        "admonition_talk",
        "admonition_term",
        "yellow_card",
        "persuade_withdrawal",
        "expulsion",
        "party_rules",
        "interview",
        "commend",
        "five_leads",
        "verify",
        OTHER,
    }


def test_only_honours_and_verification_are_read_more_widely():
    assert measure_kinds().codes(sensitive=False) == ["commend", "five_leads", "verify"]


@pytest.mark.parametrize("kind", ["persuade_withdrawal", "expulsion"])
def test_departure_takes_the_meeting_and_the_committee_above(kind):
    steps = measure_kinds().kinds[kind].steps
    assert [step.kind for step in steps][:3] == ["hear", "meeting", "approval"]
    assert steps[2].role == "street_staff"


def test_rectification_takes_half_a_year():
    terms = [step.months for step in measure_kinds().kinds["rectification"].steps if step.kind == "term"]
    assert terms == [6]


def test_steps_of_one_scheme_only():
    kind = measure_kinds().kinds["persuade_withdrawal"]
    filed = "报县委组织部备案"
    assert filed in [step.title for step in kind.steps_under("town-layered")]
    assert filed not in [step.title for step in kind.steps_under("community-half-year")]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("months: 6}", "months: 13}", "measures.yaml:59: 期限最长 12 个月,现在是 13 个月。"),
        ("kind: term, title: 改正期", "kind: pause, title: 改正期", "「kind」没有「pause」这个值"),
        ("opens: expulsion", "opens: exile", "「opens」没有「exile」这个值"),
        ("office: general_branch", "office: king", "「office」没有「king」这个值"),
        ("    title: 书面检查\n", "", "措施「self_criticism」缺少「title」,请补上。"),
        ("notice: criticism", "notice: letter", "「notice」没有「letter」这个值"),
        ("purpose: expulsion", "purpose: picnic", "「purpose」没有「picnic」这个值"),
        ("title: 谈话, role: street_staff, days: 30", "title: 谈话, role: street_staff", "步骤缺少「days」,请补上。"),
        ("to: education", "to: anywhere", "「to」没有「anywhere」这个值"),
        ("    criticism: criticism", "    criticism: nothing", "「criticism」没有「nothing」这个值"),
        ("  six_months_life: verify\n", "", "「six_months_life」不对。"),
        ("    office: branch_secretary\n", "    office: branch_secretary\n    colour: red\n", "没有「colour」这个键"),
        ("  other:\n", "  others:\n", "「kinds」缺少「other」"),
    ],
)
def test_fault_is_named_with_its_line(old, new, fault):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(SchemeError) as error:
        read_kinds(text.replace(old, new, 1))
    assert fault in str(error.value)


def test_departure_without_the_committee_above_is_a_fault():
    text = FILE.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line == "  expulsion:\n")
    approval = next(number for number, line in enumerate(lines) if number > start and "kind: approval" in line)
    with pytest.raises(SchemeError, match="措施「expulsion」要先听取本人意见,再由党员大会表决,再报上级批准。"):
        read_kinds("".join(lines[:approval] + lines[approval + 1 :]))


@pytest.mark.parametrize("kind", ["persuade_withdrawal", "expulsion", "cancel_probationary"])
def test_departure_ends_with_the_roster(kind):
    last = measure_kinds().kinds[kind].steps[-1]
    assert (last.kind, last.role) == ("depart", "street_staff")


def test_departure_that_leaves_the_person_on_the_roster_is_a_fault():
    text = FILE.read_text(encoding="utf-8")
    with pytest.raises(SchemeError, match="措施「expulsion」的最后一步要是移出名册「depart」"):
        read_kinds(text.replace("      - {kind: depart, title: 除名后移出名册, role: street_staff, days: 7}\n", ""))


def test_all_faults_are_listed_at_once():
    text = FILE.read_text(encoding="utf-8").replace("months: 6", "months: 13").replace("to: origin", "to: home")
    with pytest.raises(SchemeError) as error:
        read_kinds(text)
    assert len(error.value.faults) == 4


@pytest.mark.parametrize("text", ["", "a: 1\n---\nb: 2\n", "kinds: [", "just words"])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(SchemeError):
        read_kinds(text)
