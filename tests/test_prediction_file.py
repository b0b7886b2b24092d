"""The file of answers: what was put into it comes out again, and what a model was shown has one hash."""

import dataclasses

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import RunError
from harness.files import sha256
from harness.prediction_file import input_sha256, read_answers_of, read_predictions, write_predictions
from harness.records import BINS, Answer, Entity, Example, NerInput, StanceInput, SummaryInput, Target

pytestmark = pytest.mark.core


def test_predictions_come_back_as_they_went(tmp_path):
    shown = NerInput("d/s2", "d", "He met Anna.", "body")
    examples = [
        Example("d/s2", "d", "s2", shown, (), 100, {"zone": "body", "a": "\u00e9"}),
        Example("d/s3", "d", "s3", shown, (), 200, {}),
        Example("d/s4", "d", "s4", shown, (), 300, {}),
    ]
    answers = {
        "d/s2": Answer(entities=(Entity(7, 11, "PER", "Anna", 0.25),), raw="x\ny", tokens_read=4, tokens_cut=1),
        "d/s3": Answer(label="favor", scores={"none": 0.25, "favor": 0.75}, bin="scored"),
    }
    path = tmp_path / "predictions.parquet"
    write_predictions(path, examples, {"d/s2": "key"}, answers)
    (stored,) = pq.read_table(path).to_pylist()[0]["entities"]
    # In the file, offsets are the document's.
    assert (stored["start"], stored["end"]) == (107, 111)
    first, second, third = read_predictions(tmp_path)
    assert (first.answer, first.key, first.start, first.fields) == (
        answers["d/s2"],
        "key",
        100,
        {"zone": "body", "a": "\u00e9"},
    )
    assert first.answer.entities[0].score == 0.25
    assert first.input_sha256 == input_sha256(shown)
    assert second.answer == answers["d/s3"]
    assert third.answer == Answer(bin="missing")


def test_the_order_of_probabilities_is_no_part_of_the_file(tmp_path):
    one = Example("d/s", "d", "s", NerInput("d/s", "d", "x"), (), 0, {})
    for name, scores in (("a", {"none": 0.25, "favor": 0.75}), ("b", {"favor": 0.75, "none": 0.25})):
        write_predictions(tmp_path / name, [one], {}, {"d/s": Answer(label="favor", scores=scores)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_a_model_is_shown_is_hashed_whole():
    shown = NerInput("i", "d", "text", "body")
    changes = [
        ("j", "d", "text", "body"),
        ("i", "e", "text", "body"),
        ("i", "d", "texT", "body"),
        ("i", "d", "text", "x"),
    ]
    others = [NerInput(*change) for change in changes]
    assert len({input_sha256(one) for one in [shown, *others]}) == 5
    assert input_sha256(NerInput("i", "d", "text", "body")) == input_sha256(shown)


ODD = st.text(st.characters(), max_size=8) | st.sampled_from(["%s", '"', "\\", "\u2028", "\x00\x1f", "\ud800", "é北🎉"])
NUMBERS = st.none() | st.integers(0, 10**9)
INPUTS = st.one_of(
    st.builds(NerInput, ODD, ODD, ODD, ODD),
    st.builds(StanceInput, ODD, ODD, ODD, ODD, st.builds(Target, ODD, ODD), st.none() | ODD),
    st.builds(SummaryInput, ODD, ODD, ODD, ODD, st.lists(st.tuples(ODD, ODD), max_size=2).map(tuple), *[NUMBERS] * 3),
)


@settings(max_examples=300, deadline=None)
@given(INPUTS)
def test_the_hash_is_that_of_the_fields_as_canonical_json(shown):
    # Runs made before have hashes of this, so whatever spells it faster must spell it alike.
    fields = {field.name: getattr(shown, field.name) for field in dataclasses.fields(shown)}
    if isinstance(shown, StanceInput):
        fields["target"] = dataclasses.asdict(shown.target)
    assert input_sha256(shown) == sha256({"type": type(shown).__name__, **fields})


ANSWERS = st.builds(
    Answer,
    label=st.none() | st.sampled_from(["favor", "none"]),
    scores=st.none() | st.just({"favor": 0.25, "none": 0.75}),
    text=st.none() | st.sampled_from(["", "Anna sang."]),
    sentences=st.none() | st.just(("s1", "s2")),
    tags=st.none() | st.just(("O", "B-PER")),
    entities=st.none() | st.lists(st.builds(Entity, st.integers(0, 3), st.integers(4, 8), st.just("PER"))).map(tuple),
    bin=st.sampled_from(BINS),
    reason=st.none() | st.just("no record answers it"),
    tokens_read=st.none() | st.integers(0, 9),
    tokens_cut=st.integers(0, 2),
    output_truncated=st.booleans(),
    windows=st.integers(1, 3),
    chars_read=st.none() | st.integers(0, 9),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=6))
def test_answers_of_any_kind_come_back_in_order(tmp_path_factory, answers):
    folder = tmp_path_factory.mktemp("run")
    names = [f"d/s{number}" for number in range(len(answers))]
    examples = [Example(name, "d", "d", NerInput(name, "d", "text"), (), 5, {"zone": "body"}) for name in names]
    write_predictions(folder / "predictions.parquet", examples, {}, dict(zip(names, answers, strict=True)))
    stored = read_predictions(folder)
    assert [(one.example, one.answer) for one in stored] == list(zip(names, answers, strict=True))
    assert [one.input_sha256 for one in stored] == [input_sha256(example.input) for example in examples]
    parts = list(read_answers_of(folder))
    assert [name for part in parts for name in part.examples] == names
    assert [answer for part in parts for answer in part.answers] == answers


def test_answers_of_earlier_versions_lack_what_was_added_since(tmp_path):
    one = Example("d/s", "d", "d", NerInput("d/s", "d", "text"), (), 5, {})
    answer = Answer(label="favor", tokens_read=3, windows=2, chars_read=1)
    path = tmp_path / "predictions.parquet"
    write_predictions(path, [one], {}, {"d/s": answer})
    whole = pq.read_table(path)
    for dropped in (["chars_read"], ["windows", "chars_read"]):
        pq.write_table(whole.drop_columns(dropped), path)
        (stored,) = read_predictions(tmp_path)
        defaults = {name: getattr(Answer(), name) for name in dropped}
        assert stored.answer == dataclasses.replace(answer, **defaults)
    # Any other column must be there.
    pq.write_table(whole.drop_columns(["tokens_read"]), path)
    with pytest.raises(RunError, match="expected the columns"):
        read_predictions(tmp_path)
