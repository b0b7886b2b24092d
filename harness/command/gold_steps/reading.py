"""Which gold a step reads: the options that several steps share."""

import argparse
from typing import TYPE_CHECKING, Any

from harness.command.parser import Parser
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.config import DataConfig


def add_options(parser: Parser) -> None:
    """Adds the options that say which gold is read, and how."""
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl, where the gold does not hold them"
    )
    parser.add_argument("--data-format", metavar="F", default="jsonl", help="as data.format (default: jsonl)")
    parser.add_argument(
        "--data-options", metavar="KEY=VALUE", nargs="+", default=[], help="as data.options: columns='{text: TEXT}'"
    )
    parser.add_argument("--encoding", default="utf-8", help="as data.encoding (default: utf-8)")
    parser.add_argument("--annotator", metavar="NAME", help="as data.annotator, where several annotated one document")
    parser.add_argument("--stance-labels", metavar="L", nargs="+", help="as data.labels.stance (favor against none)")


def data_of(asked: argparse.Namespace) -> "DataConfig":
    """The group `data` that the options stand for."""
    from harness.config import DataConfig, LabelsConfig

    return DataConfig(
        name="gold",
        format=asked.data_format,
        documents=asked.documents,
        gold=asked.folder,
        encoding=asked.encoding,
        annotator=asked.annotator,
        labels=LabelsConfig(stance=tuple(asked.stance_labels)) if asked.stance_labels else LabelsConfig(),
        options=_options(asked.data_options),
    )


def _options(given: list[str]) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise UsageError(f"--data-options: expected KEY=VALUE, found {one!r}")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"--data-options {key}: {value!r} is no YAML value; for instance {{text: TEXT}}") from None
    return found
