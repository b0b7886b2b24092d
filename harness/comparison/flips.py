"""What one run gets right that another gets wrong: fixed and broken examples, label by label."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.comparison.two_runs import Two, cases_of, in_the_text
from harness.metric.spans import match
from harness.records import Entity, Example, Stance
from harness.report.grid import Grid, merged
from harness.report.shown import UNDEFINED, counted, p_value
from harness.scoring import Case
from harness.statistics.sign_flip import sign_flip_p
from harness.statistics.significance import holm

SCHEMA = "harness.comparison.flips/1"
FIXED, BROKEN, OTHER = "fixed", "broken", "wrong in another way"
GONE, NEW = "spurious gone", "spurious new"
ALL = "all"


@dataclass(frozen=True)
class Judged:
    """One gold entity or stance, or one spurious entity, in both runs.

    Args:
        document: Its document.
        unit: What hangs together and is tested as one.
        example: Its example.
        label: The gold label; of a spurious entity the label given.
        spurious: Whether there is no gold for it.
        text: The entity's text; empty for a stance.
        gold: The gold label, or nothing.
        before: What the one run has there: a label, `missed`, `no answer`; nothing where it has none.
        after: What the other run has there.
        right_before: Whether that is right; for a spurious entity, whether it is not there.
        right_after: Likewise.
    """

    document: str
    unit: str
    example: str
    label: str
    spurious: bool
    text: str
    gold: str
    before: str
    after: str
    right_before: bool
    right_after: bool

    @property
    def what(self) -> str:
        """`fixed`, `broken`, `wrong in another way`, or nothing where both runs say the same.

        Of an entity without gold `spurious gone`, `spurious new`, or nothing.
        """
        if self.right_before != self.right_after:
            better, worse = (GONE, NEW) if self.spurious else (FIXED, BROKEN)
            return better if self.right_after else worse
        return OTHER if self.before != self.after else ""


def judged(two: Two) -> list[Judged] | None:
    """Every gold entity (or stance) of the documents, and every spurious one, in both runs.

    None for summaries, which are neither right nor wrong.

    Raises:
        HarnessError: A run or its gold cannot be opened.
    """
    if two.table.task == "summarization":
        return None
    opened, before = cases_of(two.before)
    _, after = cases_of(two.after)
    by_id = {case.example.id: case for case in after}
    found: list[Judged] = []
    for case in before:
        other = by_id.get(case.example.id)
        if other is not None:
            text = opened.corpus.documents[case.example.doc].text
            found += _stance(case, other) if isinstance(case.example.gold, Stance) else _entities(case, other, text)
    return found


def _stance(before: Case, after: Case) -> list[Judged]:
    example = before.example
    gold = example.gold.label if isinstance(example.gold, Stance) else ""
    said = [case.predicted.label if isinstance(case.predicted, Stance) else "no answer" for case in (before, after)]
    return [_judged(example, gold, "", said, [one == gold for one in said])]


def _entities(before: Case, after: Case, text: str) -> list[Judged]:
    example = before.example
    gold = example.gold if isinstance(example.gold, tuple) else ()
    sides = [case.predicted if isinstance(case.predicted, tuple) else () for case in (before, after)]
    said = [_said(gold, side, text) for side in sides]
    found = []
    for entity in gold:
        here = [side.get(entity, "missed") for side in said]
        right = [entity in side for side in sides]
        found.append(_judged(example, entity.label, _quoted(entity, text), here, right))
    known = set(gold)
    for entity in sorted({entity for side in sides for entity in side} - known):
        right = [entity not in side for side in sides]
        here = ["" if absent else entity.label for absent in right]
        found.append(_judged(example, entity.label, _quoted(entity, text), here, right, spurious=True))
    return found


def _judged(
    example: Example, label: str, text: str, said: Sequence[str], right: Sequence[bool], *, spurious: bool = False
) -> Judged:
    return Judged(
        document=example.doc,
        unit=example.unit or example.doc,
        example=example.id,
        label=label,
        spurious=spurious,
        text=text,
        gold="" if spurious else label,
        before=said[0],
        after=said[1],
        right_before=right[0],
        right_after=right[1],
    )


def _said(gold: Sequence[Entity], predicted: Sequence[Entity], text: str) -> dict[Entity, str]:
    """What was predicted where each gold entity is; the text as well where the boundary is another one."""
    found = {}
    for pair in match(tuple(gold), tuple(predicted)).pairs:
        same = (pair.gold.start, pair.gold.end) == (pair.predicted.start, pair.predicted.end)
        label = pair.predicted.label
        found[pair.gold] = label if same else f"{label} '{_quoted(pair.predicted, text)}'"
    return found


def _quoted(entity: Entity, text: str) -> str:
    return text[entity.start : entity.end]


# ---- as tables ------------------------------------------------------------------------------------------------------


def grids(two: Two, every: Sequence[Judged], most: int) -> list[Grid]:
    """By label, for stance by gold label and both answers, and the examples themselves.

    Args:
        two: The runs.
        every: What `judged` found in them.
        most: At most so many examples are listed; the records have all.
    """
    tables = [_by_label(two, every)]
    if two.table.task == "stance":
        tables.append(_transitions(two, every))
    return [table for table in [*tables, _examples(two, every, most)] if table.rows]


def records(found: Iterable[tuple[Two, Sequence[Judged]]]) -> Grid:
    """Every flip of these runs as a record; in JSON the sums by label stand beside them."""
    flips, labels = [], []
    for two, every in found:
        flips.append(_examples(two, every, 0))
        labels.append(_by_label(two, every))
    return Grid(
        title="",
        headings=(),
        rows=[],
        records=merged(flips).records,
        more={"labels": list(merged(labels).records)},
    )


def _identity(two: Two) -> dict[str, Any]:
    return {"data": two.table.data, "task": two.table.task, "before": two.before.label, "after": two.after.label}


def _by_label(two: Two, every: Sequence[Judged]) -> Grid:
    ner = two.table.task == "ner"
    labels = sorted({one.label for one in every})
    tested = [_p([one for one in every if one.label == label and not one.spurious]) for label in labels]
    known = [number for number, p in enumerate(tested) if p is not None]
    # All labels together are a question of its own.
    by_holm = dict(zip(known, holm([p for p in tested if p is not None]).tolist(), strict=True))
    adjusted = [by_holm.get(number) for number in range(len(labels))]
    rows, records = [], []
    for label, p_holm in [(ALL, None), *zip(labels, adjusted, strict=True)]:
        own = [one for one in every if label == ALL or one.label == label]
        gold = [one for one in own if not one.spurious]
        spurious = Counter(one.what for one in own if one.spurious)
        flips = Counter(one.what for one in gold)
        p = _p(gold)
        counts = {
            "gold": len(gold),
            "right_before": sum(one.right_before for one in gold),
            "right_after": sum(one.right_after for one in gold),
            "fixed": flips[FIXED],
            "broken": flips[BROKEN],
        }
        if ner:
            counts |= {"spurious_gone": spurious[GONE], "spurious_new": spurious[NEW]}
        shown = (p_value(p), "" if label == ALL else p_value(p_holm))
        rows.append((label, *map(str, counts.values()), *shown))
        records.append({**_identity(two), "label": label, **counts, "p": p, "p_holm": p_holm})
    units = {one.unit for one in every}
    unit = "document" if units <= {one.document for one in every} else "sentence"
    headings = ("label", "gold", f"right: {two.before.label}", f"right: {two.after.label}", FIXED, BROKEN)
    more = (GONE, NEW) if ner else ()
    return Grid(
        title=f"flips: {two.title}",
        headings=(*headings, *more, "p", "p Holm"),
        rows=rows,
        records=records,
        right=tuple(range(1, len(headings) + len(more) + 2)),
        notes=[
            f"fixed: wrong in {two.before.label}, right in {two.after.label}; broken: the other way round"
            + ("; right: span and label" if ner else ""),
            f"p: exact, two-sided, of fixed - broken, whole {unit}s changing sign ({counted(len(units), unit)}); Holm "
            "over the labels" + ("; spurious entities have no part in it" if ner else ""),
        ],
    )


def _p(gold: Sequence[Judged]) -> float | None:
    """None where one unit is all there is."""
    gains: Counter[str] = Counter()
    for one in gold:
        gains[one.unit] += one.right_after - one.right_before
    return sign_flip_p(gains.values()) if len(gains) > 1 else None


def _transitions(two: Two, every: Sequence[Judged]) -> Grid:
    kinds: dict[tuple[str, str, str, str], list[Judged]] = {}
    for one in every:
        if one.what:
            kinds.setdefault((one.gold, one.before, one.after, one.what), []).append(one)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [(*kind, str(len(flips)), str(len({one.document for one in flips}))) for kind, flips in ordered]
    return Grid(
        title="",
        headings=("gold", two.before.label, two.after.label, "what", "examples", "documents"),
        rows=rows,
        records=[],
        right=(4, 5),
    )


def _examples(two: Two, every: Sequence[Judged], most: int) -> Grid:
    order = {BROKEN: 0, NEW: 0, FIXED: 1, GONE: 1, OTHER: 2}
    flips = sorted((one for one in every if one.what), key=lambda one: (order[one.what], one.example))
    # As many of one kind as of the other where both do not fit.
    sides = ([one for one in flips if order[one.what] == side] for side in (0, 1))
    chosen = [one for side in sides for one in side[: -(-most // 2)]]
    ner = two.table.task == "ner"
    rows = [
        (one.what, one.example, *([one.text] if ner else []), one.gold or UNDEFINED, one.before or UNDEFINED,
         one.after or UNDEFINED)
        for one in chosen[:most]
    ]  # fmt: skip
    told = sum(one.what != OTHER for one in flips)
    notes = [f"{len(rows)} of {told}; --flips N lists more, --format csv all"] if len(rows) < told else []
    if rows:
        documents = sorted({one.document for one in chosen[:most]})
        notes.append(in_the_text(two, documents[0]))
    return Grid(
        title="",
        headings=("what", "example", *(["entity"] if ner else []), "gold", two.before.label, two.after.label),
        rows=rows,
        records=[{**_identity(two), "what": one.what, **asdict(one)} for one in flips],
        notes=notes,
    )
