"""How each scorer reads the tags of one sentence: the same tags, another set of entities.

Each reading copies a tool's rules, its flaws too, because a number is to be compared with that tool's number.
Positions count tokens, end-exclusive.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from harness.tags import TagSpan

# Pairs of prefixes, of the token before and of this one, between which the perl script of 2004-01-26 sees a chunk end
# or begin. It knows E- from other chunkings, but neither E- before B- nor S-, L- and U- at all: those begin and end a
# chunk only where the label changes.
_PERL_ENDS = frozenset({"BB", "BO", "IB", "IO", "EE", "EI", "EO"})
_PERL_BEGINS = frozenset({"BB", "IB", "OB", "OI", "OE", "EE", "EI"})
_OUTSIDE = ("O", ".")
# Prefixes that seqeval's IOB2 and the WNUT script refuse.
FOREIGN = "ESLU"
_AS_IOBES = str.maketrans("LU", "ES")


@lru_cache(maxsize=4096)
def parts_of(tag: str) -> tuple[str, str]:
    """Prefix and label; a tag without a hyphen is all prefix."""
    prefix, _, label = tag.partition("-")
    return prefix, label


def conlleval(gold: Sequence[str], predicted: Sequence[str]) -> tuple[int, int, int]:
    """Correct, gold and predicted chunks of one sentence, in one pass as the perl script counts them.

    A chunk is correct when it begins and ends on both sides at once with one label throughout; chunks are counted where
    they begin. With prefixes that the script does not know that is not the same as comparing two sets of chunks.
    """
    correct = golden = found = 0
    inside = False
    before = (("O", ""), ("O", ""))
    for tags in [*zip(map(parts_of, gold), map(parts_of, predicted), strict=True), (("O", ""), ("O", ""))]:
        ends = [_perl(_PERL_ENDS, *pair, of=pair[0]) for pair in zip(before, tags, strict=True)]
        begins = [_perl(_PERL_BEGINS, *pair, of=pair[1]) for pair in zip(before, tags, strict=True)]
        same_label = tags[0][1] == tags[1][1]
        if inside and all(ends) and before[0][1] == before[1][1]:
            correct += 1
            inside = False
        elif inside and (ends[0] != ends[1] or not same_label):
            inside = False
        if all(begins) and same_label:
            inside = True
        golden += begins[0]
        found += begins[1]
        before = tags
    return correct, golden, found


def _perl(pairs: frozenset[str], before: tuple[str, str], tag: tuple[str, str], of: tuple[str, str]) -> bool:
    # Brackets are chunks of one token; a full stop continues what a bracket opened, and is outside here.
    if before[0] + tag[0] in pairs or of[0] in ("[", "]"):
        return True
    return of[0] not in _OUTSIDE and before[1] != tag[1]


def seqeval_default(tags: Sequence[str]) -> set[TagSpan]:
    """seqeval without `mode`: `B-` and `S-` always begin an entity, `E-` and `S-` always end one; else as conlleval.

    `L-` and `U-` have no rule of their own there, so adjacent `U-` of one label are one entity.
    """
    found: set[TagSpan] = set()
    start, before, label_before = 0, "O", ""
    for position, tag in enumerate([*tags, "O"]):
        # seqeval calls the label of O "_".
        prefix, label = tag[:1], parts_of(tag)[1] or "_"
        changed = label_before != label
        if before in "ES" or (before in "BI" and prefix in "BSO") or (before not in _OUTSIDE and changed):
            found.add(TagSpan(start, position, label_before))
        if prefix in "BS" or (before in "ESO" and prefix in "EI") or (prefix not in _OUTSIDE and changed):
            start = position
        before, label_before = prefix, label
    return found


def strict_iob2(tags: Sequence[str]) -> set[TagSpan]:
    """seqeval `mode="strict", scheme=IOB2`: `B-X` and each `I-X` after it; an `I-` that continues nothing is none."""
    found: set[TagSpan] = set()
    start: int | None = None
    label = ""
    for position, tag in enumerate([*tags, "O"]):
        prefix, name = parts_of(tag)
        if prefix == "I" and start is not None and name == label:
            continue
        if start is not None:
            found.add(TagSpan(start, position, label))
        start, label = (position, name) if prefix == "B" else (None, "")
    return found


def strict_iobes(tags: Sequence[str]) -> set[TagSpan]:
    """seqeval `mode="strict", scheme=IOBES`: `S-X` alone, or `B-X`, any `I-X`, `E-X`; all else is dropped.

    BILOU is read as IOBES (`L` for `E`, `U` for `S`), which is seqeval's `scheme=BILOU`.
    """
    found: set[TagSpan] = set()
    start: int | None = None
    label = ""
    for position, tag in enumerate(tags):
        prefix, name = parts_of(tag)
        prefix = prefix.translate(_AS_IOBES)
        if prefix == "S":
            found.add(TagSpan(position, position + 1, name))
        elif prefix == "E" and start is not None and name == label:
            found.add(TagSpan(start, position + 1, name))
        if prefix == "B":
            start, label = position, name
        elif prefix != "I" or name != label:
            start, label = None, ""
    return found


def foreign(tags: Iterable[str]) -> int:
    """Tags whose prefix is neither B, I nor O."""
    return sum(tag[:1] in FOREIGN for tag in tags)
