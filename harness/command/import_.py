"""`python -m harness import`: scores of other tools beside one's own."""

from pathlib import Path

from harness.command.output import print_text
from harness.command.parser import Parser
from harness.records import TASKS


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "import",
        "Scores of lm-evaluation-harness (results_*.json) and Inspect (.eval, .json) as run folders:\n"
        "`python -m harness compare` shows them beside your own, apart and with the reason, and never ranks the two\n"
        "together.",
        "example:\n  python -m harness import results_1.json --task stance --data mine --as stance.accuracy=acc,none\n"
        "  python -m harness compare results/mine",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="result files; whose they are is found out")
    parser.add_argument("--task", choices=TASKS, required=True, help="the task that they are shown under")
    parser.add_argument("--data", metavar="NAME", help="the data that they are shown under (the tool's own task name)")
    parser.add_argument("--name", metavar="NAME", help="the model's name (the tool's own)")
    parser.add_argument(
        "--only", metavar="TASK", nargs="+", action="extend", default=[], help="tasks of the tool to take"
    )
    parser.add_argument(
        "--as",
        metavar="OURS=THEIRS",
        dest="names",
        nargs="+",
        action="extend",
        default=[],
        help="shows a score in one of our columns: stance.accuracy=acc,none; METRIC/AVERAGE names an average",
    )
    parser.add_argument(
        "--percent", metavar="THEIRS", nargs="+", action="extend", default=[], help="scores that are per cent there"
    )
    parser.add_argument("--results", metavar="DIR", type=Path, default=Path("results"), help="default: results")
    asked = parser.parse(arguments)
    names: dict[str, str] = {}
    for pair in asked.names:
        ours, equals, theirs = pair.partition("=")
        if not (ours.strip() and equals and theirs) or "@" in ours:
            parser.error(f"--as {pair}: expected OURS=THEIRS, for instance stance.accuracy=acc,none")
        if theirs in names:
            parser.error(f"--as: {theirs} stands twice")
        names[theirs] = ours
    for given in (asked.data, asked.name, *asked.names):
        # A byte of the command line that is no UTF-8 is a lone surrogate here, which no file can hold.
        if given is not None and (not given.strip() or given.encode("utf-8", "replace").decode("utf-8") != given):
            parser.error("--data, --name, --as: expected names in UTF-8 that are not blank")
    from harness.importing import Wanted, import_files
    from harness.report.text import visible

    wanted = Wanted(asked.task, asked.data, asked.name, tuple(asked.only), names, tuple(asked.percent))
    folders = import_files(asked.files, asked.results, wanted)
    print_text("".join(f"{visible(folder)}\n" for folder in folders))
    return 0
