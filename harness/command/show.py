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
    from harness.report.terminal import write
    from harness.rescore import reopen
    from harness.run_folder import find_runs
    from harness.show import show

    folders = [folder for path in asked.runs for folder in find_runs(path)]
    for number, folder in enumerate(dict.fromkeys(folders)):
        write([*([""] if number else []), *show(reopen(folder), doc=asked.doc, errors=asked.errors)])
    return 0
