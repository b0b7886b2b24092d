"""`python -m harness gold convert`: a gold in another format."""

from pathlib import Path

from harness.command.gold_steps.reading import add_options, data_of
from harness.command.output import print_text
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    from harness.gold_tools.convert import convert
    from harness.gold_tools.holds import FORMATS, LEFT_OUT

    parser = Parser(
        "gold convert",
        "Writes a gold in another format. It is read with every check of a run, and what was written is read back and\n"
        "compared before OUT gets its name. What the format cannot hold is refused (exit 2) unless it is named.",
        "what can be left out:\n" + "".join(f"  {kind:14} {about}\n" for kind, about in LEFT_OUT.items()) + "\n"
        "examples:\n  python -m harness gold convert gold/seed doccano.jsonl --documents seeds --to doccano \\\n"
        "      --leave-out sentences stance targets summaries facts annotators\n"
        "  python -m harness gold convert corpus.conll records --data-format conll --to jsonl",
    )
    parser.add_argument("folder", metavar="SOURCE", help="the gold: a folder, or a file of the format")
    parser.add_argument("out", metavar="OUT", type=Path, help="a file, or for jsonl and brat a folder; must not exist")
    parser.add_argument("--to", required=True, choices=tuple(FORMATS), help="the format of OUT, in UTF-8")
    parser.add_argument(
        "--leave-out", metavar="KIND", nargs="+", action="extend", default=[], choices=tuple(LEFT_OUT),
        help="what may be lost",
    )  # fmt: skip
    add_options(parser)
    asked = parser.parse(arguments)
    print_text("\n".join(convert(data_of(asked), asked.out, asked.to, asked.leave_out)) + "\n")
    return 0
