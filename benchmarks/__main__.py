"""`python -m benchmarks [ROUNDS] [NAME ...]`: runs benchmarks and writes `benchmarks/TABLE.md`.

With names only those parts are measured again; the others stay as they stand in the table.
"""

import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    bootstrap,
    compare,
    ner_inference,
    ner_scoring,
    paired,
    report,
    rouge,
    scale,
    stance_llm,
    startup,
    summarization_inference,
)

TABLE = Path(__file__).with_name("TABLE.md")
PARTS: dict[str, Callable[[int], list[str]]] = {
    "startup": startup.table,
    "rouge": rouge.table,
    "ner_scoring": ner_scoring.table,
    "bootstrap": bootstrap.table,
    "paired": paired.table,
    "all_pairs": lambda rounds: paired.whole_tables(),
    "compare": compare.table,
    # A round takes the better part of a minute.
    "report": lambda rounds: report.table(min(rounds, 3)),
    # A round of these takes minutes.
    "scoring": lambda rounds: scale.scoring_table(min(rounds, 3)),
    "whole_comparison": lambda rounds: scale.comparison_table(1),
    # These need weights, which environment variables name; a line says so where they are not there.
    "ner_inference": ner_inference.table,
    "summarization_inference": lambda rounds: summarization_inference.table(min(rounds, 3)),
    "stance_llm": lambda rounds: stance_llm.table(min(rounds, 3)),
}


def main() -> None:
    """Measures and writes the table; exits with 1 where a claim does not hold."""
    rounds = next((int(word) for word in sys.argv[1:] if word.isdecimal()), 5)
    names = [word for word in sys.argv[1:] if not word.isdecimal()] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    lines = [
        "# Benchmarks",
        "",
        "Made by `make benchmarks`. Times on a machine that does other things as well: read the medians and the",
        "ratios, and expect other absolute times on yours.",
        "",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}.",
    ]
    for name, make in PARTS.items():
        part = make(rounds) if name in names else stored(before, name)
        lines += ["", f"<!-- {name} -->", *part, "<!-- end -->"]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))
    if "**no**" in TABLE.read_text(encoding="utf-8"):
        sys.exit(1)


def stored(table: str, name: str) -> list[str]:
    """A part as it stands in the table; a line that says so where it has never been measured."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", table, re.DOTALL)
    return found[1].split("\n") if found else [f"`python -m benchmarks {name}` has not been run yet."]


if __name__ == "__main__":
    main()
