"""`python -m harness score`: stored predictions scored again."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.parser import Parser
from harness.errors import RunError

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "score", "Scores stored predictions again, for instance after the gold was mended; no model is loaded."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    asked = parser.parse(arguments)
    from harness.evaluate import Outcome
    from harness.report.terminal import print_outcomes
    from harness.rescore import rescore
    from harness.run_folder import find_runs, is_complete

    folders = list(dict.fromkeys(folder for path in asked.runs for folder in find_runs(path)))
    outcomes = []
    for folder in folders:
        if len(folders) > 1 and not is_complete(folder):
            data, task, model = folder.resolve().parts[-3:]
            reason = "not a complete run; give its command again"
            outcomes.append(Outcome(data, task, model, "", "not scored", reason, 1))
            continue
        try:
            outcomes.append(rescore(folder))
        except RunError as error:
            if len(folders) == 1:
                raise
            data, task, model = folder.resolve().parts[-3:]
            outcomes.append(Outcome(data, task, model, "", "not scored", str(error), 1))
    print_outcomes(outcomes)
    return 1 if any(outcome.exit_code for outcome in outcomes) else 0
