"""Which documents of the gold are answered by which predicted documents, where their ids need not agree."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.gold import Corpus
from harness.records import Row

# Ids that a format gives to documents that have none: the file's stem and a number.
_NUMBERED = re.compile(r"(?P<stem>.*):(?P<number>[1-9]\d*)", re.DOTALL)


def matched_documents(documents: Mapping[str, Row], corpus: Corpus) -> list[tuple[list[str], list[str] | None]]:
    """Which predicted documents answer which gold ones; None for those that are taken as they are.

    One file each is matched whole where the predictions' ids only count, or where none of them is an id of the gold.
    Several files are matched by their stems. Any other document is matched by its id.

    Args:
        documents: The predicted `documents` rows by id, in file order.
        corpus: The gold.
    """

    def known(doc: str) -> bool:
        return doc in corpus.documents or doc in corpus.outside

    def same(doc: str) -> bool:
        return doc in corpus.outside or (
            doc in corpus.documents and corpus.documents[doc].text == documents[doc].fields["text"]
        )

    if all(same(doc) for doc in documents):
        return [(list(documents), None)]
    theirs, ours = _series(list(documents)), _series(list(corpus.documents))
    files = {_file(row.where) for row in documents.values()}
    golden = {_file(sentence.where) for doc in corpus.documents for sentence in corpus.tagged.get(doc, ())[:1]}
    one_file = len(files) == len(golden) == 1 and all(doc in corpus.tagged for doc in corpus.documents)
    counted = len(theirs) == len(documents) and len(set(theirs.values())) == 1
    if one_file and (counted or not any(map(known, documents))):
        return [(list(documents), list(corpus.documents))]
    groups: list[tuple[list[str], list[str] | None]] = []
    taken: set[str] = set()
    for stem in dict.fromkeys(theirs.values()):
        members = [doc for doc, of in theirs.items() if of == stem]
        golds = [doc for doc, of in ours.items() if of == stem]
        if golds and not all(map(same, members)):
            groups.append((members, golds))
            taken.update(members)
    for doc in documents:
        if doc not in taken:
            groups.append(([doc], [doc] if doc in corpus.documents and not same(doc) else None))
    return groups


def _series(ids: Sequence[str]) -> dict[str, str]:
    """Ids that only count (`STEM:1`, `STEM:2`, ... in order), each with its stem."""
    found: dict[str, str] = {}
    last: Counter[str] = Counter()
    broken: set[str] = set()
    for name in ids:
        matched = _NUMBERED.fullmatch(name)
        if matched is None:
            continue
        stem, number = matched["stem"], int(matched["number"])
        if number != last[stem] + 1:
            broken.add(stem)
        last[stem] = number
        found[name] = stem
    return {name: stem for name, stem in found.items() if stem not in broken}


def _file(where: str) -> str:
    return where.rpartition(":")[0]
