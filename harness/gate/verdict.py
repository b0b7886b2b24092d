"""What a gate found: one verdict, from which every text, every file and the exit code are made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from harness.report.shown import counted
from harness.report.text import visible

# `stated`: told, and no part of the verdict.
Outcome = Literal["pass", "fail", "inconclusive", "stated"]
_EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
_WORDS = {"pass": "PASSED", "fail": "FAILED", "inconclusive": "INCONCLUSIVE"}
# What is worse comes first.
ORDER: tuple[Outcome, ...] = ("fail", "inconclusive", "stated", "pass")
LOOKING_AGAIN = (
    "adding documents until a gate passes is a new test at every look, and errs more often than alpha says: decide on "
    "their number before, and look once"
)
_LONGEST_NAME = 120


class Names(NamedTuple):
    """Which run: `data.name`, the task and `model.name`."""

    data: str
    task: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found about one run.

    Args:
        names: Which run.
        check: The score, or what else was checked.
        outcome: What follows.
        reason: Why, in a sentence; no text of a document or an answer.
        baseline: The baseline's value as shown.
        run: The run's.
        difference: Run minus baseline.
        bounds: Of the difference.
        allowed: What the difference, or the value, may be.
        n: Number of units.
        details: Further lines, such as the answers that changed.
        record: The same unrounded, for JSON and CSV.
    """

    names: Names
    check: str
    outcome: Outcome
    reason: str
    baseline: str = ""
    run: str = ""
    difference: str = ""
    bounds: str = ""
    allowed: str = ""
    n: str = ""
    details: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Which run, safe to show."""
        return " · ".join(shown_name(part) for part in self.names)

    @property
    def title(self) -> str:
        """What was checked, safe to show."""
        return shown_name(self.check)

    @property
    def text(self) -> str:
        """The finding in a line."""
        return f"{self.outcome}: {self.place}: {self.title}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a gate says about some runs.

    Args:
        gate: The gate's name.
        alpha: Its level.
        findings: Of all its checks, run by run.
        scores: Number of scores that were gated together.
    """

    gate: str
    alpha: float
    findings: tuple[Finding, ...]
    scores: int = 0

    @property
    def outcome(self) -> Literal["pass", "fail", "inconclusive"]:
        """`fail` where any check fails, else `inconclusive` where any is, else `pass`."""
        found = {finding.outcome for finding in self.findings}
        return "fail" if "fail" in found else "inconclusive" if "inconclusive" in found else "pass"

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return _EXIT_CODES[self.outcome]

    @property
    def headline(self) -> str:
        """The verdict in a line."""
        numbers = {outcome: len(self.of(outcome)) for outcome in ORDER}
        checks = sum(numbers.values()) - numbers["stated"]
        parts = [f"{numbers[name]} {word}" for name, word in _COUNTED.items() if numbers[name]]
        return f"gate {shown_name(self.gate)}: {_WORDS[self.outcome]} ({counted(checks, 'check')}: {', '.join(parts)})"

    @property
    def text(self) -> str:
        """The headline, and each finding that did not pass."""
        return "\n".join([self.headline, *(finding.text for finding in self.sorted if finding.outcome != "pass")])

    @property
    def sorted(self) -> tuple[Finding, ...]:
        """The findings, worst first, and otherwise in their order."""
        return tuple(sorted(self.findings, key=lambda one: ORDER.index(one.outcome)))

    def of(self, outcome: Outcome) -> list[Finding]:
        """The findings with one outcome."""
        return [finding for finding in self.findings if finding.outcome == outcome]


_COUNTED: dict[Outcome, str] = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "stated": "stated"}


def shown_name(name: object, longest: int = _LONGEST_NAME) -> str:
    r"""A user's name on one line, cut where it is very long; nothing in it is a command to GitHub's runner.

    The runner takes `::` at the beginning of a line, and `##[` anywhere, for the beginning of a command.

    Example:
        >>> shown_name("a ::error::b ##[c]")
        'a :\\:error:\\:b #\\#[c]'
    """
    text = visible(name).replace("##[", "#\\#[")
    text = re.sub(r":(?=:)", ":\\\\", text)
    return text if len(text) <= longest else text[: longest - 3] + "..."
