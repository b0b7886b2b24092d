"""`python -m harness predict`: predictions without gold."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.parser import Parser

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "predict",
        "Predictions alone, for documents without gold, as records that model=predictions reads back.\n"
        "Takes what a run takes: data=local data.documents=DIR model=NAME [task=NAME] [key=value ...]",
        "Stance needs a targets.jsonl beside the documents. One configuration, not a sweep.",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where to; predictions/DATA/MODEL if not given")
    parser.add_argument("--config-dir", metavar="DIR", help="a folder with configurations of your own")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="configuration, as for a run")
    asked = parser.parse(arguments)
    from harness.predict_only import predict_only
    from harness.report.progress import make_progress

    more = ["--config-dir", asked.config_dir] if asked.config_dir else []
    # Every batch is in the journal before the next one is asked, so a signal may end this at any point.
    return predict_only([*more, *asked.overrides], asked.out, stop=lambda: None, progress=make_progress())
