import io
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import build
from harness.counts import Counted, CountRow, CountTable, all_rows, folded, read_counts, unit_table, write_counts
from harness.metric.base import Key
from harness.records import Entity, References, Stance, Summary

pytestmark = pytest.mark.core

NAMES = st.sampled_from(["tp", "fp", "fn", "label=a|tp", "label=\N{GREEK SMALL LETTER ALPHA}|fp", ""])
STATES = st.dictionaries(NAMES, st.floats(-1e9, 1e9), max_size=5)
ROWS = st.lists(
    st.builds(
        CountRow,
        st.text("aé北🎉/", max_size=3),
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from(["", "d1", "s1", "s2"]),
        st.just("m"),
        STATES,
        st.dictionaries(st.sampled_from(["zone", "é"]), st.text(max_size=2), max_size=2),
    ),
    max_size=12,
)


def stored(tables):
    stream = io.BytesIO()
    write_counts(stream, tables)
    return stream.getvalue()


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_rows_come_back_as_they_went(rows):
    table = CountTable.of("m", rows)
    assert list(table.rows()) == rows
    back = read_counts(pa.BufferReader(stored([table])))
    assert list(all_rows(back.values())) == rows


def test_tables_of_several_metrics_keep_their_order_and_can_be_chosen():
    def rows(metric, names):
        return [CountRow(f"e{n}", "d", "", metric, {name: float(n)}, {"style": "x"}) for n, name in enumerate(names)]

    tables = [CountTable.of(metric, rows(metric, "ba")) for metric in ("rouge", "length", "bleu")]
    back = read_counts(pa.BufferReader(stored(tables)))
    assert list(back) == ["rouge", "length", "bleu"]
    assert back["bleu"].names == ("a", "b")
    assert list(read_counts(pa.BufferReader(stored(tables)), wanted=lambda name: name == "length")) == ["length"]
    assert read_counts(pa.BufferReader(stored([]))) == {}


def test_the_order_of_names_moves_no_byte():
    one = CountRow("e", "d", "", "m", {"b": 1.0, "a": 0.1}, {"z": "1", "a": "2"})
    other = CountRow("e", "d", "", "m", {"a": 0.1, "b": 1.0}, {"a": "2", "z": "1"})
    assert stored([CountTable.of("m", [one])]) == stored([CountTable.of("m", [other])])


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_chosen_rows_are_those_rows(rows, data):
    numbers = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6)) if rows else []
    chosen = CountTable.of("m", rows).chosen(np.asarray(numbers, dtype=np.int64))
    assert list(chosen.rows()) == [rows[n] for n in numbers]
    assert set(chosen.names) == {name for n in numbers for name in rows[n].state}


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_units_add_up_their_rows(rows):
    metric = build("metric", {"kind": "entity_f1"}, "m")
    table = unit_table(CountTable.of("m", rows), metric)
    by_sentence = bool(rows) and all(r.unit for r in rows) and any(r.unit != r.document for r in rows)
    expected = {}
    for row in rows:
        of = expected.setdefault(row.unit if by_sentence else row.document, {})
        for name, value in row.state.items():
            of[name] = of.get(name, 0.0) + value
    assert table.ids == sorted(expected)
    for number, name in enumerate(table.names):
        column = [expected[one].get(name, 0.0) for one in table.ids]
        assert table.matrix[:, number].tolist() == pytest.approx(column, rel=1e-12, abs=1e-6)
    if table.names:
        sums = [sum(of.get(name, 0.0) for of in expected.values()) for name in table.names]
        assert list(table.sums().values()) == pytest.approx(sums, rel=1e-9, abs=1e-5)


def test_a_table_too_large_to_be_dense_is_sparse_and_the_same(monkeypatch):
    rows = [CountRow(f"e{n}", f"d{n % 7}", f"d{n % 7}", "m", {f"surface{n % 5}": 1.0}, {}) for n in range(40)]
    metric = build("metric", {"kind": "entity_f1"}, "m")
    dense = unit_table(CountTable.of("m", rows), metric)
    monkeypatch.setattr("harness.counts._DENSE_CELLS", 10)
    sparse = unit_table(CountTable.of("m", rows), metric)
    assert not isinstance(sparse.matrix, np.ndarray)
    assert sparse.matrix.toarray().tolist() == dense.matrix.tolist()
    assert sparse.sums() == dense.sums()


