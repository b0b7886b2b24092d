"""Nested and standoff spans of published corpora, read here by the corpora's own rules: the counts that are stated."""

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from harness.format import brat, conll
from harness.metric.base import Key
from harness.metric.entity_errors import EntityErrors
from harness.metric.entity_f1 import EntityF1
from harness.metric.entity_overlap import EntityOverlap
from harness.metric.entity_slices import EntitySlices
from harness.metric.spans import match
from harness.records import Entity, Row

pytestmark = pytest.mark.core


def entities_of(rows):
    found = defaultdict(list)
    for row in rows:
        if row.file == "entities" and "start" in row.fields:
            fields = row.fields
            parts = tuple(tuple(part) for part in fields.get("parts", ()))
            text = fields["text"]
            found[fields["doc"]].append(Entity(fields["start"], fields["end"], fields["label"], text, parts=parts))
    return found


def pubtator(path):
    """Title and abstract joined by one character, and `id<TAB>start<TAB>end<TAB>text<TAB>type<TAB>concept` lines."""
    texts, spans = {}, defaultdict(list)
    for line in path.read_text(encoding="utf-8").split("\n"):
        if found := re.match(r"(\d+)\|([ta])\|(.*)", line):
            texts[found[1]] = f"{texts.get(found[1], '')}{' ' if found[2] == 'a' else ''}{found[3]}"
        elif line.strip():
            doc, start, end, text, label, *_ = line.split("\t")
            spans[doc].append((int(start), int(end), label, text))
    return texts, spans


def test_ncbi_disease_standoff_equals_pubtator_in_spans_and_types(data):
    folder = data / "ner/ncbi_disease"
    rows = list(brat.read(folder / "standoff/test"))
    ours = entities_of(rows)
    texts, theirs = pubtator(folder / "original-data/test/NCBItestset_corpus.txt")
    assert (len(texts), sum(map(len, theirs.values()))) == (100, 960)
    assert sum(map(len, ours.values())) == 960
    mismatches = [span for doc, spans in theirs.items() for span in spans if texts[doc][span[0] : span[1]] != span[3]]
    assert mismatches == []
    for doc in texts:
        assert sorted((e.start, e.end, e.label, e.text) for e in ours[doc]) == sorted(theirs[doc]), doc
    columns = [row for row in conll.read(folder / "conll/test.tsv") if row.file == "entities" and "start" in row.fields]
    assert Counter(row.fields["label"] for row in columns) == {"Disease": 960}


# ---- GUM ----------------------------------------------------------------------------------------------------------

_MARK = re.compile(r"\((?P<opened>\d+)-(?P<label>[a-z]+)[^()]*(?P<single>\))?|(?P<closed>\d+)\)")


def gum(path: Path) -> tuple[str, list[Entity]]:
    """A document's text by SpaceAfter, and its mentions by the brackets of `Entity=`."""
    assert "GRP-etype-" in path.read_text(encoding="utf-8")
    text, mentions, opened, inside = "", [], [], None
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line:
            text += "\n"
        if not line or line.startswith("#"):
            continue
        number, form, *_, misc = line.split("\t")
        if "." in number:
            continue
        fields = dict(field.split("=", 1) for field in misc.split("|") if "=" in field)
        space = "" if fields.get("SpaceAfter") == "No" else " "
        if "-" in number:  # a word written as one and analysed as several: the text is the word's
            start, inside = len(text), int(number.partition("-")[2])
            text += form + space
            end = start + len(form)
        elif inside is None or int(number) > inside:
            inside = None
            start, end = len(text), len(text) + len(form)
            text += form + space
        value = fields.get("Entity", "")
        assert "[" not in value  # of a discontinuous mention the parts are numbered [1/2]
        assert "".join(found[0] for found in _MARK.finditer(value)) == value, value
        for found in _MARK.finditer(value):
            if found["closed"]:
                # Of two open mentions of one group the inner one closes first.
                place = max(n for n, (group, _, _) in enumerate(opened) if group == found["closed"])
                _, label, first = opened.pop(place)
                mentions.append((first, end, label))
            elif found["single"]:
                mentions.append((start, end, found["label"]))
            else:
                opened.append((found["opened"], found["label"], start))
    assert not opened
    return text, [Entity(first, last, label, text[first:last]) for first, last, label in mentions]


@pytest.fixture(scope="module")
def gum_documents(data):
    return {path.stem: gum(path) for path in sorted((data / "gum/dep").glob("*.conllu"))}


def summed(metric, pairs):
    sums = Counter()
    for gold, predicted in pairs:
        sums.update(metric.count(gold, predicted))
    return sums


def reaches_around(one, other):
    return one.start <= other.start and other.end <= one.end and (one.start, one.end) != (other.start, other.end)


def test_gum_mentions_and_how_many_lie_inside_another(gum_documents):
    assert len(gum_documents) == 30
    documents = [found for _, found in gum_documents.values()]
    assert sum(map(len, documents)) == sum(len(set(found)) for found in documents) == 7927
    assert sum(any(reaches_around(o, one) for o in found) for found in documents for one in found) == 3251


def test_gum_nesting_is_told_and_scored(gum_documents):
    pairs = [(found, found) for _, found in gum_documents.values()]
    slices = summed(EntitySlices(by=("nested",)), pairs)
    assert slices["nested=inner|tp"] == 3251
    assert slices["nested=outer|tp"] == sum(
        any(reaches_around(one, o) for o in found) and not any(reaches_around(o, one) for o in found)
        for found, _ in pairs
        for one in found
    )
    assert sum(slices.values()) == 7927
    assert float(EntityF1().compute(summed(EntityF1(), pairs))[Key("entity.f1", "micro")]) == 1


def test_gum_without_its_inner_mentions_misses_just_these(gum_documents):
    """Flat output on nested gold: what a tagger can give at most."""
    pairs = []
    for _, found in gum_documents.values():
        pairs.append((found, [one for one in found if not any(reaches_around(o, one) for o in found)]))
    errors = summed(EntityErrors(), pairs)
    correct = 7927 - 3251
    assert (errors["gold|correct"], errors["gold|missed"], errors["predicted|spurious"]) == (correct, 3251, 0)
    overlap = EntityOverlap().compute(summed(EntityOverlap(), pairs))
    for mode in ("exact", "partial", "type"):
        assert float(overlap[Key(f"entity_{mode}.precision", "micro")]) == 1
        assert float(overlap[Key(f"entity_{mode}.recall", "micro")]) == pytest.approx(correct / 7927)


def test_gum_goes_through_brat(gum_documents, tmp_path):
    rows = []
    for doc, (text, found) in gum_documents.items():
        rows.append(Row(doc, "documents", {"id": doc, "text": text}))
        rows += [
            Row(doc, "entities", {"doc": doc, "start": e.start, "end": e.end, "label": e.label, "text": e.text})
            for e in found
        ]
    brat.write(rows, tmp_path / "gum")
    again = entities_of(brat.read(tmp_path / "gum"))
    for doc, (_, found) in gum_documents.items():
        assert again[doc] == found
        assert match(found, again[doc]).missed == ()
