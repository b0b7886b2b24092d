"""Stance gold read by columns is the gold read record by record, and so are its faults."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import stance_columns
from harness.config import DataConfig
from harness.errors import GoldError
from harness.gold import load_corpus
from harness.stance_columns import read_stance_columns

pytestmark = pytest.mark.core

DOCS = ["d1", "d2", "é\N{GRINNING FACE}"]
TEXT = "Anna sang. Bob left."
PLAIN = [{"doc": "d1", "target": "t", "label": "favor"}, {"doc": "d2", "target": "t", "label": "none"}]


def write(folder, lines, *, targets=True):
    """A folder of gold; `lines` are those of stance.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)

    def records(name, found):
        (folder / name).write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")

    records("documents.jsonl", [{"id": doc, "text": TEXT} for doc in DOCS])
    records("sentences.jsonl", [{"doc": doc, "id": f"s{n}", "start": a, "end": b, "zone": "body"}
                                for doc in DOCS[:2] for n, (a, b) in enumerate([(0, 10), (11, 20)])])  # fmt: skip
    if targets:
        records("targets.jsonl", [{"id": "t", "text": "NATO"}, {"id": "u", "text": "the euro"}])
    (folder / "stance.jsonl").write_bytes(b"".join(lines))


def line(record):
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def load(folder, monkeypatch, least):
    """The corpus, or its faults."""
    monkeypatch.setattr(stance_columns, "_LEAST_BYTES", least)
    data = DataConfig(name="made", documents=str(folder), gold=str(folder))
    try:
        corpus = load_corpus(data)
    except GoldError as error:
        return list(error.faults)
    return {doc: [(one, dict(one.details)) for one in found] for doc, found in corpus.stance.items()}, corpus


def both(folder, monkeypatch):
    by_columns, by_records = (load(folder, monkeypatch, least) for least in (0, 10**9))
    if isinstance(by_records, list):
        return by_columns, by_records
    (columns, one), (records, other) = by_columns, by_records
    assert list(columns) == list(records)
    assert one.gold_sha256("stance") == other.gold_sha256("stance")
    assert one.targets == other.targets
    assert list(one.targets) == list(other.targets)
    return columns, records


