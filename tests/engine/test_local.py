"""The engine of one machine: every input is answered once, whatever the model does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.base import Stopped, checked_answers
from harness.engine.local import CHARACTERS, Local
from harness.errors import ResourceError
from harness.model.budget import out_of_memory
from harness.records import Answer, Entity, NerInput

pytestmark = pytest.mark.core


def inputs(count, length=lambda number: 1):
    return [NerInput(f"d{number}", f"d{number}", "x" * length(number)) for number in range(count)]


class Fake:
    """Notes the size and the ids of every batch; `rule` may raise."""

    def __init__(self, rule=lambda ids: None, answer=lambda one: Answer(label=one.id)):
        self.batches, self.rule, self.give = [], rule, answer

    def answer(self, batch):
        ids = [one.id for one in batch]
        self.batches.append(ids)
        self.rule(ids)
        return [self.give(one) for one in batch]


def run(model, given_inputs, stop=lambda: None, **parameters):
    committed = []

    def commit(batch, answers):
        committed.append(list(zip([one.id for one in batch], answers, strict=True)))

    Local(**parameters).run(model, given_inputs, commit, stop)
    return committed


def flat(committed):
    return {name: answer for batch in committed for name, answer in batch}


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 12))
def test_each_is_answered_once_longest_first(lengths, size):
    asked = inputs(len(lengths), lambda number: lengths[number])
    model = Fake()
    committed = run(model, asked, batch_size=size)
    order = [name for batch in committed for name, _ in batch]
    assert sorted(order) == sorted(one.id for one in asked)
    # Ties stay in the order given: the sort is by length alone.
    assert order == [f"d{n}" for n in sorted(range(len(lengths)), key=lambda n: -lengths[n])]
    assert all(answer.label == name for batch in committed for name, answer in batch)
    assert all(len(batch) == size for batch in committed[:-1])


def test_the_size_is_the_engine_s_then_the_model_s_then_64():
    model = Fake()
    run(model, inputs(130))
    assert [len(batch) for batch in model.batches] == [64, 64, 2]
    model = Fake()
    model.batch_size = 50
    run(model, inputs(130))
    assert [len(batch) for batch in model.batches] == [50, 50, 30]
    run(model := Fake(), inputs(5), batch_size=2)
    assert [len(batch) for batch in model.batches] == [2, 2, 1]


def test_long_texts_are_asked_in_smaller_batches():
    run(model := Fake(), inputs(9, lambda number: CHARACTERS // 3 if number < 4 else 10), batch_size=5)
    assert [len(batch) for batch in model.batches] == [3, 5, 1]
    run(model := Fake(), inputs(3, lambda number: 2 * CHARACTERS), batch_size=5)
    assert [len(batch) for batch in model.batches] == [1, 1, 1]


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


def over(limit, error):
    def rule(ids):
        if len(ids) > limit:
            raise error

    return rule


def test_a_batch_that_does_not_fit_is_halved_and_the_size_kept():
    model = Fake(over(3, OutOfMemoryError("x")))
    committed = run(model, inputs(10), batch_size=8)
    assert [len(batch) for batch in model.batches] == [8, 4, 2, 2, 2, 2, 2]
    assert [answer.bin for answer in flat(committed).values()] == ["scored"] * 10


MEMORY = [
    MemoryError(),
    OutOfMemoryError("anything"),
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("MPS backend out of memory"),
    RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
]


@pytest.mark.parametrize("error", MEMORY, ids=str)
def test_every_spelling_of_no_memory(error):
    assert out_of_memory(error)
    model = Fake(over(3, error))
    run(model, inputs(4), batch_size=4)
    assert [len(batch) for batch in model.batches] == [4, 2, 2]


@pytest.mark.parametrize("error", [RuntimeError("shape mismatch"), ValueError("out of memory"), KeyError("x")], ids=str)
def test_other_faults_are_not_lack_of_memory(error):
    assert not out_of_memory(error)


def test_one_that_never_fits_costs_itself():
    def rule(ids):
        if "d5" in ids:
            raise MemoryError

    committed = run(Fake(rule), inputs(10), batch_size=8)
    bad = [name for name, answer in flat(committed).items() if answer.bin != "scored"]
    assert bad == ["d5"]
    assert flat(committed)["d5"] == Answer(bin="failed", reason="oom")


def test_a_bad_example_costs_itself_and_its_batch_is_asked_one_by_one():
    def rule(ids):
        if "d2" in ids:
            raise KeyError("no such thing")

    model = Fake(rule)
    committed = run(model, inputs(8), batch_size=4)
    assert [len(batch) for batch in model.batches] == [4, 1, 1, 1, 1, 4]
    assert flat(committed)["d2"] == Answer(bin="failed", reason="KeyError: 'no such thing'")
    assert sum(answer.bin == "scored" for answer in flat(committed).values()) == 7


@pytest.mark.parametrize("said", ["device-side assert triggered", "an illegal memory access was encountered"])
def test_a_poisoned_device_ends_the_run_with_what_was_committed(said):
    def rule(ids):
        if "d4" in ids:
            raise RuntimeError(f"CUDA error: {said}")

    committed = []
    model = Fake(rule)
    with pytest.raises(RuntimeError, match=said):
        Local(batch_size=4).run(model, inputs(8), lambda b, a: committed.append(len(b)), lambda: None)
    assert committed == [4]
    assert len(model.batches) == 2


def test_what_the_user_can_mend_ends_the_run():
    def rule(ids):
        raise ResourceError("no weights")

    with pytest.raises(ResourceError):
        run(Fake(rule), inputs(3))


def test_a_wrong_number_of_answers_is_a_fault_of_the_batch():
    class Short(Fake):
        def answer(self, batch):
            return super().answer(batch)[: max(1, len(batch) - 1)]

    committed = run(Short(), inputs(3), batch_size=3)
    # One by one it gives one answer each, so nothing is mixed up.
    assert {name: answer.label for name, answer in flat(committed).items()} == {"d0": "d0", "d1": "d1", "d2": "d2"}


@pytest.mark.parametrize(
    ("given_answer", "bin_"),
    [
        (Answer(scores={"favor": math.nan}), "nonfinite"),
        (Answer(entities=(Entity(0, 1, "GPE", score=math.inf),)), "nonfinite"),
        (Answer(text="half \ud800"), "unparsed"),
        (Answer(label="x", scores={"favor": object()}), "failed"),
        (Answer(bin="perhaps"), "failed"),
        (None, "failed"),
        ("favor", "failed"),
        (Answer(text=""), "scored"),
        (Answer(bin="nonfinite", reason="logits"), "nonfinite"),
    ],
    ids=["nan", "inf", "surrogate", "object", "bin", "none", "text", "empty", "nonfinite"],
)
def test_an_answer_that_cannot_be_stored_costs_itself(given_answer, bin_):
    model = Fake(answer=lambda one: given_answer if one.id == "d1" else Answer(label="ok"))
    found = flat(run(model, inputs(3)))
    assert found["d1"].bin == bin_
    assert [found[name].label for name in ("d0", "d2")] == ["ok", "ok"]
    assert checked_answers([found["d1"]], inputs(1)) == [found["d1"]]


def test_a_signal_stops_between_batches():
    seen = []
    model = Fake(lambda ids: seen.append(ids))
    committed = []
    with pytest.raises(Stopped) as caught:
        Local(batch_size=2).run(
            model, inputs(9), lambda b, a: committed.extend(b), lambda: 15 if len(committed) >= 4 else None
        )
    assert caught.value.signal_number == 15
    assert len(committed) == 4
    assert len(seen) == 2


def test_a_size_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Local(batch_size=0)


class Streaming:
    """Gives what it is told, batch by batch, and notes whether it was closed."""

    def __init__(self, *batches):
        self.batches, self.closed, self.given = batches, False, 0

    def stream(self, given_inputs):
        try:
            for places in self.batches:
                self.given += 1
                yield [(given_inputs[place], Answer(label=given_inputs[place].id)) for place in places]
        finally:
            self.closed = True


def test_a_stream_is_committed_as_it_comes():
    model = Streaming([2], [], [0, 1])
    committed = run(model, inputs(3), batch_size=1)
    assert [[name for name, _ in batch] for batch in committed] == [["d2"], ["d0", "d1"]]
    assert all(answer.label == name for name, answer in flat(committed).items())


def test_a_stream_ends_where_a_signal_comes_and_what_it_gave_is_kept():
    model = Streaming([0], [1], [2])
    committed = []
    with pytest.raises(Stopped):
        Local().run(model, inputs(3), lambda batch, _: committed.extend(batch), lambda: 2 if committed else None)
    assert (len(committed), model.given, model.closed) == (1, 1, True)


@pytest.mark.parametrize("places", [[0], [0, 1, 1]])
def test_a_stream_answers_each_input_once(places):
    with pytest.raises(ValueError, match="answers to 2 inputs"):
        run(Streaming(places), inputs(2))
