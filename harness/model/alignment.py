"""Which gold token each predicted token stands for, where another system's tokens are not quite the gold's.

By order where the sentences have the same lengths, else resynchronised on the text: runs of equal tokens are found
again after each difference, and what lies between two runs is paired at the least cost. Nothing is ever guessed in
silence: what has no counterpart is said to have none, and a text that is another text is refused.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

# How far the two sides may drift apart before a run of so many equal tokens must follow: the wider, the longer the run,
# so that "of the ," does not pass for a place found again.
_WINDOWS = ((128, 3), (2048, 8), (65_536, 16))
_END = ("\0",) * _WINDOWS[-1][1]
# Most positions of one run of tokens that are tried: "! ! ! !" is no place.
_TRIED = 16
# Most cells of the table that pairs the tokens between two runs: about a second. What lies further apart is not paired.
_CELLS = 250_000
# Least share of tokens that are the same on both sides, in any case of letters: below it, it is another text.
_LEAST_SHARE = 0.5
# Below so many tokens a stretch is too short for that share to mean anything.
_FEW = 8
# Into how many tokens one token of the other side may be cut inside a differing stretch.
_PIECES = 6
_UNPAIRED, _CUT_OTHERWISE, _ALIKE, _UNLIKE = 0.6, 0.1, 0.5, 1.0


class UnalignableError(ValueError):
    """The two sides cannot be brought together.

    Args:
        gold: Number of the gold token where it fails; may be the number of all tokens.
        predicted: Likewise of the predicted token.
        why: What was found there.
    """

    def __init__(self, gold: int, predicted: int, why: str) -> None:
        super().__init__(why)
        self.gold, self.predicted, self.why = gold, predicted, why


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where predicted tokens stand among the gold's, whose characters are counted without anything between tokens.

    Args:
        edges: Where each gold token begins, and after them the end of the last.
        places: By predicted token its stretch [start, end) of gold characters; None where it has no counterpart.
        partners: By predicted token the one gold token that it stands for alone; None where there is no such token.
    """

    edges: list[int]
    places: list[tuple[int, int] | None]
    partners: list[int | None]

    def first_token(self, start: int) -> int:
        """The gold token that holds the character `start`."""
        return bisect_right(self.edges, start) - 1

    def last_token(self, end: int) -> int:
        """The gold token that holds the character before `end`."""
        return bisect_left(self.edges, end) - 1

    def covered(self) -> set[int]:
        """Gold tokens of which a predicted token covers any part."""
        return {
            token
            for place in self.places
            if place is not None
            for token in range(self.first_token(place[0]), self.last_token(place[1]) + 1)
        }


class _Block(NamedTuple):
    gold: range
    predicted: range


