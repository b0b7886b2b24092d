"""`python -m harness gold validate`: every check on a gold."""

import sys

from harness.command.output import print_text
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser("gold validate", "Reads gold with every check that a run makes: counts, or every fault (exit 2).")
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl, where the gold does not hold them"
    )
    parser.add_argument("--data-format", default="jsonl", help="as data.format (default: jsonl)")
    parser.add_argument("--encoding", default="utf-8", help="as data.encoding (default: utf-8)")
    parser.add_argument("--annotator", metavar="NAME", help="as data.annotator, where several annotated one document")
    parser.add_argument("--stance-labels", metavar="L", nargs="+", help="as data.labels.stance (favor against none)")
    parser.add_argument("--entity-labels", metavar="L", nargs="+", help="as data.labels.entities (those found)")
    asked = parser.parse(arguments)
    from harness.errors import DataError
    from harness.gold_tools.validate import counts
    from harness.report.text import visible

    try:
        text = counts(
            asked.folder,
            documents=asked.documents,
            format_name=asked.data_format,
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
