"""`python -m harness report`: runs as one HTML file."""

import sys
from pathlib import Path

from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "report",
        "Runs as one HTML file that needs neither a network nor a server: scores with intervals, differences, losses,\n"
        "scores by label, confusion, calibration, speed, and the documents themselves. No score is computed anew.",
        "examples:\n  python -m harness report results/seed --out report.html\n"
        "  python -m harness report results/mine --baseline results/mine/ner/lead --out report.html --no-text",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the file to write, *.html")
    parser.add_argument(
        "--baseline", metavar="RUN", type=Path, help="the run (or a folder above one per task) that others differ from"
    )
    parser.add_argument("--no-text", action="store_true", help="leave every text of the documents out; ids stay")
    asked = parser.parse(arguments)
    from harness.report.html.write import write_report

    written = write_report(asked.runs, asked.out, baseline=asked.baseline, text=not asked.no_text)
    print(written.said, file=sys.stderr)
    return 1 if written.broken else 0
