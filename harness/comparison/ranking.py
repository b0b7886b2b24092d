"""Which rows of a comparison may be ranked together, why others may not, and which score of a column is the best."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.comparison.table import Block, Column, Line
from harness.metric.base import Key


def make_blocks(lines: Sequence[Line], columns: Sequence[Column]) -> list[Block]:
    """Rows by what they may be ranked with: equal gold, documents and signatures; the largest block first."""
    groups: list[list[Line]] = []
    for line in lines:
        fitting = (group for group in groups if all(_comparable(line, other, columns) for other in group))
        group = next(fitting, None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    groups.sort(key=len, reverse=True)
    return [Block(_difference(group[0], groups[0][0], columns) if n else "", group) for n, group in enumerate(groups)]


def _comparable(one: Line, other: Line, columns: Sequence[Column]) -> bool:
    both = [c.key for c in columns if c.key in one.cells and c.key in other.cells]
    return one.identity == other.identity and all(
        one.cells[key].signature == other.cells[key].signature for key in both
    )


def _difference(line: Line, above: Line, columns: Sequence[Column]) -> str:
    reasons = []
    here, there = line.identity, above.identity
    if here["gold_sha256"] != there["gold_sha256"]:
        reasons.append(f"other gold ({_gold(here)}; above {_gold(there)})")
    if here["documents_sha256"] != there["documents_sha256"]:
        reasons.append("other documents")
    choices: dict[str, list[str]] = {}
    for column in columns:
        if column.key in line.cells and column.key in above.cells:
            own = _choices(line.cells[column.key].signature)
            other = _choices(above.cells[column.key].signature)
            for name in sorted({*own, *other}):
                if own.get(name) != other.get(name):
                    words = _choice_words(name, own.get(name), other.get(name))
                    choices.setdefault(words, []).append(column.title)
    shared = len([c for c in columns if c.key in line.cells and c.key in above.cells])
    for words, titles in choices.items():
        reasons.append(words if len(titles) == shared else f"{', '.join(titles)}: {words}")
    return "; ".join(reasons) or "not comparable with every row above"


def _gold(identity: Mapping[str, Any]) -> str:
    documents = identity["documents"]
    return f"{documents} document{'' if documents == 1 else 's'}, sha256 {str(identity['gold_sha256'])[:8]}"


def _choices(signature: str) -> dict[str, str]:
    name, *choices = signature.split("|")
    return {"metric": name} | {key: value for key, _, value in (choice.partition(":") for choice in choices)}


def _choice_words(name: str, own: str | None, other: str | None) -> str:
    if name == "map":
        words = "scored without a label map" if own in (None, "none") else f"scored under label map {own}"
        return f"{words} (above: {'none' if other in (None, 'none') else other})"
    if name == "v":
        return f"version {own} of the metric (above: {other})"
    return f"scored with {name}:{own or 'unsaid'} (above {name}:{other or 'unsaid'})"


def ranked(block: Block, columns: Sequence[Column]) -> Block:
    """Marks the best of each column and puts the rows in order; upper bounds come last and are never the best."""
    rankable = [line for line in block.lines if line.gold != "oracle"]
    lines = block.lines
    # One document cannot say which model is better on others, so nothing is marked or sorted by score.
    if all(line.identity["documents"] > 1 for line in rankable):
        for column in columns:
            best = _best([line.cells[column.key].value for line in rankable if column.key in line.cells], column)
            lines = [
                _marked(line, column.key) if line.gold != "oracle" and _is(line, column.key, best) else line
                for line in lines
            ]
        order = columns[0] if columns else None
        lines = sorted(lines, key=lambda line: (line.gold == "oracle", _rank(line, order), line.label))
    else:
        lines = sorted(lines, key=lambda line: (line.gold == "oracle", line.label))
    return Block(block.reason, lines)


def _best(values: Sequence[float | None], column: Column) -> float | None:
    defined = [value for value in values if value is not None]
    if column.direction == 0 or len(defined) < 2 or min(defined) == max(defined):
        return None
    return max(defined) if column.direction > 0 else min(defined)


def _is(line: Line, key: Key, best: float | None) -> bool:
    return best is not None and key in line.cells and line.cells[key].value == best


def _marked(line: Line, key: Key) -> Line:
    return replace(line, cells={**line.cells, key: replace(line.cells[key], best=True)})


def _rank(line: Line, column: Column | None) -> float:
    value = line.cells[column.key].value if column and column.key in line.cells else None
    return math.inf if value is None else -value * (column.direction if column else 1)
