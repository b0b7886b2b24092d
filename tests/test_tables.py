"""Tables made from buffers equal those that pyarrow makes from Python values."""

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tables import table

pytestmark = pytest.mark.core

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("number", pa.int64()),
        ("real", pa.float64()),
        ("yes", pa.bool_()),
        ("names", pa.list_(pa.string())),
        ("spans", pa.list_(pa.struct([("start", pa.int64()), ("label", pa.string()), ("score", pa.float64())]))),
        ("scores", pa.map_(pa.string(), pa.float64())),
        ("fields", pa.map_(pa.string(), pa.string())),
    ]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
REAL = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63), 2**63 - 1)
SPAN = st.fixed_dictionaries({"start": WHOLE, "label": TEXT, "score": st.none() | REAL})
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | TEXT,
        "number": st.none() | WHOLE,
        "real": st.none() | REAL,
        "yes": st.none() | st.booleans(),
        "names": st.none() | st.lists(TEXT, max_size=3),
        "spans": st.none() | st.lists(SPAN, max_size=3),
        "scores": st.none() | st.dictionaries(TEXT, REAL, max_size=3).map(lambda found: list(found.items())),
        "fields": st.none() | st.dictionaries(TEXT, TEXT, max_size=3).map(lambda found: list(found.items())),
    }
)


# pyarrow imports pandas in the first call of the other side.
@settings(deadline=None)
@given(st.lists(ROW, max_size=5))
def test_equals_what_pyarrow_makes(rows):
    made = table(rows, SCHEMA)
    made.validate(full=True)
    assert made.equals(pa.Table.from_pylist(rows, schema=SCHEMA))


def test_strings_that_look_like_other_things_stay_strings():
    rows = [{"text": text} for text in ("2020-01-01", "001", "null", "NA", "1e5", "true")]
    assert table(rows, SCHEMA).column("text").to_pylist() == [row["text"] for row in rows]


def test_no_rows_give_an_empty_table():
    assert table([], SCHEMA).num_rows == 0


def test_a_name_that_the_schema_has_not_is_refused():
    with pytest.raises(ValueError, match=r"row 1 has \['texts'\]"):
        table([{"text": "x"}, {"texts": "x"}], SCHEMA)


@pytest.mark.parametrize("row", [{"number": 1.5}, {"number": "1"}, {"real": "1"}, {"spans": [{"start": 0.5}]}])
def test_a_value_of_another_type_is_refused(row):
    with pytest.raises(ValueError, match="is no "):
        table([row], SCHEMA)


def test_rows_longer_than_a_usual_block_are_read_whole():
    rows = [{"text": "x" * 3_000_000}, {"text": "y"}]
    assert table(rows, SCHEMA).column("text").to_pylist() == [row["text"] for row in rows]


def test_pandas_is_not_imported():
    code = (
        "import sys, pyarrow as pa; from harness.tables import table; "
        "table([{'a': 'x'}], pa.schema([('a', pa.string())])); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
