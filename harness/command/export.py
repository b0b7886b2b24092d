"""`python -m harness export`: stored scores in the forms that other tools read."""

from pathlib import Path

from harness.command.output import print_left_out, print_text
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "export",
        "Stored scores in the forms that other tools read. Texts stay here unless --with-texts is given, and nothing\n"
        "leaves the machine unless a tracker's own environment variable names where to.",
        "targets:\n"
        "  eee          Every Eval Ever, one JSON file per run            --out DIR\n"
        "  model-index  metadata of a Hugging Face model card, one model  --out README.md\n"
        "  mlflow       SQLite, or MLFLOW_TRACKING_URI                    --out DIR\n"
        "  wandb        offline, or WANDB_MODE                            --out DIR\n"
        "  trackio      SQLite, or TRACKIO_SPACE_ID, TRACKIO_SERVER_URL   --out DIR\n"
        "  parquet      a row per example: gold beside the prediction     --out FILE",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    parser.add_argument("--to", metavar="TARGET", required=True, help="see below")
    parser.add_argument("--out", metavar="PATH", type=Path, help="the file or folder to write")
    parser.add_argument(
        "--metric",
        metavar="M",
        nargs="+",
        action="extend",
        default=[],
        help="these scores alone, named as for `python -m harness compare`",
    )
    parser.add_argument("--with-texts", action="store_true", help="parquet: texts of documents and answers as well")
    parser.add_argument("--project", metavar="NAME", default="harness", help="mlflow, wandb, trackio (harness)")
    parser.add_argument("--organization", metavar="NAME", default="not stated", help="eee: who evaluated")
    asked = parser.parse(arguments)
    from harness.comparison.stored import read_stored
    from harness.export.base import Options, export_to
    from harness.report.text import visible

    export = export_to(asked.to)
    if asked.with_texts and asked.to != "parquet":
        parser.error(f"--with-texts: {asked.to} has scores and no texts")
    if not asked.project.strip() or not asked.organization.strip():
        parser.error("--project and --organization: expected a name")
    stored = read_stored(asked.runs)
    code = print_left_out(stored)
    if not stored.runs:
        parser.error("no run there has scores")
    options = Options(tuple(asked.metric), asked.with_texts, asked.project, asked.organization)
    print_text(visible(export(stored.runs, asked.out, options)) + "\n")
    return code
