"""The subcommands: `python -m harness SUBCOMMAND`. Each reads its arguments and calls what does the work."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.config import nearest
from harness.errors import RunError, UsageError

if TYPE_CHECKING:
    from harness.comparison.table import Table
    from harness.report.grid import Grid

LISTS = ("models", "tasks", "metrics", "data", "experiments")
FORMATS = ("table", "md", "csv", "json")


def subcommand(name: str, arguments: list[str]) -> int:
    """Runs a subcommand.

    Args:
        name: The first word of the command line.
        arguments: What follows it.

    Returns:
        The exit code.

    Raises:
        UsageError: No such subcommand (names the nearest), or arguments that it does not take.
        HarnessError: Whatever else is wrong.
    """
    if name not in _COMMANDS:
        raise UsageError(
            f"{name!r}: no such subcommand{nearest(name, _COMMANDS)}; there are {', '.join(_COMMANDS)}; "
            "a run takes key=value; see `python -m harness --help`"
        )
    try:
        return _COMMANDS[name](arguments)
    except _HelpWasPrinted:
        return 0


class _HelpWasPrinted(Exception):  # noqa: N818 - it is no error
    """Help was asked for and printed."""


class _Parser(argparse.ArgumentParser):
    """Raises one `UsageError` instead of printing usage and leaving."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=f"python -m harness {prog}",
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _HelpWasPrinted

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parses; an unknown option names the nearest known one."""
        # argparse ends with "required: RUN" where an option is misspelled, so options are looked at first.
        for argument in arguments:
            if argument == "--":
                break
            option = argument.partition("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                known = sorted(self._option_string_actions)
                self.error(f"{option}: unknown option{nearest(option, known)}; there are {', '.join(known)}")
        return self.parse_intermixed_args(arguments)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            name = "/".join(action.option_strings) or action.dest
            self.error(f"{name}: {value!r} is not offered{nearest(str(value), known)}; there are {', '.join(known)}")


def _compare(arguments: list[str]) -> int:
    parser = _Parser(
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

        _print(markdown.render(tables))
    elif asked.format == "csv":
        from harness.report import csv

        _print(csv.render(tables))
    else:
        from harness.report import json

        _print(json.render(tables))
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
        _print_grid(merged(grids), asked.format, schema)
        return
    for one in grids:
        _print("\n")
        _print_grid(one, asked.format, schema)


def _show(arguments: list[str]) -> int:
    parser = _Parser("show", "Gold beside predictions, from stored runs; no model is loaded.")
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


def _score(arguments: list[str]) -> int:
    parser = _Parser(
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


def _predict(arguments: list[str]) -> int:
    parser = _Parser(
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


def _gold(arguments: list[str]) -> int:
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
        _print(text)
        return 0
    if arguments[0] not in steps:
        raise UsageError(
            f"gold {arguments[0]}: no such step{nearest(arguments[0], steps)}; there are {', '.join(steps)}"
        )
    return steps[arguments[0]](arguments[1:])


def _gold_init(arguments: list[str]) -> int:
    parser = _Parser(
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

    _print(init(asked.folder, asked.documents, asked.targets, asked.language, asked.encoding))
    return 0


def _gold_validate(arguments: list[str]) -> int:
    parser = _Parser("gold validate", "Reads gold with every check that a run makes: counts, or every fault (exit 2).")
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
    _print(text)
    return 0


def _gold_agreement(arguments: list[str]) -> int:
    parser = _Parser(
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
    _print_grid(gold_agreement.grid(found, layers), asked.format, gold_agreement.SCHEMA)
    return 0


def _gold_correlate(arguments: list[str]) -> int:
    from harness.records import TASKS

    parser = _Parser(
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
    _print_grid(meta_evaluation.grid(findings, scores, ratings), asked.format, meta_evaluation.SCHEMA)
    return 0


def _print_grid(table: "Grid", format_name: str, schema: str) -> None:
    from harness.report import grid

    if format_name == "table":
        grid.print_grid(table)
    elif format_name == "md":
        _print(grid.render_markdown(table))
    elif format_name == "csv":
        _print(grid.render_csv(table))
    else:
        _print(grid.render_json(table, schema))


def _list(arguments: list[str]) -> int:
    parser = _Parser("list", "What can be chosen, from the configuration files.")
    parser.add_argument("what", choices=LISTS, help="which group")
    parser.add_argument("--config-dir", metavar="DIR", type=Path, help="also those of your own configurations")
    asked = parser.parse(arguments)
    from harness.catalogue import catalogue

    _print(catalogue(asked.what, asked.config_dir))
    return 0


def _schema(arguments: list[str]) -> int:
    from harness.schema import RECORDS, schema_text

    parser = _Parser(
        "schema",
        "JSON Schema (draft 2020-12) of the record files, or of scores.json.",
        "examples:\n  python -m harness schema records entities > entities.schema.json\n"
        "  python -m harness schema scores",
    )
    parser.add_argument("what", choices=("records", "scores"), help="which files")
    parser.add_argument("file", nargs="?", choices=tuple(RECORDS), help="with records: of one file alone")
    asked = parser.parse(arguments)
    if asked.what == "scores" and asked.file:
        parser.error("scores has one schema; a file can be named after `records` only")
    _print(schema_text(asked.what, asked.file))
    return 0


def _doctor(arguments: list[str]) -> int:
    parser = _Parser(
        "doctor", "What is installed, which models run on this machine without a network, and whether results fit."
    )
    parser.add_argument("--results", metavar="DIR", type=Path, default=Path("results"), help="default: results")
    asked = parser.parse(arguments)
    from harness.doctor import doctor

    text, code = doctor(asked.results)
    _print(text)
    return code


def _conformance(arguments: list[str]) -> int:
    parser = _Parser(
        "conformance",
        "Inputs that known tools score wrongly: our number, the right one and, where the tool is installed, its own.\n"
        "Exit 1 if one of ours is not the right one.",
    )
    parser.add_argument("traps", metavar="TRAP", nargs="*", help="T1, T2, ...; default: all")
    parser.add_argument(
        "--format", choices=("table", "md", "json"), default="table", help="table (default), md or json"
    )
    asked = parser.parse(arguments)
    from harness import conformance
    from harness.traps import TRAPS

    known = {trap.id: trap for trap in TRAPS}
    for name in asked.traps:
        if name not in known:
            parser.error(f"{name!r}: no such trap{nearest(name, known)}; there are {', '.join(known)}")
    results = conformance.run_traps([known[name] for name in asked.traps] or TRAPS)
    render = {"table": conformance.text, "md": conformance.table, "json": conformance.as_json}[asked.format]
    _print(render(results))
    return 0 if all(result.passed for result in results) else 1


def _print(text: str) -> None:
    """Prints text whose every character a user may have written, in an output of any encoding."""
    from harness.report.text import plain

    sys.stdout.write(plain(text, getattr(sys.stdout, "encoding", None)))


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "compare": _compare,
    "show": _show,
    "score": _score,
    "predict": _predict,
    "gold": _gold,
    "list": _list,
    "schema": _schema,
    "doctor": _doctor,
    "conformance": _conformance,
}
