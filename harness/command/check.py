"""`python -m harness check`: runs against a baseline, for CI: passed, failed or inconclusive."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import FORMATS, print_grid
from harness.command.parser import Parser
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.gate.verdict import Verdict


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "check",
        "Checks runs against a baseline, paired by data, task and model, from what is stored.\n\n"
        "A score fails where the upper bound of its paired difference (run - baseline) is below -tolerance, passes\n"
        "where the lower bound is at least -tolerance, and is inconclusive otherwise; docs/gate.md says how.\n\n"
        "Exit codes: 0 passed, 1 failed, 2 runs that cannot be compared (nothing is written), 3 inconclusive.",
        "examples:\n  python -m harness check results/mine --baseline baseline/mine\n"
        "  python -m harness check results/mine/ner/new --baseline results/mine/ner/old --tolerance 0.02\n"
        "  python -m harness check results --baseline results/baseline --gate unchanged --junit check.xml",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        type=Path,
        required=True,
        help="likewise; a run folder is the baseline of every run of its data and task, whatever the model",
    )
    parser.add_argument(
        "--gate",
        metavar="NAME|FILE",
        default="default",
        help="what is checked: a name in conf/gate (default, unchanged), or a file that ends in .yaml",
    )
    parser.add_argument(
        "--tolerance",
        metavar="[SCORE=]T",
        action="append",
        default=[],
        help="by how much scores, or one score of the gate, may be worse: 0.01 is one point of F1",
    )
    parser.add_argument("--config-dir", metavar="DIR", help="your own configurations: gates in DIR/gate/NAME.yaml")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    parser.add_argument(
        "--summary", metavar="FILE", type=Path, help="write Markdown; in GitHub Actions the step summary is added to"
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="table (default); csv, json are unrounded")
    asked = parser.parse(arguments)
    _refuse_targets(asked.junit, asked.summary)
    from harness.gate.check import check
    from harness.gate.gates import load_gate, with_tolerances

    gate = with_tolerances(load_gate(asked.gate, asked.config_dir), asked.tolerance)
    verdict = check(asked.runs, baseline=asked.baseline, gate=gate)
    try:
        _write(verdict, asked.junit, asked.summary)
    except OSError as error:
        raise UsageError(f"{error.filename or 'output'}: cannot be written ({error.strerror or error})") from None
    from harness.gate.listing import SCHEMA, grid

    print_grid(grid(verdict), asked.format, SCHEMA)
    sys.stdout.flush()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from harness.gate.annotations import annotations
        from harness.report.text import plain

        # The runner reads commands from both streams, and standard output may be a table that goes to a file.
        for line in annotations(verdict):
            print(plain(line, sys.stderr.encoding), file=sys.stderr)
    return verdict.exit_code


def _refuse_targets(junit: Path | None, summary: Path | None) -> None:
    for option, path in (("--junit", junit), ("--summary", summary)):
        if path is not None and path.is_dir():
            raise UsageError(f"{option} {path}: is a folder; name a file")
    if junit is not None and summary is not None and junit.resolve() == summary.resolve():
        raise UsageError(f"--junit and --summary both name {junit}; give two files")


def _write(verdict: "Verdict", junit: Path | None, summary: Path | None) -> None:
    """Writes what was asked for; each file is whole or not there."""
    from harness.files import atomic_writer, write_text

    if junit is not None:
        from harness.gate.junit import render_junit

        content = render_junit(verdict)
        with atomic_writer(junit) as stream:
            stream.write(content)
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    of_github = Path(named) if named else None
    if summary is None and of_github is None:
        return
    from harness.gate.summary import append_summary, render_summary

    if of_github is not None:
        append_summary(of_github, verdict)
    if summary is not None and (of_github is None or summary.resolve() != of_github.resolve()):
        write_text(summary, render_summary(verdict))
