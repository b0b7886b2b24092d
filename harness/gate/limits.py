"""What of a run besides its scores is held against its baseline: answers, losses, speed."""

from collections.abc import Mapping
from typing import Any

from harness.config import FailOnError, build_dataclass
from harness.evaluate import over_error_limit
from harness.gate.answers import Changes
from harness.gate.gates import Gate
from harness.gate.runs import Pair
from harness.gate.verdict import Finding, shown_name
from harness.report.shown import UNDEFINED
from harness.run_folder import StoredRun

_OF_SPANS = ("ungrounded", "unmapped", "misaligned")
# Sums of shares differ in their last digits.
_TIE = 1e-12


def failure_of(run: StoredRun) -> str | None:
    """Why a stored run counts as failed although it has scores, or None."""
    limit: FailOnError = build_dataclass(FailOnError, run.config.get("fail_on_error") or {}, "fail_on_error")
    return over_error_limit(run.scores["ledger"], limit, str(run.scores["task"]))


def error_limit_findings(pair: Pair) -> list[Finding]:
    """A finding where a run is over its own error limit; of a baseline it is but stated."""
    found = []
    of_run, of_baseline = failure_of(pair.run), failure_of(pair.baseline)
    if of_run:
        found.append(Finding(names=pair.names, check="error limit", outcome="fail", reason=of_run))
    if of_baseline:
        told = f"the baseline is over its own: {of_baseline}"
        found.append(Finding(names=pair.names, check="error limit", outcome="stated", reason=told))
    return found


def answer_finding(pair: Pair, found: Changes) -> Finding:
    """Whether every answer is as it was."""
    number = len(found.changed)
    return Finding(
        names=pair.names,
        check="answers",
        outcome="fail" if number else "pass",
        reason=(
            f"{number:,} of {found.examples:,} answers changed, and none may"
            if number
            else f"all {found.examples:,} answers are as in the baseline"
        ),
        difference=f"{number:,} changed",
        allowed="0 changed",
        n=str(found.examples),
        details=tuple(shown_name(line, 400) for line in found.changed),
        record={"changed": number, "n": found.examples, "unit": "example"},
    )


def ledger_findings(pair: Pair, gate: Gate) -> list[Finding]:
    """Whether no more was lost than the gate allows; shares are compared as they are, without a test."""
    found = []
    for name, limit in vars(gate.ledger).items():
        if limit is None:
            continue
        run, base = _share(pair.run.scores["ledger"], name), _share(pair.baseline.scores["ledger"], name)
        most = base if limit == "baseline" else float(limit)
        failed = run > most + _TIE
        whose = "the baseline's" if limit == "baseline" else "allowed"
        of = "predicted spans" if name in _OF_SPANS else "examples"
        found.append(
            Finding(
                names=pair.names,
                check=f"ledger: {name}",
                outcome="fail" if failed else "pass",
                reason=f"{_percent(run)} of the {of}, {'more than' if failed else 'at most'} {_percent(most)} {whose}",
                baseline=_percent(base),
                run=_percent(run),
                allowed=f"<= {_percent(most)}",
                record={"baseline": base, "run": run, "difference": run - base, "limit": most},
            )
        )
    return found


def _share(ledger: Mapping[str, Any], name: str) -> float:
    examples, spans = ledger["examples"], ledger["spans"]
    if name in _OF_SPANS:
        part, whole = spans[name], spans["total"]
    elif name == "lost":
        part, whole = examples["total"] - examples["scored"], examples["total"]
    else:
        part, whole = ledger["truncated"] if name == "truncated" else examples[name], examples["total"]
    return part / whole if whole else 0.0


def _percent(share: float) -> str:
    return f"{share:.2%}"


def speed_findings(pair: Pair, gate: Gate) -> list[Finding]:
    """Whether the run is not slower, or larger, than the gate allows; inconclusive where that cannot be said."""
    found = []
    for name, limit in vars(gate.speed).items():
        if limit is None:
            continue
        run, base = _measured(pair.run, name), _measured(pair.baseline, name)
        why_not = _not_comparable(pair, run, base)
        ratio = None if why_not or not run or not base else run / base
        failed = ratio is not None and ratio > limit
        reason = why_not or (
            f"{ratio or 0:.2f} times the baseline's, {'more than' if failed else 'at most'} {limit:g} times is allowed"
        )
        found.append(
            Finding(
                names=pair.names,
                check=f"speed: {name}",
                outcome="inconclusive" if ratio is None else "fail" if failed else "pass",
                reason=reason,
                baseline=_quantity(base),
                run=_quantity(run),
                difference=UNDEFINED if ratio is None else f"x {ratio:.2f}",
                allowed=f"<= x {limit:g}",
                record={"baseline": base, "run": run, "ratio": ratio, "limit": limit},
            )
        )
    return found


def _measured(run: StoredRun, name: str) -> float | None:
    if name == "peak_memory":
        value = run.run.get("peak_memory_bytes")
    else:
        rate = run.run.get("examples_per_second")
        value = 1 / rate if isinstance(rate, int | float) and rate > 0 else None
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _not_comparable(pair: Pair, run: float | None, base: float | None) -> str | None:
    for value, whose in ((run, "this run"), (base, "the baseline")):
        if value is None:
            return f"not measured in {whose}: nothing was asked there, or it was not kept"
    if pair.run.run.get("hardware") != pair.baseline.run.get("hardware"):
        return "made on other hardware than the baseline, so a ratio says nothing"
    return None


def _quantity(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3g}"
