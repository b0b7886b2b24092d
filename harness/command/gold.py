"""`python -m harness gold`: starting, checking and holding up annotations."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import FORMATS, print_grid, print_text
from harness.command.parser import Parser
from harness.config import nearest
from harness.errors import UsageError

if TYPE_CHECKING:
    pass


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    steps = {
        "init": _gold_init,
        "validate": _gold_validate,
        "agreement": _gold_agreement,
        "correlate": _gold_correlate,
    }
    if not arguments or arguments[0] in ("-h", "--help"):
        text = "usage: python -m harness gold STEP ...\n\n" + "".join(
            f"  {name:10} {about}\n"
            for name, about in (
                ("init", "start annotating documents of your own: sentences, targets, a README of the records"),
                ("validate", "check every offset, id and label; counts, or every fault"),
                ("agreement", "how far several annotators agree: entities, stance, summaries"),
                ("correlate", "hold metrics to human ratings of what several systems gave"),
            )
        )
        if not arguments:
            raise UsageError(f"gold: needs one of {', '.join(steps)}; see `python -m harness gold --help`")
        print_text(text)
        return 0
    if arguments[0] not in steps:
        raise UsageError(
            f"gold {arguments[0]}: no such step{nearest(arguments[0], steps)}; there are {', '.join(steps)}"
        )
    return steps[arguments[0]](arguments[1:])


def _gold_init(arguments: list[str]) -> int:
    parser = Parser(
        "gold init",
        "Starts a folder for gold of your own: sentences of every document, and a README of the records to write.\n"
        "Nothing that exists is overwritten.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the gold's folder; made if it does not exist")
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl; DIR itself where it holds the texts"
    )
    parser.add_argument("--targets", metavar="WORDS", nargs="+", default=[], help='stance targets: "Nuclear power" ...')
    parser.add_argument("--language", default="en", help="of the texts, for splitting sentences (default: en)")
    parser.add_argument("--encoding", default="utf-8", help="of the texts (default: utf-8)")
    asked = parser.parse(arguments)
    from harness.gold_tools import init

    print_text(init(asked.folder, asked.documents, asked.targets, asked.language, asked.encoding))
    return 0


def _gold_validate(arguments: list[str]) -> int:
    parser = Parser("gold validate", "Reads gold with every check that a run makes: counts, or every fault (exit 2).")
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl, where the gold does not hold them"
    )
    parser.add_argument("--format", default="jsonl", help="as data.format (default: jsonl)")
    parser.add_argument("--encoding", default="utf-8", help="as data.encoding (default: utf-8)")
    parser.add_argument("--annotator", metavar="NAME", help="as data.annotator, where several annotated one document")
    parser.add_argument("--stance-labels", metavar="L", nargs="+", help="as data.labels.stance (favor against none)")
    parser.add_argument("--entity-labels", metavar="L", nargs="+", help="as data.labels.entities (those found)")
    asked = parser.parse(arguments)
    from harness.errors import DataError
    from harness.gold_tools import counts
    from harness.report.text import visible

    try:
        text = counts(
            asked.folder,
            documents=asked.documents,
            format_name=asked.format,
            encoding=asked.encoding,
            annotator=asked.annotator,
            stance_labels=asked.stance_labels,
            entity_labels=asked.entity_labels,
        )
    except DataError as error:
        # All of them, where a run would show the first fifty.
        for fault in error.faults:
            print(visible(fault), file=sys.stderr)
        number = f"{len(error.faults)} fault{'' if len(error.faults) == 1 else 's'}"
        print(f"harness: {visible(asked.folder)}: {number}", file=sys.stderr)
        return error.exit_code
    print_text(text)
    return 0


def _gold_agreement(arguments: list[str]) -> int:
    parser = Parser(
        "gold agreement",
        "How far the annotators of a gold agree: F1 and alpha for entities, alpha for stance, ROUGE for summaries.\n"
        'Records say whose they are ("annotator"), or each annotator has a folder under DIR/annotators/.',
    )
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl, where the gold does not hold them"
    )
    parser.add_argument("--data-format", default="jsonl", help="as data.format (default: jsonl)")
    parser.add_argument("--encoding", default="utf-8", help="as data.encoding (default: utf-8)")
    parser.add_argument("--stance-labels", metavar="L", nargs="+", help="as data.labels.stance (favor against none)")
    parser.add_argument("--resamples", metavar="N", type=int, default=10_000, help="for intervals (10000)")
    parser.add_argument("--rng-seed", metavar="N", type=int, default=0, help="of the resamples (0)")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    asked = parser.parse(arguments)
    if asked.resamples < 100 or asked.rng_seed < 0:
        parser.error("--resamples must be at least 100, and --rng-seed 0 or more")
    from harness import gold_agreement
    from harness.annotators import read_layers
    from harness.config import DataConfig, LabelsConfig

    labels = LabelsConfig(stance=tuple(asked.stance_labels)) if asked.stance_labels else LabelsConfig()
    data = DataConfig(
        name="gold",
        format=asked.data_format,
        documents=asked.documents,
        gold=asked.folder,
        encoding=asked.encoding,
        labels=labels,
    )
    layers = read_layers(data)
    found = gold_agreement.agreements(layers, resamples=asked.resamples, rng_seed=asked.rng_seed)
    print_grid(gold_agreement.grid(found, layers), asked.format, gold_agreement.SCHEMA)
    return 0


def _gold_correlate(arguments: list[str]) -> int:
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
