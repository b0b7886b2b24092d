"""`python -m benchmarks`: runs every benchmark and writes `benchmarks/TABLE.md`."""

import platform
import sys
from pathlib import Path

from benchmarks import startup

TABLE = Path(__file__).with_name("TABLE.md")


def main() -> None:
    """Measures and writes the table; exits with 1 where a claim does not hold."""
    lines = [
        "# Benchmarks",
        "",
        "Made by `make benchmarks`. Times of whole processes on a machine that does other things as well: read the",
        "medians, and expect other absolute times on yours.",
        "",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}.",
        "",
        *startup.table(rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 7),
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))
    if "**no**" in TABLE.read_text(encoding="utf-8"):
        sys.exit(1)


if __name__ == "__main__":
    main()