def test_writing_counts_does_not_wait_for_pandas(tmp_path):
    import subprocess

    code = (
        "import io, sys\n"
        "from harness.counts import CountRow, CountTable, write_counts\n"
        "write_counts(io.BytesIO(), [CountTable.of('m', [CountRow('e', 'd', '', 'm', {'a': 1.0}, {})])])\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_a_state_that_several_rows_have_is_given_once(rows, data):
    states = data.draw(st.lists(STATES, min_size=1, max_size=4))
    numbers = [data.draw(st.integers(0, len(states) - 1)) for _ in rows]
    full = CountTable.of("m", [replace(row, state=states[n]) for row, n in zip(rows, numbers, strict=True)])
    counted = Counted(full.examples, full.documents, full.units, full.fields)
    table = CountTable.of_states("m", counted, states, np.asarray(numbers, dtype=np.int64))
    assert list(table.rows()) == list(full.rows())


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_rows_are_found_by_the_value_of_a_field(rows):
    expected = {}
    for number, row in enumerate(rows):
        if "zone" in row.fields:
            expected.setdefault(row.fields["zone"], []).append(number)
    found = CountTable.of("m", rows).with_field("zone")
    assert {value: numbers.tolist() for value, numbers in found.items()} == expected
    assert list(found) == sorted(expected)


# Metrics that say which counts are enough for a score, and pairs of gold and predicted.
STANCES = [Stance(target, label) for target in ("nato", "a|b", "") for label in ("favor", "against", "none")]
SPANS = [Entity(start, start + 4, label) for start in (0, 2, 9) for label in ("PER", "ORG")]
TEXTS = ["Anna sang.", "Bob left.", "", "Anna left and Bob sang."]
FOLDING = {
    "stance_favg": st.tuples(st.sampled_from(STANCES), st.none() | st.sampled_from(STANCES)).map(
        lambda pair: (pair[0], pair[1] and Stance(pair[0].target, pair[1].label))
    ),
    "entity_f1": st.tuples(*[st.sets(st.sampled_from(SPANS)).map(tuple)] * 2),
    "rouge": st.tuples(
        st.sampled_from(TEXTS).map(lambda text: References("default", texts=(text,))),
        st.sampled_from(TEXTS).map(Summary),
    ),
}


@pytest.mark.parametrize("kind", FOLDING)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_counts_that_a_score_needs_are_enough_for_it(kind, data):
    more = {"weighted": True} if kind == "entity_f1" and data.draw(st.booleans()) else {}
    metric = build("metric", {"kind": kind, **more}, "m")
    pairs = data.draw(st.lists(FOLDING[kind], min_size=1, max_size=8))
    rows = [CountRow(f"e{n}", f"d{n % 3}", f"d{n % 3}", "m", metric.count(*pair), {}) for n, pair in enumerate(pairs)]
    table = unit_table(CountTable.of("m", rows), metric)
    fewer = 0
    for key, values in metric.compute({n: table.matrix[:, k] for k, n in enumerate(table.names)}).items():
        small = folded(table, metric, key)
        fewer += len(small.names) < len(table.names)
        again = metric.compute({n: small.matrix[:, k] for k, n in enumerate(small.names)})[key]
        np.testing.assert_array_equal(np.asarray(again), np.asarray(values))
    assert fewer or len(table.names) <= 3 or kind == "stance_favg"


def test_targets_are_folded_into_one():
    metric = build("metric", {"kind": "stance_favg"}, "m")
    rows = [CountRow(one.target, "d", "", "m", metric.count(one, one), {}) for one in STANCES]
    table = unit_table(CountTable.of("m", rows), metric)
    assert folded(table, metric, Key("stance.favg", "pooled")).names == [
        "|against|against",
        "|favor|favor",
        "|none|none",
    ]
    assert folded(table, metric, Key("stance.favg", "macro_target")) is table
