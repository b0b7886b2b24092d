"""Which gold span a predicted span answers: a one-to-one matching of maximum weight, whatever the input's order."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records import Entity

# What makes two entities the same: start, end, label, parts. Plain tuples, because sets of them are made for every
# example of every metric.
Mark = tuple[int, int, str, tuple[tuple[int, int], ...]]

# Whole numbers up to this are exact as 64-bit floats, and up to the next as 64-bit integers.
_EXACT_FLOAT = 2**53
_EXACT_INT = 2**62
_ARTICLE = re.compile(r"(?:the|an|a)\s+(?=\S)", re.IGNORECASE)


class Pair(NamedTuple):
    """A gold entity and the prediction that answers it."""

    gold: Entity
    predicted: Entity


class Matching(NamedTuple):
    """Every gold entity and every prediction, each exactly once: in a pair, missed or spurious."""

    pairs: tuple[Pair, ...]
    missed: tuple[Entity, ...]
    spurious: tuple[Entity, ...]


class Alignment(NamedTuple):
    """The same as `Matching`, in marks.

    Args:
        same: What both sides have, each paired with itself.
        gold: The other gold marks, sorted.
        predicted: The other predicted marks, sorted.
        pairs: Which of `gold` and `predicted` are paired.
    """

    same: set[Mark]
    gold: list[Mark]
    predicted: list[Mark]
    pairs: list[tuple[Mark, Mark]]

    @property
    def missed(self) -> list[Mark]:
        """Gold marks without a partner, sorted."""
        paired = {gold for gold, _ in self.pairs}
        return [mark for mark in self.gold if mark not in paired]

    @property
    def spurious(self) -> list[Mark]:
        """Predicted marks without a partner, sorted."""
        paired = {predicted for _, predicted in self.pairs}
        return [mark for mark in self.predicted if mark not in paired]


def marks(entities: Collection[Entity]) -> set[Mark]:
    """The entities as a set of marks."""
    return {(entity.start, entity.end, entity.label, entity.parts) for entity in entities}


def overlap(one: Entity, other: Entity) -> int:
    """Code points that two spans share; spans that only touch, [0, 5) and [5, 9), share none."""
    return _shared((one.start, one.end, "", one.parts), (other.start, other.end, "", other.parts))


def covered(entities: Collection[Entity]) -> int:
    """Code points that at least one of the spans covers; the gaps of a discontinuous one are not covered by it."""
    size, reach = 0, 0
    for start, end in sorted(stretch for entity in entities for stretch in entity.stretches):
        size += max(0, end - max(start, reach))
        reach = max(reach, end)
    return size


def without_article(entity: Entity) -> Entity:
    """The entity without a leading `the`, `a` or `an` (in any case) and the white space after it.

    An entity that is nothing but an article stays as it is.

    Raises:
        ValueError: The entity carries no text.

    Example:
        >>> without_article(Entity(10, 19, "GPE", "The Hague")).text
        'Hague'
    """
    text = text_of(entity)
    found = _ARTICLE.match(text)
    if found is None:
        return entity
    cut = found.end()
    stretches = list(entity.stretches)
    # The text of a discontinuous entity is its stretches joined by one space each.
    while cut > stretches[0][1] - stretches[0][0]:
        cut -= stretches[0][1] - stretches[0][0] + 1
        del stretches[0]
    stretches[0] = (stretches[0][0] + cut, stretches[0][1])
    parts = tuple(stretches) if len(stretches) > 1 else ()
    return replace(entity, start=stretches[0][0], text=text[found.end() :], parts=parts)


def text_of(entity: Entity) -> str:
    """What the entity says.

    Raises:
        ValueError: The entity carries no text.
    """
    if not entity.text:
        where = f"{entity.label!r} at [{entity.start}, {entity.end})"
        raise ValueError(f"expected every entity to carry its text, {where} has none; fill Entity.text")
    return entity.text


def match(gold: Collection[Entity], predicted: Collection[Entity]) -> Matching:
    """Pairs gold and predicted entities one to one.

    Of all pairings of overlapping spans it is one with most pairs that agree in span and label, then with most that
    agree in span, then in label, then with most shared code points, then with most pairs. Two spans are the same when
    start, end and parts are; discontinuous ones share what their parts share. Both sides are read as sets, and what
    the criteria leave open is decided by the spans' order in the text, never by the order in which they are given.

    Example:
        >>> match([Entity(0, 5, "PER")], [Entity(0, 3, "PER"), Entity(0, 5, "PER")]).spurious
        (Entity(start=0, end=3, label='PER', text='', score=None, parts=()),)
    """
    wanted = {(e.start, e.end, e.label, e.parts): e for e in gold}
    given = {(e.start, e.end, e.label, e.parts): e for e in predicted}
    found = align(gold, predicted)
    pairs = [*((mark, mark) for mark in found.same), *found.pairs]
    return Matching(
        tuple(Pair(wanted[one], given[other]) for one, other in sorted(pairs)),
        tuple(wanted[mark] for mark in found.missed),
        tuple(given[mark] for mark in found.spurious),
    )


def align(gold: Collection[Entity], predicted: Collection[Entity]) -> Alignment:
    """`match` for counting: the same pairs, as marks. What is returned is shared and must not be changed."""
    global _latest
    if gold is _latest[0] and predicted is _latest[1]:
        return _latest[2]
    wanted, given = marks(gold), marks(predicted)
    # A mark has one equal at most, so all of those pairs fit together and outrank any other choice.
    same = wanted & given
    left, right = sorted(wanted - given), sorted(given - wanted)
    found = Alignment(same, left, right, pair_runs(left, right) if left and right else [])
    # Tuples alone: a list that is changed would keep its identity.
    if type(gold) is tuple and type(predicted) is tuple:
        _latest = (gold, predicted, found)
    return found


# The last result of `align` and what it came from: several metrics look at an example one after the other.
_latest: tuple[Collection[Entity], Collection[Entity], Alignment] = ((), (), Alignment(set(), [], [], []))


def pair_runs(gold: list[Mark], predicted: list[Mark]) -> list[tuple[Mark, Mark]]:
    """Pairs of two sorted lists, run by run of spans that hang together; no pair reaches from one into another."""
    pairs: list[tuple[Mark, Mark]] = []
    i, j, golds, answers = 0, 0, len(gold), len(predicted)
    while i < golds and j < answers:
        # Nearly all spans are by themselves: the one that ends before the other side's next begins answers nothing.
        if gold[i][1] <= predicted[j][0]:
            i += 1
            continue
        if predicted[j][1] <= gold[i][0]:
            j += 1
            continue
        first, other = i, j
        reach = min(gold[i][0], predicted[j][0]) + 1
        while True:
            if i < golds and gold[i][0] < reach:
                reach = max(reach, gold[i][1])
                i += 1
            elif j < answers and predicted[j][0] < reach:
                reach = max(reach, predicted[j][1])
                j += 1
            else:
                break
        pairs += _assign(gold[first:i], predicted[other:j])
    return pairs


def _shared(one: Mark, other: Mark) -> int:
    if not one[3] and not other[3]:
        return max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return sum(
        max(0, min(end, last) - max(start, first))
        for start, end in one[3] or (one[:2],)
        for first, last in other[3] or (other[:2],)
    )


def _assign(gold: list[Mark], predicted: list[Mark]) -> list[tuple[Mark, Mark]]:
    """The best pairs of one run."""
    if len(gold) == len(predicted) == 1:
        return [(gold[0], predicted[0])] if _shared(gold[0], predicted[0]) else []
    # The criteria as digits of one number, each place larger than all places below it can add up to.
    most = min(len(gold), len(predicted))
    length = sum(end - start for start, end, _, _ in gold)
    label_place = (length + 1) * (most + 1)
    span_place = label_place * (most + 1)
    weights: dict[tuple[int, int], int] = {}
    for i, one in enumerate(gold):
        for j, other in enumerate(predicted):
            if shared := _shared(one, other):
                same_span = one[:2] == other[:2] and one[3] == other[3]
                digits = span_place * same_span + label_place * (one[2] == other[2])
                weights[i, j] = digits + (most + 1) * shared + 1
    if len({i for i, _ in weights}) == len(weights) == len({j for _, j in weights}):
        chosen = list(weights)
    elif most == 1:
        chosen = [max(weights, key=weights.__getitem__)]
    else:
        # What the solver adds up on its way are the weights along a path, at most two for each pair.
        largest = 4 * (most + 1) * max(weights.values())
        if largest < _EXACT_FLOAT:
            # Imported here because few corpora need it and it would cost every start of the program.
            from scipy.optimize import linear_sum_assignment

            matrix = np.zeros((len(gold), len(predicted)))
            for place, weight in weights.items():
                matrix[place] = weight
            rows, columns = linear_sum_assignment(matrix, maximize=True)
            found = list(zip(rows.tolist(), columns.tolist(), strict=True))
        else:
            whole = np.zeros((len(gold), len(predicted)), dtype=np.int64 if largest < _EXACT_INT else object)
            for place, weight in weights.items():
                whole[place] = weight
            found = _exact_assignment(whole)
        chosen = [place for place in found if place in weights]
    return [(gold[i], predicted[j]) for i, j in chosen]


def _exact_assignment(weights: NDArray[Any]) -> list[tuple[int, int]]:
    """`linear_sum_assignment(weights, maximize=True)` in whole numbers of any size.

    Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957), one row after the other; row and column 0 stand
    for "none". Slower than the library, and needed only where thousands of spans, or spans of millions of characters,
    hang together.
    """
    if weights.shape[0] > weights.shape[1]:
        return sorted((row, column) for column, row in _exact_assignment(weights.T))
    rows, columns = weights.shape
    row_of = np.zeros(columns + 1, dtype=np.intp)
    row_potential = np.zeros(rows + 1, dtype=weights.dtype)
    potential = np.zeros(columns + 1, dtype=weights.dtype)
    for row in range(1, rows + 1):
        row_of[0] = row
        distance = np.zeros(columns + 1, dtype=weights.dtype)
        before = np.full(columns + 1, -1)
        done = np.zeros(columns + 1, dtype=bool)
        at = 0
        while True:
            done[at] = True
            here = row_of[at]
            step = -weights[here - 1] - row_potential[here] - potential[1:]
            nearer = ~done[1:] & ((before[1:] < 0) | (step < distance[1:]))
            distance[1:][nearer] = step[nearer]
            before[1:][nearer] = at
            open_columns = np.flatnonzero(~done)
            nearest = int(open_columns[np.argmin(distance[open_columns])])
            delta = distance[nearest]
            row_potential[row_of[done]] += delta
            potential[done] -= delta
            distance[~done] -= delta
            at = nearest
            if row_of[at] == 0:
                break
        while at:
            row_of[at] = row_of[before[at]]
            at = int(before[at])
    return sorted((int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column])
