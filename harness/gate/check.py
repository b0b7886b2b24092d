"""Runs checked against their baselines by a gate.

verdict = check(["results/mine"], baseline="baseline/mine", gate=load_gate("default"))
assert verdict.exit_code == 0, verdict.text
"""

from collections.abc import Sequence
from pathlib import Path

from harness.gate.answers import changes
from harness.gate.gates import Gate, load_gate
from harness.gate.limits import answer_finding, error_limit_findings, ledger_findings, speed_findings
from harness.gate.runs import names_of, pair_runs
from harness.gate.scores import score_findings
from harness.gate.verdict import Finding, Verdict, shown_name


def check(runs: Sequence[str | Path], *, baseline: str | Path, gate: Gate | None = None) -> Verdict:
    """Checks runs against a baseline; nothing is scored anew, and no model is loaded.

    Args:
        runs: Run folders, or folders above several.
        baseline: Likewise; runs are paired by data, task and model.
        gate: What is checked; None for `conf/gate/default.yaml`.

    Raises:
        HarnessError: A run cannot be read or compared, or the gate asks for a score that no run has.
    """
    gate = gate or load_gate("default")
    paired = pair_runs([Path(run) for run in runs], Path(baseline))
    answers = [changes(pair.run.folder, pair.baseline.folder) for pair in paired.pairs]
    scores = score_findings(paired.pairs, gate, [not found.changed for found in answers])
    findings: list[Finding] = []
    for pair, changed, of_scores in zip(paired.pairs, answers, scores, strict=True):
        findings += error_limit_findings(pair)
        findings += of_scores
        findings += [answer_finding(pair, changed)] if gate.predictions == "unchanged" else []
        findings += ledger_findings(pair, gate)
        findings += speed_findings(pair, gate)
    findings += [
        Finding(
            names=names_of(run),
            check="run",
            outcome="fail",
            reason=f"missing: the baseline has it ({shown_name(run.folder)}), and what is checked has not",
        )
        for run in paired.missing
    ]
    findings += [
        Finding(
            names=names_of(run),
            check="run",
            outcome="stated",
            reason="new: the baseline has no such run, so there is nothing to check it against",
        )
        for run in paired.new
    ]
    return Verdict(gate=gate.name, alpha=gate.alpha, findings=tuple(findings), scores=sum(map(len, scores)))
