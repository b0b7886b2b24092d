"""Where in a text the strings stand that a model named without saying where (as language models do).

A string is looked for as it is, at word edges; where it stands at none, as it is anywhere; else without regard to case
and to how much white space lies between its words, at word edges. A string that is in none of these places cannot be
grounded. Which of several places is meant is a policy:

- `first`: the first place, for every mention; mentions of one string and label fall together.
- `aligned`: mentions are read in text order: of all choices that keep that order one that places most mentions; those
  that do not fit the order go to the first place of their string that no other mention of it has, if there is one.
- `all`: every place.
- `oracle`: the places that agree with most gold entities of the label, each place for one mention: an upper bound.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from harness.records import Entity, Mention

Policy = Literal["first", "aligned", "all", "oracle"]
POLICIES: tuple[Policy, ...] = ("first", "aligned", "all", "oracle")


class Grounded(NamedTuple):
    """The entities that mentions became, and how many mentions became none."""

    entities: frozenset[Entity]
    ungrounded: int


def ground(mentions: Sequence[Mention], text: str, policy: Policy, gold: Collection[Entity] = ()) -> Grounded:
    """Gives mentions their places in a text.

    Args:
        mentions: In the order in which the model named them.
        text: The text; offsets count from its start.
        policy: Which place, where a string stands in several.
        gold: Gold entities by the same offsets; only `oracle` looks at them.

    Example:
        >>> mentions = [Mention("PER", "Ann"), Mention("GPE", "Paris"), Mention("PER", "Ann")]
        >>> sorted(entity.start for entity in ground(mentions, "Ann met Bo in Paris. Ann left.", "aligned").entities)
        [0, 14, 21]
    """
    found = [places(text, mention.text) for mention in mentions]
    ungrounded = sum(not spans for spans in found)
    if policy == "all":
        chosen = list(found)
    elif policy == "first":
        chosen = [spans[:1] for spans in found]
    elif policy == "aligned":
        chosen = _aligned(mentions, found)
    else:
        chosen = _oracle(mentions, found, gold)
    entities = frozenset(
        Entity(start, end, mention.label, text[start:end])
        for mention, spans in zip(mentions, chosen, strict=True)
        for start, end in spans
    )
    return Grounded(entities, ungrounded)


@lru_cache(maxsize=65_536)
def places(text: str, string: str) -> tuple[tuple[int, int], ...]:
    """Where a string stands in a text, in order and without overlap; see the module for what counts as standing there.

    Example:
        >>> places("Russia and the US. US!", "US")
        ((15, 17), (19, 21))
    """
    words = string.split()
    if not words:
        return ()
    exact = re.escape(string.strip())
    loose = r"\s+".join(re.escape(word) for word in words)
    for pattern, flags in ((_edged(exact, string.strip()), 0), (exact, 0), (_edged(loose, string.strip()), re.I)):
        spans = tuple(match.span() for match in re.finditer(pattern, text, flags))
        if spans:
            return spans
    return ()


def _edged(pattern: str, string: str) -> str:
    """The pattern where no letter or digit goes on, on the sides where the string itself ends in one."""
    before = r"(?<!\w)" if re.match(r"\w", string[0]) else ""
    after = r"(?!\w)" if re.match(r"\w", string[-1]) else ""
    return f"{before}{pattern}{after}"


def _aligned(
    mentions: Sequence[Mention], found: Sequence[tuple[tuple[int, int], ...]]
) -> list[tuple[tuple[int, int], ...]]:
    """The longest order-keeping choice (longest increasing subsequence over all places), the rest by the first free."""
    # Places of one mention are entered from the last to the first, so that a mention is never its own successor.
    ends: list[tuple[int, int]] = []  # the smallest start that a chain of each length can end with, and its node
    nodes: list[tuple[int, tuple[int, int], int]] = []  # mention, place, node before
    for number, spans in enumerate(found):
        for span in reversed(spans):
            length = bisect_left(ends, (span[0], -1))
            nodes.append((number, span, ends[length - 1][1] if length else -1))
            ends[length : length + 1] = [(span[0], len(nodes) - 1)]
    chosen: dict[int, tuple[int, int]] = {}
    node = ends[-1][1] if ends else -1
    while node >= 0:
        number, span, node = nodes[node]
        chosen[number] = span
    taken: dict[str, set[tuple[int, int]]] = {}
    for number, span in chosen.items():
        taken.setdefault(mentions[number].text, set()).add(span)
    for number, spans in enumerate(found):
        if number in chosen:
            continue
        used = taken.setdefault(mentions[number].text, set())
        free = next((span for span in spans if span not in used), None)
        if free is not None:
            chosen[number] = free
            used.add(free)
    return [(chosen[number],) if number in chosen else () for number in range(len(mentions))]


def _oracle(
    mentions: Sequence[Mention], found: Sequence[tuple[tuple[int, int], ...]], gold: Collection[Entity]
) -> list[tuple[tuple[int, int], ...]]:
    wanted = {(entity.start, entity.end, entity.label) for entity in gold if not entity.parts}
    right = [[s for s in spans if (*s, m.label) in wanted] for m, spans in zip(mentions, found, strict=True)]
    holder: dict[tuple[tuple[int, int], str], int] = {}

    def place(number: int, tried: set[tuple[tuple[int, int], str]]) -> bool:
        """Finds the mention a gold place, moving others aside (augmenting paths of bipartite matching)."""
        for span in right[number]:
            key = (span, mentions[number].label)
            if key not in tried:
                tried.add(key)
                if key not in holder or place(holder[key], tried):
                    holder[key] = number
                    return True
        return False

    for number in range(len(mentions)):
        place(number, set())
    chosen = {number: span for (span, _), number in holder.items()}
    # A mention beyond the gold ones does least harm at a gold place of its own string that another mention has.
    return [
        (chosen[number],) if number in chosen else tuple(right[number][:1] or spans[:1])
        for number, spans in enumerate(found)
    ]