RECORDS = st.lists(
    st.builds(
        lambda doc, target, label, sentence: (
            {"doc": doc, "target": target, "label": label} | ({} if sentence is None else {"sentence": sentence})
        ),
        st.sampled_from([*DOCS, "d1"]),
        st.sampled_from(["t", "u"]),
        st.sampled_from(["favor", "against", "none"]),
        st.sampled_from([None, None, "s0", "s1"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.booleans())
def test_both_ways_give_the_same_judgements_or_the_same_faults(tmp_path_factory, records, targets):
    folder = tmp_path_factory.mktemp("gold")
    write(folder, map(line, records), targets=targets)
    with pytest.MonkeyPatch.context() as patch:
        columns, rows = both(folder, patch)
    assert columns == rows


def test_plain_records_are_read_by_columns(tmp_path, monkeypatch):
    write(tmp_path, map(line, PLAIN))
    monkeypatch.setattr(stance_columns, "_LEAST_BYTES", 0)
    assert read_stance_columns(tmp_path / "stance.jsonl").labels.values == ["favor", "none"]
    monkeypatch.setattr("harness.gold._stance", None)  # nothing is left for it to do
    (found, _) = load(tmp_path, monkeypatch, 0)
    assert list(found) == ["d1", "d2"]


UNUSUAL = {
    "another key": [line({**PLAIN[0], "holder": "Anna"})],
    "a key misspelt": [line({**PLAIN[0], "sentance": "s0"})],
    "a number": [line({**PLAIN[0], "doc": 1})],
    "null": [line({**PLAIN[0], "doc": None})],
    "a null sentence": [line({**PLAIN[0], "sentence": None})],
    "a blank sentence": [line({**PLAIN[0], "sentence": " "})],
    "a sentence of another document": [line({**PLAIN[0], "doc": DOCS[2], "sentence": "s0"})],
    "a key twice": [b'{"doc": "d1", "doc": "d2", "target": "t", "label": "none"}\n'],
    "no label": [line({"doc": "d1", "target": "t"})],
    "a foreign document": [line({**PLAIN[0], "doc": "d9"})],
    "a foreign label": [line({**PLAIN[0], "label": "neutral"})],
    "a foreign target": [line({**PLAIN[0], "target": "z"})],
    "a judgement twice": [line(PLAIN[0]), line(PLAIN[0])],
    "two labels": [line(PLAIN[0]), line({**PLAIN[0], "label": "none"})],
    "two on a line": [line(PLAIN[0]).strip() + line(PLAIN[1])],
    "one on two lines": [b'{"doc": "d1",\n"target": "t", "label": "none"}\n'],
    "two on a line and one on two": [b'{"doc": "d1", "target": "t", "label": "none"}{"doc": "d2",\n"target": "t", '
                                     b'"label": "none"}\n'],
    "blank lines": [line(PLAIN[0]), b"\n", line(PLAIN[1])],
    "no last line feed": [line(PLAIN[0]).strip()],
    "Windows line ends": [line(PLAIN[0]).strip() + b"\r\n", line(PLAIN[1])],
    "a byte order mark": [b"\xef\xbb\xbf", line(PLAIN[0])],
    "another encoding": [b'{"doc": "d1", "target": "\xe9", "label": "none"}\n'],
    "half a character": [b'{"doc": "d1", "target": "\\ud800", "label": "none"}\n'],
    "a NUL": [b'{"doc": "d1", "target": "\\u0000", "label": "none"}\n'],
    "no object": [line(PLAIN[0]), b"[]\n"],
    "no JSON": [line(PLAIN[0]), b'{"doc": "d1",}\n'],
    "nothing": [b""],
    "an escape": [b'{"doc": "d\\u0031", "target": "t", "label": "none"}\n'],
}  # fmt: skip


@pytest.mark.parametrize("targets", [True, False])
@pytest.mark.parametrize("lines", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_read_as_ever(tmp_path, monkeypatch, lines, targets):
    write(tmp_path, [*lines[:-1], *map(line, [{**PLAIN[0], "target": "u"}]), lines[-1]], targets=targets)
    columns, rows = both(tmp_path, monkeypatch)
    assert columns == rows


def test_a_link_and_other_settings_are_read_as_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(stance_columns, "_LEAST_BYTES", 0)
    write(tmp_path / "a", map(line, PLAIN))
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "a" / "stance.jsonl")
    assert read_stance_columns(tmp_path / "link.jsonl") is None
    assert read_stance_columns(tmp_path / "none.jsonl") is None
    # As UTF-16 these bytes say something else, and an annotator's records are chosen one by one.
    from harness.gold import _stance_columns

    given = DataConfig(name="made", gold=str(tmp_path / "a"))
    assert _stance_columns(given) is not None
    for changed in ({"encoding": "utf-16"}, {"annotator": "a"}, {"format": "brat"}, {"gold": None}):
        assert _stance_columns(DataConfig(**{"name": "made", "gold": str(tmp_path / "a"), **changed})) is None


def test_a_folder_of_stance_alone_beside_the_documents(tmp_path, monkeypatch):
    write(tmp_path / "all", map(line, PLAIN))
    (tmp_path / "gold").mkdir()
    (tmp_path / "all" / "stance.jsonl").rename(tmp_path / "gold" / "stance.jsonl")
    monkeypatch.setattr(stance_columns, "_LEAST_BYTES", 0)
    data = DataConfig(name="made", documents=str(tmp_path / "all"), gold=str(tmp_path / "gold"))
    assert list(load_corpus(data).stance) == ["d1", "d2"]