def align(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Alignment:
    """Aligns two sequences of sentences of tokens.

    Raises:
        UnalignableError: No equal run of tokens follows a difference, or fewer than half of the tokens are the same.

    Example:
        >>> align([["in", "New", "York"]], [["in", "New-", "York", "!"]]).partners
        [0, 1, 2, None]
    """
    wanted = [token for sentence in gold for token in sentence]
    given = [token for sentence in predicted for token in sentence]
    found = Alignment([0, *accumulate(map(len, wanted))], [None] * len(given), [None] * len(given))
    if "".join(wanted) == "".join(given):
        # The same text cut otherwise, or into other sentences.
        _by_characters(found, _Block(range(len(wanted)), range(len(given))), given)
    elif [len(sentence) for sentence in gold] == [len(sentence) for sentence in predicted]:
        for number in range(len(given)):
            _pair(found, number, number)
    else:
        for block in _blocks(wanted, given):
            _resolve(found, block, wanted, given)
    _refuse_another_text(found, wanted, given)
    return found


def _pair(found: Alignment, token: int, number: int) -> None:
    found.places[number] = (found.edges[token], found.edges[token + 1])
    found.partners[number] = token


def _by_characters(found: Alignment, block: _Block, given: Sequence[str]) -> None:
    position = found.edges[block.gold.start]
    for number in block.predicted:
        end = position + len(given[number])
        found.places[number] = (position, end)
        token = found.first_token(position)
        if (found.edges[token], found.edges[token + 1]) == (position, end):
            found.partners[number] = token
        position = end


def _blocks(wanted: Sequence[str], given: Sequence[str]) -> Iterator[_Block]:
    """Runs of equal tokens, and between them what differs, in order and without gaps."""
    whole, all_given = [*wanted, *_END], [*given, *_END]
    here, there = 0, 0
    while here < len(wanted) or there < len(given):
        length = 0
        while (
            here + length < len(wanted)
            and there + length < len(given)
            and wanted[here + length] == given[there + length]
        ):
            length += 1
        if length:
            yield _Block(range(here, here + length), range(there, there + length))
            here, there = here + length, there + length
        if here < len(wanted) and there < len(given):
            more, extra = _next_run(whole, all_given, here, there)
        else:
            more, extra = len(wanted) - here, len(given) - there
        if more or extra:
            yield _Block(range(here, here + more), range(there, there + extra))
            here, there = here + more, there + extra


def _next_run(wanted: Sequence[str], given: Sequence[str], here: int, there: int) -> tuple[int, int]:
    """How many tokens of each side lie before the nearest run of equal ones; both sides end with the same run."""
    for width, size in _WINDOWS:
        places: dict[tuple[str, ...], list[int]] = {}
        for extra in range(min(width, len(given) - len(_END) - there) + 1):
            places.setdefault(tuple(given[there + extra : there + extra + size]), []).append(extra)
        best: tuple[int, int, int, int] | None = None
        for more in range(min(width, len(wanted) - len(_END) - here) + 1):
            if best is not None and more > best[0]:
                break
            for extra in places.get(tuple(wanted[here + more : here + more + size]), ())[:_TRIED]:
                if not _plausible(wanted[here : here + more], given[there : there + extra]):
                    continue
                candidate = (max(more, extra), abs(more - extra), more, extra)
                best = candidate if best is None else min(best, candidate)
        if best is not None:
            return best[2], best[3]
    raise UnalignableError(here, there, "no run of equal tokens follows")


def _plausible(wanted: Sequence[str], given: Sequence[str]) -> bool:
    """Whether two stretches between runs may say the same: a phrase that a corpus repeats is no place found again."""
    smaller = min(len(wanted), len(given))
    if len(wanted) * len(given) > _CELLS:
        return False
    shared = sum((Counter(wanted) & Counter(given)).values())
    return smaller < _FEW or len(wanted) == len(given) or shared >= _LEAST_SHARE * smaller


def _resolve(found: Alignment, block: _Block, wanted: Sequence[str], given: Sequence[str]) -> None:
    gold, predicted = block
    if not gold or not predicted:
        return
    golden, answered = wanted[gold.start : gold.stop], given[predicted.start : predicted.stop]
    if "".join(golden) == "".join(answered):
        _by_characters(found, block, given)
    else:
        for piece in _cheapest(golden, answered):
            tokens = range(gold.start + piece.gold.start, gold.start + piece.gold.stop)
            numbers = range(predicted.start + piece.predicted.start, predicted.start + piece.predicted.stop)
            if len(tokens) == len(numbers) == 1:
                _pair(found, tokens[0], numbers[0])
            elif tokens and numbers:
                _by_characters(found, _Block(tokens, numbers), given)


def _cheapest(wanted: Sequence[str], given: Sequence[str]) -> list[_Block]:
    """Pairs of tokens, one token against its pieces, and single tokens without counterpart, at the least cost."""
    rows, columns = len(wanted), len(given)
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    step = [[(0, 0)] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            if not i and not j:
                continue
            # In order of preference among equals.
            choices: list[tuple[float, tuple[int, int]]] = []
            if i and j:
                choices.append((cost[i - 1][j - 1] + _unlikeness(wanted[i - 1], given[j - 1]), (1, 1)))
                choices += [(cost[i - m][j - n] + _CUT_OTHERWISE, (m, n)) for m, n in _cuts(wanted[:i], given[:j])]
            if i:
                choices.append((cost[i - 1][j] + _UNPAIRED, (1, 0)))
            if j:
                choices.append((cost[i][j - 1] + _UNPAIRED, (0, 1)))
            cost[i][j], step[i][j] = min(choices, key=lambda choice: choice[0])
    found = []
    i, j = rows, columns
    while i or j:
        m, n = step[i][j]
        found.append(_Block(range(i - m, i), range(j - n, j)))
        i, j = i - m, j - n
    return found[::-1]


def _unlikeness(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _ALIKE if one[0] == other[0] or one in other or other in one else _UNLIKE


def _cuts(wanted: Sequence[str], given: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Sizes of a last token of one side and its pieces at the end of the other."""
    for one, pieces, turned in ((wanted[-1], given, False), (given[-1], wanted, True)):
        text = ""
        for count in range(1, min(_PIECES, len(pieces)) + 1):
            text = pieces[-count] + text
            if not one.endswith(text):
                break
            if text == one and count > 1:
                yield (count, 1) if turned else (1, count)


def _refuse_another_text(found: Alignment, wanted: Sequence[str], given: Sequence[str]) -> None:
    same, first = 0, None
    for number, (token, place) in enumerate(zip(found.partners, found.places, strict=True)):
        alike = place is not None and (token is None or wanted[token].casefold() == given[number].casefold())
        same += alike
        if first is None and not alike:
            first = (token if token is not None else min(number, len(wanted)), number)
    size = min(len(wanted), len(given))
    if first is not None and same < _LEAST_SHARE * size:
        raise UnalignableError(*first, f"only {same} of {size} tokens are the same, so this is another text")
