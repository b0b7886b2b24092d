"""`python -m harness gold correlate`: metrics against human ratings."""

from pathlib import Path

from harness.command.output import FORMATS, print_grid
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    from harness.records import TASKS

    parser = Parser(
        "gold correlate",
        "Holds metrics to human ratings of what several systems gave for the same documents: Pearson, Spearman and\n"
        "Kendall between systems, within documents, over all pairs, and over all pairs with the systems' means taken\n"
        "off; AUC where ratings are 0 and 1. Intervals resample systems and documents.",
        'a rating is one line {"doc": "d1", "model": "lead", "rating": 3.5}, optionally with "criterion" and\n'
        '"annotator"; a score made elsewhere is {"doc": "d1", "system": "lead", "metric": "m", "value": 0.5}.\n\n'
        "examples:\n  python -m harness gold correlate results/mine --task summarization --ratings ratings.jsonl\n"
        "  python -m harness gold correlate --scores scores.csv --ratings ratings.jsonl --format csv",
    )
    parser.add_argument("runs", metavar="RUN", nargs="*", type=Path, help="a run folder, or any folder above several")
    parser.add_argument("--ratings", metavar="FILE", required=True, type=Path, help="JSON Lines, or .csv")
    parser.add_argument("--scores", metavar="FILE", type=Path, help="scores made elsewhere: JSON Lines, or .csv")
    parser.add_argument(
        "--metric", metavar="M", nargs="+", action="extend", default=[], help="scores of the runs, as for `compare`"
    )
    parser.add_argument("--criterion", metavar="C", nargs="+", action="extend", default=[], help="all if not given")
    parser.add_argument("--task", choices=TASKS, help="which of the runs, where they are of several tasks")
    parser.add_argument(
        "--level", choices=("system", "summary", "pooled", "partial"), nargs="+", action="extend", default=[],
        help="all if not given",
    )  # fmt: skip
    parser.add_argument(
        "--resample", choices=("both", "inputs", "systems", "none"), default="both", help="for intervals (both)"
    )
    parser.add_argument("--resamples", metavar="N", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--rng-seed", metavar="N", type=int, default=0, help="of the resamples (0)")
    parser.add_argument("--incomplete", action="store_true", help="leave out pairs without a rating or a score")
    parser.add_argument("--rated-only", action="store_true", help="systems' means over rated documents alone")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    asked = parser.parse(arguments)
    if not asked.runs and not asked.scores:
        parser.error("needs a RUN or --scores FILE")
    if asked.resamples < 100 or asked.rng_seed < 0:
        parser.error("--resamples must be at least 100, and --rng-seed 0 or more")
    from harness import meta_evaluation, system_scores

    found = []
    if asked.runs:
        found.append(system_scores.scores_of_runs(asked.runs, asked.metric, asked.task))
    if asked.scores:
        found.append(system_scores.scores_of_file(asked.scores, () if asked.runs else asked.metric))
    scores = found[0] if len(found) == 1 else system_scores.joined(*found)
    ratings = system_scores.read_ratings(asked.ratings, scores, asked.criterion)
    findings = meta_evaluation.meta_evaluate(
        scores,
        ratings,
        levels=tuple(dict.fromkeys(asked.level)) or meta_evaluation.LEVELS,
        resampled=asked.resample,
        resamples=asked.resamples,
        rng_seed=asked.rng_seed,
        incomplete=asked.incomplete,
        rated_only=asked.rated_only,
    )
    print_grid(meta_evaluation.grid(findings, scores, ratings), asked.format, meta_evaluation.SCHEMA)
    return 0
