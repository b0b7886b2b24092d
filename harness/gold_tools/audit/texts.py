"""Texts that stand twice, in whole or for the most part, and splits that share them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harness.gold_tools.audit.base import Audited, Finding

# Runs of so many words are compared; shorter texts only as wholes.
RUN = 5
# Of the shorter text's runs so many must stand in the longer one.
SHARE = 0.8
# Texts of fewer words ("Thank you.") are alike by chance.
FEWEST_WORDS = 5
FEWEST_RUNS = 8
# Beyond so many runs a sample of them is compared: enough for 100 million words in a few GB.
MOST_RUNS = 20_000_000
# How many earlier owners of a run are looked at, and which share of the runs a pair must have in common so that all are
# compared.
_BEFORE = 8
_LIKELY = 0.25
_SHOWN = 80

_Hashes = NDArray[np.uint64]
_Places = NDArray[np.int64]


def findings(audited: Audited) -> Iterator[Finding]:
    """Each text that is the same as, or nearly within, one before it."""
    same: dict[tuple[str, ...], str] = {}
    distinct: list[str] = []
    for doc, said in audited.words.items():
        first = same.setdefault(said, doc)
        if first == doc:
            distinct.append(doc)
        elif len(said) >= FEWEST_WORDS:
            yield _finding(audited, "text_twice", doc, first, "the same words as")
    for doc, other, share in _near(audited, distinct):
        yield _finding(
            audited, "text_nearly_twice", doc, other, f"{int(100 * share)}% of its runs of {RUN} words stand in"
        )


def _finding(audited: Audited, kind: str, doc: str, other: str, what: str) -> Finding:
    apart = _apart(audited, doc, other)
    splits = [audited.corpus.documents[one].metadata.get("split") for one in (doc, other)]
    remark = f" (split {splits[0]}, the other {splits[1]})" if apart else ""
    place = audited.places.get(other)
    text = " ".join(audited.corpus.documents[doc].text[: 2 * _SHOWN].split())[:_SHOWN]
    return Finding(
        kind="text_in_two_splits" if apart else kind,
        what=f"{what} {other!r}{f' at {place}' if place else ''}{remark}",
        where=audited.places.get(doc),
        doc=doc,
        text=text,
    )


def _apart(audited: Audited, doc: str, other: str) -> bool:
    splits = [audited.corpus.documents[one].metadata.get("split") for one in (doc, other)]
    return splits[0] != splits[1] and None not in splits


def _near(audited: Audited, docs: list[str]) -> Iterator[tuple[str, str, float]]:
    """Documents most of whose runs stand in another one, which is longer or comes before."""
    runs = _runs([audited.words[doc] for doc in docs])
    sizes = np.array([len(own) for own in runs], dtype=np.int64)
    if sizes.sum() == 0:
        return
    hashes = np.concatenate(runs)
    owners = np.repeat(np.arange(len(docs)), sizes)
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    found, counts = _shared(hashes, owners, len(docs))
    one, other = found // len(docs), found % len(docs)
    likely = counts >= _LIKELY * np.minimum(sizes[one], sizes[other])
    # A text is told once: beside one of another split, if there is such a one.
    best: dict[int, tuple[bool, float, int]] = {}
    for a, b in zip(one[likely].tolist(), other[likely].tolist(), strict=True):
        shorter, longer = (a, b) if (sizes[a], -a) < (sizes[b], -b) else (b, a)
        if sizes[shorter] < FEWEST_RUNS:
            continue
        share = len(np.intersect1d(runs[shorter], runs[longer], assume_unique=True)) / sizes[shorter]
        if share >= SHARE:
            apart = _apart(audited, docs[shorter], docs[longer])
            best[shorter] = max(best.get(shorter, (False, 0.0, 0)), (apart, float(share), longer))
    for shorter, (_, share, longer) in sorted(best.items()):
        yield docs[shorter], docs[longer], share


def _shared(hashes: _Hashes, owners: _Places, number: int) -> tuple[_Places, _Places]:
    """Pairs of documents, as later * number + earlier, and how many runs they share.

    Each owner of a run is paired with the few before it and with the first, so that no run costs more than that. Of
    runs with many owners, such as the boilerplate of a site, not every pair is counted.
    """
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]])
    first = np.repeat(owners[starts], np.diff(np.r_[starts, len(hashes)]))
    place = np.arange(len(hashes)) - np.repeat(starts, np.diff(np.r_[starts, len(hashes)]))
    pairs = [np.unique((owners * number + first)[place > _BEFORE], return_counts=True)]
    for back in range(1, _BEFORE + 1):
        follows = np.flatnonzero(place >= back)
        pairs.append(np.unique(owners[follows] * number + owners[follows - back], return_counts=True))
    found, where = np.unique(np.concatenate([keys for keys, _ in pairs]), return_inverse=True)
    counts = np.bincount(where, np.concatenate([counts for _, counts in pairs]), len(found))
    return found, counts.astype(np.int64)


def _runs(texts: list[tuple[str, ...]]) -> list[_Hashes]:
    """The distinct runs of each text, as sorted hashes; of very many texts a sample that is the same for all."""
    numbers: dict[str, int] = {}
    total = sum(map(len, texts))
    every = np.uint64(1 + total // MOST_RUNS)
    found = []
    for said in texts:
        codes = np.fromiter((numbers.setdefault(w, len(numbers) + 1) for w in said), np.uint64, len(said))
        runs = np.zeros(max(0, len(said) - RUN + 1), np.uint64)
        for place in range(RUN):
            # A polynomial over the words, modulo 2**64; its last bits are mixed before a sample is taken by them.
            runs = runs * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + len(runs)]
        runs ^= runs >> np.uint64(31)
        runs = np.unique(runs * np.uint64(0xBF58476D1CE4E5B9))
        found.append(runs if every == 1 else runs[(runs >> np.uint64(40)) % every == 0])
    return found
