"""`python -m harness gold init`: starts a folder for gold."""

from pathlib import Path

from harness.command.output import print_text
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
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
    from harness.gold_tools.init import init

    print_text(init(asked.folder, asked.documents, asked.targets, asked.language, asked.encoding))
    return 0
