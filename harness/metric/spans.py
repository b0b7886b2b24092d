"""Which gold span a predicted span answers: a one-to-one matching of maximum weight, whatever the input's order."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from harness.records import Entity


class Pair(NamedTuple):
    """A gold entity and the prediction that answers it."""

    gold: Entity
    predicted: Entity


class Matching(NamedTuple):
    """Every gold entity and every prediction, each exactly once: in a pair, missed or spurious."""

    pairs: tuple[Pair, ...]
    missed: tuple[Entity, ...]
    spurious: tuple[Entity, ...]


class _Spans(NamedTuple):
    gold: list[Entity]
    predicted: list[Entity]


def overlap(one: Entity, other: Entity) -> int:
    """Code points that two spans share; spans that only touch, [0, 5) and [5, 9), share none."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def covered(entities: Collection[Entity]) -> int:
    """Code points that at least one of the spans covers."""
    size, reach = 0, 0
    for start, end in sorted((entity.start, entity.end) for entity in entities):
        size += max(0, end - max(start, reach))
        reach = max(reach, end)
    return size


def match(gold: Collection[Entity], predicted: Collection[Entity]) -> Matching:
    """Pairs gold and predicted entities one to one.

    Of all pairings of overlapping spans it is one with most pairs that agree in span and label, then with most that
    agree in span, then in label, then with most shared code points, then with most pairs. Both sides are read as sets.

    Example:
        >>> match([Entity(0, 5, "PER")], [Entity(0, 3, "PER"), Entity(0, 5, "PER")]).spurious
        (Entity(start=0, end=3, label='PER', text='', score=None),)
    """
    wanted, given = set(gold), set(predicted)
    # An entity has one exact equal at most, so all of those pairs fit together and outrank any other choice.
    pairs = [Pair(entity, entity) for entity in wanted & given]
    for cluster in _clusters(wanted - given, given - wanted):
        pairs.extend(_assign(cluster))
    missed = wanted.difference(pair.gold for pair in pairs)
    spurious = given.difference(pair.predicted for pair in pairs)
    return Matching(tuple(sorted(pairs)), tuple(sorted(missed)), tuple(sorted(spurious)))


def _clusters(gold: Collection[Entity], predicted: Collection[Entity]) -> Iterator[_Spans]:
    """Runs of spans that hang together by overlap, in text order; no pair reaches from one into another."""
    if not gold or not predicted:
        return
    sides = sorted([(entity, False) for entity in gold] + [(entity, True) for entity in predicted])
    cluster, reach = _Spans([], []), 0
    for entity, is_predicted in sides:
        if entity.start >= reach:
            yield cluster
            cluster = _Spans([], [])
        (cluster.predicted if is_predicted else cluster.gold).append(entity)
        reach = max(reach, entity.end)
    yield cluster


def _assign(spans: _Spans) -> list[Pair]:
    gold, predicted = spans
    most = min(len(gold), len(predicted))
    if most == 0:
        return []
    # The criteria as digits of one number, each place larger than all places below it can add up to.
    length = sum(entity.end - entity.start for entity in gold)
    label_place = (length + 1) * (most + 1)
    span_place = label_place * (most + 1)
    weights: dict[tuple[int, int], int] = {}
    for i, entity in enumerate(gold):
        for j, answer in enumerate(predicted):
            if shared := overlap(entity, answer):
                same_span = (entity.start, entity.end) == (answer.start, answer.end)
                digits = span_place * same_span + label_place * (entity.label == answer.label)
                weights[i, j] = digits + (most + 1) * shared + 1
    if len({i for i, _ in weights}) == len(weights) == len({j for _, j in weights}):
        chosen = list(weights)
    elif most == 1:
        chosen = [max(weights, key=weights.__getitem__)]
    else:
        # Imported here because few corpora need it and it would cost every start of the program.
        from scipy.optimize import linear_sum_assignment

        matrix = np.zeros((len(gold), len(predicted)))
        for place, weight in weights.items():
            matrix[place] = weight
        found = zip(*(side.tolist() for side in linear_sum_assignment(matrix, maximize=True)), strict=True)
        chosen = [place for place in found if place in weights]
    return [Pair(gold[i], predicted[j]) for i, j in chosen]
