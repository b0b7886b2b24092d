"""`python -m harness show`: gold beside predictions."""

from pathlib import Path

from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser("show", "Gold beside predictions, from stored runs; no model is loaded.")
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    parser.add_argument("--doc", metavar="ID", help="only this document")
    parser.add_argument("--errors", action="store_true", help="only what is not as the gold has it")
    asked = parser.parse(arguments)
    from harness.comparison.lines import run_labels
    from harness.report.terminal import write
    from harness.rescore import reopen
    from harness.run_folder import find_runs, read_run
    from harness.show import show

    folders = list(dict.fromkeys(folder for path in asked.runs for folder in find_runs(path)))
    labels = run_labels([read_run(folder) for folder in folders])
    for number, (folder, label) in enumerate(zip(folders, labels, strict=True)):
        shown = show(reopen(folder), model=label, doc=asked.doc, errors=asked.errors)
        write([*([""] if number else []), *shown])
    return 0
