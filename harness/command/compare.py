"""`python -m harness compare`: runs beside each other."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import FORMATS, print_grid, print_text
from harness.command.parser import Parser

if TYPE_CHECKING:
    from harness.comparison.table import Table


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "compare",
        "One table per data and task: every model's scores with intervals, n, losses and time.\n"
        "Only rows with equal gold, documents and signatures are ranked together.",
        "examples:\n  python -m harness compare results\n"
        "  python -m harness compare results/seed --metric entity.recall entity.f1@label=GPE\n"
        "  python -m harness compare results/seed --metric stance.favg/macro_target --format csv > stance.csv",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="a run folder, or any folder above several")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    parser.add_argument(
        "--metric",
        metavar="M",
        nargs="+",
        action="extend",
        default=[],
        help="scores to show: METRIC, METRIC/AVERAGE or METRIC@SLICE; the first one ranks",
    )
    parser.add_argument("--wide", action="store_true", help="every column, however wide the terminal is")
    parser.add_argument(
        "--pairs",
        action="store_true",
        help="test every two rows: difference with paired interval, p by approximate randomization, Holm and BH; of "
        "the headline score, or of each --metric",
    )
    parser.add_argument("--baseline", metavar="RUN", type=Path, help="as --pairs, but each row against this run alone")
    parser.add_argument(
        "--margin",
        metavar="D",
        type=float,
        help="with --pairs or --baseline: is the difference smaller than D (0.01 is one point of F1)? Two one-sided "
        "tests",
    )
    parser.add_argument(
        "--annotators",
        action="store_true",
        help="what annotators score by the headline metric, each left out in turn, with models against the same "
        "references; with --baseline also the headroom. Reads the gold again",
    )
    asked = parser.parse(arguments)
    pairs = asked.pairs or (asked.baseline is not None and not asked.annotators)
    if asked.annotators and asked.pairs:
        parser.error("--annotators and --pairs are two tables: give one of them")
    if asked.margin is not None and not (pairs and 0 < asked.margin < math.inf):
        parser.error(f"--margin {asked.margin:g}: expected a number above 0, beside --pairs or --baseline")
    if asked.margin is not None and asked.margin >= 1:
        parser.error(f"--margin {asked.margin:g}: scores are fractions here, so one point of F1 is 0.01")
    from harness.comparison.compare import compare

    tables = compare(asked.runs, asked.metric)
    if asked.format in ("csv", "json") and (pairs or asked.annotators):
        # One table of the tidy formats is one kind of record.
        _print_more(tables, asked, pairs)
    elif asked.format == "table":
        from harness.report.terminal import print_tables

        print_tables(tables, wide=asked.wide)
    elif asked.format == "md":
        from harness.report import markdown

        print_text(markdown.render(tables))
    elif asked.format == "csv":
        from harness.report import csv

        print_text(csv.render(tables))
    else:
        from harness.report import json

        print_text(json.render(tables))
    if asked.format in ("table", "md") and (pairs or asked.annotators):
        _print_more(tables, asked, pairs)
    return 1 if any(failure.broken for table in tables for failure in table.failures) else 0


def _print_more(tables: "Sequence[Table]", asked: argparse.Namespace, pairs: bool) -> None:
    """Differences, or annotators, below the tables; in the tidy formats instead of them."""
    from harness.report.grid import merged

    if pairs:
        from harness.comparison import differences

        found = differences.differences(
            tables, baseline=asked.baseline, margin=asked.margin, every_column=bool(asked.metric)
        )
        grids, schema = [differences.grid(one) for one in found], differences.SCHEMA
    else:
        from harness.comparison import annotator_comparison

        grids = annotator_comparison.annotator_grids(tables, baseline=asked.baseline)
        schema = annotator_comparison.SCHEMA
    if asked.format in ("csv", "json"):
        print_grid(merged(grids), asked.format, schema)
        return
    for one in grids:
        print_text("\n")
        print_grid(one, asked.format, schema)
