"""The subcommands: `python -m harness SUBCOMMAND`. Each reads its arguments and calls what does the work."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from harness.config import nearest
from harness.errors import RunError, UsageError

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
    asked = parser.parse(arguments)
    from harness.compare import compare

    tables = compare(asked.runs, asked.metric)
    if asked.format == "table":
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
    return 1 if any(failure.broken for table in tables for failure in table.failures) else 0


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
    steps = {"init": _gold_init, "validate": _gold_validate}
    if not arguments or arguments[0] in ("-h", "--help"):
        text = "usage: python -m harness gold init|validate DIR ...\n\n" + "".join(
            f"  {name:9} {about}\n"
            for name, about in (
                ("init", "start annotating documents of your own: sentences, targets, a README of the records"),
                ("validate", "check every offset, id and label; counts, or every fault"),
            )
        )
        if not arguments:
            raise UsageError("gold: needs init or validate; see `python -m harness gold --help`")
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
}
