"""`python -m harness compare`: runs beside each other."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.command.output import print_text
from harness.command.parser import Parser
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.comparison.table import Table
    from harness.report.rendering import Content

# Each is a kind of record of its own.
_KINDS = ("pairs", "slices", "documents", "flips", "annotators", "speed")
_LISTED = 10


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = _parser()
    asked = parser.parse(arguments)
    _check(parser, asked)
    from harness.comparison.compare import compare
    from harness.report.rendering import put
    from harness.report.shown import counted
    from harness.report.text import visible
    from harness.run_folder import find_runs

    paths = list(asked.runs)
    if asked.baseline is not None:
        if not asked.baseline.exists():
            there = [str(folder) for path in asked.runs for folder in find_runs(path)]
            more = f" and {len(there) - 10} more" if len(there) > 10 else ""
            raise UsageError(
                f"--baseline {asked.baseline}: no such run folder; there are {', '.join(there[:10])}{more}"
            )
        paths.append(asked.baseline)
    tables = compare(paths, asked.metric)
    put(_content(tables, asked), asked.format, asked.out, wide=asked.wide)
    if asked.out is not None:
        runs = sum(len(block.lines) for table in tables for block in table.blocks)
        print_text(f"{visible(asked.out)}: {counted(len(tables), 'table')}, {counted(runs, 'run')}\n")
    return 1 if any(failure.broken for table in tables for failure in table.failures) else 0


def _parser() -> Parser:
    parser = Parser(
        "compare",
        "One table per data and task: every model's scores with intervals, n, losses and time.\n"
        "Only rows with equal gold, documents and signatures are ranked together;\n"
        "`python -m harness why-different A B` says why others are not.",
        "examples:\n  python -m harness compare results\n"
        "  python -m harness compare results/mine --metric entity.recall entity.f1@label=GPE\n"
        "  python -m harness compare results/mine --baseline results/mine/ner/tiny --margin 0.02\n"
        "  python -m harness compare results/mine --pairs --out pairs.csv\n"
        "  python -m harness compare A B --flips",
    )
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        type=Path,
        help="a run folder, any folder above several, or a pattern in quotes",
    )
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--metric",
        metavar="M",
        nargs="+",
        action="extend",
        default=[],
        help="scores to show: METRIC, METRIC/AVERAGE or METRIC@SLICE; the first one ranks. What follows is about the "
        "headline score, or about each of these",
    )
    shown.add_argument(
        "--baseline",
        metavar="RUN",
        type=Path,
        help="beside each score its difference to this run: paired interval, p adjusted by Holm",
    )
    shown.add_argument(
        "--letters", action="store_true", help="test every two rows; rows that share a letter were not told apart"
    )
    shown.add_argument(
        "--pairs",
        action="store_true",
        help="as --letters, with a table of the pairs and of how stable the order is; with --baseline its pairs alone",
    )
    shown.add_argument(
        "--margin",
        metavar="D",
        type=float,
        help="with --pairs or --baseline: is the difference smaller than D (0.01 is one point of F1)? Two one-sided "
        "tests",
    )
    shown.add_argument(
        "--slices",
        metavar="FIELD",
        nargs="*",
        help="a row for each value of a field (label, target, ...; none named: all), with its own n and interval",
    )
    shown.add_argument(
        "--documents",
        metavar="N",
        nargs="?",
        type=_number,
        const=_LISTED,
        help="of two runs: the N documents that differ most, with examples fixed and broken (reads the gold again)",
    )
    shown.add_argument(
        "--flips",
        metavar="N",
        nargs="?",
        type=_number,
        const=_LISTED,
        help="of two runs: what is fixed and broken, label by label, with an exact test over whole documents, and N "
        "examples (reads the gold again)",
    )
    shown.add_argument(
        "--annotators",
        action="store_true",
        help="what annotators score, each left out in turn, with models against the same references; by the headline "
        "metric, or by each --metric; with --baseline also the headroom. Reads the gold again",
    )
    shown.add_argument(
        "--speed",
        action="store_true",
        help="what runs took: loading, rates, memory, and energy and price where they were recorded",
    )
    form = parser.add_argument_group("in which form")
    form.add_argument(
        "--format",
        choices=("table", "md", "csv", "json", "latex", "html", "parquet"),
        help="table (default); csv, json and parquet are unrounded",
    )
    form.add_argument(
        "--out", metavar="FILE", type=Path, help="write a file instead; its name may say the format: .md .csv .tex ..."
    )
    form.add_argument("--wide", action="store_true", help="every column, however wide the terminal is")
    return parser


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1; put run folders before it")
    return int(text)


def _check(parser: Parser, asked: argparse.Namespace) -> None:
    kinds = [kind for kind in _KINDS if getattr(asked, kind) not in (None, False)]
    if asked.annotators and asked.pairs:
        parser.error("--annotators and --pairs are two tables: give one of them")
    if asked.margin is not None and not ((asked.pairs or asked.baseline) and 0 < asked.margin < math.inf):
        parser.error(f"--margin {asked.margin:g}: expected a number above 0, beside --pairs or --baseline")
    if asked.margin is not None and asked.margin >= 1:
        parser.error(f"--margin {asked.margin:g}: scores are fractions here, so one point of F1 is 0.01")
    from harness.report.rendering import format_of

    chosen = format_of(asked.format, asked.out)
    if chosen in ("csv", "json", "parquet") and len(kinds) > 1:
        named = " and ".join(f"--{kind}" for kind in kinds)
        parser.error(f"{named}: --format {chosen} holds one kind of record, so give one of them")
    if chosen == "parquet" and asked.out is None:
        parser.error("--format parquet: it is no text, so it needs a file; add --out FILE.parquet")


def _content(tables: "Sequence[Table]", asked: argparse.Namespace) -> "Content":
    """The tables with what was asked for beside and below them."""
    from harness.report.grid import Grid, merged
    from harness.report.rendering import Content

    every, grids = bool(asked.metric), list[Grid]()
    records: Grid | None = None
    schema = ""
    # Beside the annotators' table a baseline is where headroom begins.
    if asked.pairs or asked.letters or (asked.baseline is not None and not asked.annotators):
        from harness.comparison import pair_tables
        from harness.comparison.differences import differences

        found = differences(
            tables, baseline=asked.baseline, margin=asked.margin, letters=asked.letters, every_column=every
        )
        if asked.pairs:
            grids += pair_tables.grids(found)
            records, schema = pair_tables.records(found), pair_tables.SCHEMA
        tables = pair_tables.with_differences(tables, found, asked.baseline)
    if asked.slices is not None:
        from harness.comparison import slice_tables

        own = slice_tables.grids(tables, asked.slices, every_column=every)
        grids += own
        records, schema = merged(own), slice_tables.SCHEMA
    if asked.documents or asked.flips:
        from harness.comparison import documents, flips
        from harness.comparison.two_runs import two_runs

        option = "--documents" if asked.documents else "--flips"
        pairs, reasons = two_runs(tables, asked.runs, asked.baseline, option)
        judged = [(two, flips.judged(two)) for two in pairs]
        if asked.documents:
            own = [
                documents.grid(two, judgements, column, asked.documents)
                for two, judgements in judged
                for column in (two.table.columns if every else two.table.columns[:1])
            ]
            grids += own
            records, schema = merged(own), documents.SCHEMA
        if asked.flips:
            # Beside other tasks summaries are passed over.
            told = [(two, judgements) for two, judgements in judged if judgements is not None]
            if not told:
                raise UsageError(
                    f"--flips: {pairs[0].title}: summaries are neither right nor wrong; --documents says where they "
                    "differ most"
                )
            grids += [grid for two, judgements in told for grid in flips.grids(two, judgements, asked.flips)]
            records, schema = flips.records(told), flips.SCHEMA
        grids += [Grid(title="", headings=(), rows=[], records=[], notes=reasons)] if reasons else []
    if asked.annotators:
        from harness.comparison import annotator_comparison

        own = annotator_comparison.annotator_grids(tables, baseline=asked.baseline, every_column=every)
        grids += own
        records, schema = merged(own), annotator_comparison.SCHEMA
    if asked.speed:
        from harness.comparison import speed_table

        records, schema = speed_table.grid(tables), speed_table.SCHEMA
        grids.append(records)
    return Content(tables, grids, records, schema)
