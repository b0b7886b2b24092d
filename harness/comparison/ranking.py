"""Which rows of a comparison may be ranked together, why others may not, and which score of a column is the best."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.comparison.table import Block, Column, Line
from harness.metric.base import Key
from harness.report.shown import counted


def make_blocks(lines: Sequence[Line], columns: Sequence[Column]) -> list[Block]:
    """Rows by what they may be ranked with: equal gold, documents and signatures; the largest block first."""
    groups: list[_Group] = []
    by_identity: dict[tuple[Any, ...], list[_Group]] = {}
    # Rows with the very same signatures always go where the first of them went.
    known: dict[tuple[Any, ...], _Group] = {}
    for line in lines:
        identity = tuple(sorted(line.identity.items()))
        signatures = {c.key: line.cells[c.key].signature for c in columns if c.key in line.cells}
        kind = (identity, *sorted(signatures.items()))
        group = known.get(kind)
        if group is None:
            there = by_identity.setdefault(identity, [])
            group = next((one for one in there if one.takes(signatures)), None)
            if group is None:
                group = _Group()
                groups.append(group)
                there.append(group)
            group.signatures.update(signatures)
            known[kind] = group
        group.lines.append(line)
    # Scores of another tool stand below one's own, however many there are.
    found = sorted((group.lines for group in groups), key=lambda own: (bool(own[0].imported), -len(own)))
    return [Block(_difference(own[0], found[0][0], columns) if n else "", own) for n, own in enumerate(found)]


@dataclass
class _Group:
    """Rows of equal gold and documents, and the one signature that each score has in all rows that have it."""

    lines: list[Line] = field(default_factory=list)
    signatures: dict[Key, str] = field(default_factory=dict)

    def takes(self, signatures: Mapping[Key, str]) -> bool:
        """Whether a row with these may join: a score that one side lacks keeps nobody apart."""
        return all(self.signatures.get(key, signature) == signature for key, signature in signatures.items())


def _difference(line: Line, above: Line, columns: Sequence[Column]) -> str:
    if line.imported and line.imported != above.imported:
        # Choices of two tools have no names in common, so a list of them would say nothing more.
        return f"imported from {line.imported} (other gold: {counted(int(line.identity['documents']), 'sample')})"
    reasons = []
    here, there = line.identity, above.identity
    if here["gold_sha256"] != there["gold_sha256"]:
        reasons.append(f"other gold ({_gold(here)}; above {_gold(there)})")
    if here["documents_sha256"] != there["documents_sha256"]:
        reasons.append("other documents")
    choices: dict[str, list[str]] = {}
    for column in columns:
        if column.key in line.cells and column.key in above.cells:
            own = choices_of(line.cells[column.key].signature)
            other = choices_of(above.cells[column.key].signature)
            for name in sorted({*own, *other}):
                if own.get(name) != other.get(name):
                    words = _choice_words(name, own.get(name), other.get(name))
                    choices.setdefault(words, []).append(column.title)
    shared = len([c for c in columns if c.key in line.cells and c.key in above.cells])
    for words, titles in choices.items():
        reasons.append(words if len(titles) == shared else f"{', '.join(titles)}: {words}")
    return "; ".join(reasons) or "not comparable with every row above"


def _gold(identity: Mapping[str, Any]) -> str:
    return f"{counted(int(identity['documents']), 'document')}, sha256 {str(identity['gold_sha256'])[:8]}"


def choices_of(signature: str) -> dict[str, str]:
    """What a signature says, by name; the score itself is `metric`.

    Example:
        >>> choices_of("rouge1.f1|stem:yes|v:1")
        {'metric': 'rouge1.f1', 'stem': 'yes', 'v': '1'}
    """
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
    rankable = [line for line in block.lines if _rankable(line)]
    lines = block.lines
    # One document cannot say which model is better on others, so nothing is marked or sorted by score.
    if all(line.identity["documents"] > 1 for line in rankable):
        for column in columns:
            best = _best([line.cells[column.key].value for line in rankable if column.key in line.cells], column)
            lines = [
                _marked(line, column.key) if _rankable(line) and _is(line, column.key, best) else line for line in lines
            ]
        order = columns[0] if columns else None
        lines = sorted(lines, key=lambda line: (line.gold == "oracle", _rank(line, order), line.label))
    else:
        lines = sorted(lines, key=lambda line: (line.gold == "oracle", line.label))
    return replace(block, lines=lines)


def _rankable(line: Line) -> bool:
    return line.gold != "oracle" and not line.failure


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
