"""A verdict as a table, for terminal, Markdown, CSV and JSON."""

from harness.gate.verdict import LOOKING_AGAIN, Finding, Verdict
from harness.report.grid import Grid
from harness.report.shown import counted

SCHEMA = "harness.gate/1"
_HEADINGS = ("verdict", "run", "check", "baseline", "run's", "difference", "bounds", "allowed", "n")
# Answers that changed, and how many of them each listing names.
_MOST_DETAILS = 10


def grid(verdict: Verdict) -> Grid:
    """The findings, worst first; what did not pass is explained below them."""
    findings = verdict.sorted
    return Grid(
        title=verdict.headline,
        headings=_HEADINGS,
        rows=[row(finding) for finding in findings],
        records=[_record(verdict, finding) for finding in findings],
        right=(3, 4, 5, 6, 7, 8),
        notes=[*explained(verdict), *general(verdict)],
        more={"gate": verdict.gate, "alpha": verdict.alpha, "outcome": verdict.outcome, "exit_code": verdict.exit_code},
    )


def row(finding: Finding) -> tuple[str, ...]:
    """A finding as shown."""
    return (
        finding.outcome,
        finding.place,
        finding.title,
        finding.baseline,
        finding.run,
        finding.difference,
        finding.bounds,
        finding.allowed,
        finding.n,
    )


def explained(verdict: Verdict) -> list[str]:
    """Why each check that did not pass did not."""
    lines = []
    for finding in verdict.sorted:
        if finding.outcome == "pass":
            continue
        lines.append(finding.text)
        lines += finding.details[:_MOST_DETAILS]
        more = len(finding.details) - _MOST_DETAILS
        lines += [f"and {more:,} more; `python -m harness show RUN` has the answers"] if more > 0 else []
    return lines


def general(verdict: Verdict) -> list[str]:
    """How to read the table."""
    notes = []
    scores = [finding for finding in verdict.findings if finding.record.get("ground")]
    if scores:
        notes.append("scores that are fractions × 100; difference: run - baseline, on the same documents")
    tested = sorted({f"{one.record['fail_level']:.2%}" for one in scores if one.record["ground"] == "bounds"})
    if tested:
        notes.append(
            f"bounds: one-sided; failing needs the bound at {' or '.join(tested)} (Holm over "
            f"{counted(verdict.scores, 'score')}), passing the one at {1 - verdict.alpha:.2%}"
        )
    if any(one.outcome == "inconclusive" for one in scores):
        notes.append(LOOKING_AGAIN)
    return notes


def _record(verdict: Verdict, finding: Finding) -> dict[str, object]:
    return {
        "gate": verdict.gate,
        **finding.names._asdict(),
        "check": finding.check,
        "outcome": finding.outcome,
        **finding.record,
        "reason": finding.reason,
        "changed_answers": list(finding.details),
    }
