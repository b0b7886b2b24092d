"""Passes under a budget of tokens: each row once, halved where memory runs out, never below one row."""

import subprocess
import sys
import time
from concurrent.futures import CancelledError
from functools import partial
from itertools import pairwise
from threading import Barrier, Event, current_thread, main_thread
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.budget import STREAM_TOKENS, Budget, found_budget, out_of_memory, overlapped
from harness.model.streams import Streams

pytestmark = pytest.mark.core
torch = pytest.importorskip("torch")


def reader(lengths, room=None, error=None):
    """A forward pass that fits `room` padded tokens; and the passes it was asked for, with whether they fitted."""
    asked = []

    def forward(chosen):
        size = len(chosen) * max(lengths[i] for i in chosen)
        fits = room is None or size <= room
        asked.append((chosen, fits))
        if not fits:
            raise error or torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    return forward, asked


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(1, 9), st.integers(1, 100))
def test_each_row_is_read_once_within_the_budget(lengths, batch_size, tokens):
    forward, asked = reader(lengths)
    Budget(tokens).run(lengths, batch_size, forward)
    assert sorted(i for chosen, _ in asked for i in chosen) == [i for i, length in enumerate(lengths) if length]
    for chosen, _ in asked:
        assert len(chosen) <= batch_size
        assert len(chosen) == 1 or len(chosen) * max(lengths[i] for i in chosen) <= tokens
    widths = [max(lengths[i] for i in chosen) for chosen, _ in asked]
    assert widths == sorted(widths, reverse=True)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(30, 200))
def test_what_does_not_fit_is_halved_and_no_finished_row_is_read_again(lengths, room):
    forward, asked = reader(lengths, room)
    budget = Budget(10_000)
    budget.run(lengths, 64, forward)
    assert sorted(i for chosen, fits in asked if fits for i in chosen) == list(range(len(lengths)))
    # Each pass that did not fit is followed by one of at most half its size, unless that is a single row.
    for (before, fitted), (after, _) in pairwise(asked):
        if not fitted:
            size = len(before) * max(lengths[i] for i in before)
            assert len(after) == 1 or 2 * len(after) * max(lengths[i] for i in after) <= size
    # What was learned is kept: the same rows need no attempt more.
    again, asked_again = reader(lengths, room)
    budget.run(lengths, 64, again)
    assert len(asked_again) <= len(asked)


def test_the_sizes_that_are_tried():
    """Ten rows of 4 tokens and room for 12: 40, then 20, then 10 tokens, which are two rows."""
    forward, asked = reader([4] * 10, room=12)
    budget = Budget(40)
    budget.run([4] * 10, 64, forward)
    assert [(len(chosen), fits) for chosen, fits in asked] == [(10, False), (5, False), *[(2, True)] * 5]
    assert budget.tokens == 10


def test_a_cap_of_rows_is_no_way_around_halving():
    """The batch was cut by its rows, far below the budget: half of it is half of what was tried."""
    forward, asked = reader([4] * 8, room=8)
    Budget(10_000).run([4] * 8, 4, forward)
    assert [len(chosen) for chosen, _ in asked] == [4, 2, 2, 2, 2]


def test_a_single_row_that_never_fits_is_whoever_called_s():
    lengths = [3, 50, 3]
    forward, asked = reader(lengths, room=20)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        Budget(1000).run(lengths, 8, forward)
    assert [len(chosen) for chosen, _ in asked] == [3, 1]


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: device-side assert triggered"), ValueError("out of memory"), KeyError("x")]
)
def test_other_faults_are_not_retried(error):
    forward, asked = reader([4, 4], room=1, error=error)
    with pytest.raises(type(error)):
        Budget(100).run([4, 4], 8, forward)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("x"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_every_spelling_of_no_memory(error):
    assert out_of_memory(error)
    forward, asked = reader([4, 4], room=4, error=error)
    Budget(100).run([4, 4], 8, forward)
    assert [len(chosen) for chosen, _ in asked] == [2, 1, 1]


@pytest.fixture(scope="module")
def streams():
    before = torch.get_num_threads()
    yield Streams(2)
    torch.set_num_threads(before)


class TestStreams:
    """Passes side by side keep every promise that passes one after the other keep."""

    @given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(30, 200), st.integers(1, 9))
    def test_each_row_is_read_once_where_it_fits(self, streams, lengths, room, batch_size):
        forward, asked = reader(lengths, room)
        budget = Budget(1000, streams)
        budget.run(lengths, batch_size, forward)
        read = sorted(i for chosen, fits in asked if fits for i in chosen)
        assert read == [i for i, length in enumerate(lengths) if length]

    def test_two_passes_are_under_way_at_once(self, streams):
        both = Barrier(2)
        Budget(4, streams).run([4, 4], 8, lambda chosen: both.wait(20))
        assert not both.broken

    def test_where_a_pass_is_made_does_not_depend_on_what_else_is_under_way(self, streams):
        """One core adds numbers in another order than two: a pass by itself is made as it is beside others."""
        seen = []
        for lengths in ([4, 4], [4] * 60):
            Budget(16, streams).run(lengths, 8, lambda chosen: seen.append(current_thread()))
        assert len(seen) == 16
        assert main_thread() not in seen

    def test_a_row_that_does_not_fit_beside_others_is_tried_alone(self, streams):
        """Whatever the threads try is refused; the same row fits when this thread asks by itself."""
        seen = []

        def forward(chosen):
            if current_thread() is not main_thread():
                raise MemoryError
            seen.append(chosen)

        budget = Budget(16, streams)
        budget.run([8, 8, 8, 8], 8, forward)
        assert [len(chosen) for chosen in seen] == [1] * 4
        assert budget.tokens == 8

    def test_a_fault_ends_what_nobody_began(self, streams):
        seen = []
        failed = Event()

        def forward(chosen):
            if chosen[0] == 0:
                failed.set()
                raise KeyError("x")
            failed.wait(20)
            seen.append(chosen[0])

        held = []

        def until_the_last_is_dropped(chosen):
            for _ in range(20_000):
                if held and held[-1].cancelled():
                    break
                time.sleep(0.001)
            seen.append(100 + chosen[0])

        budget = Budget(9, streams)
        later = budget.begin([9 - i for i in range(6)], 1, forward)
        more = budget.begin([1] * 40, 1, until_the_last_is_dropped)
        held += [future for _, future in more.args[0]]
        with pytest.raises(KeyError):
            later()
        so_far = list(seen)
        # Two threads can have begun two of them.
        assert len([i for i in so_far if i >= 100]) <= 2
        with pytest.raises(CancelledError):
            more()
        assert seen == so_far

    def test_the_next_has_begun_when_one_is_finished(self, streams):
        order = []

        def begun():
            for name in "abc":
                order.append(f"{name} begins")
                yield name, partial(order.append, f"{name} ends")

        assert list(overlapped(begun())) == ["a", "b", "c"]
        assert order == ["a begins", "b begins", "a ends", "c begins", "b ends", "c ends"]
        assert list(overlapped(iter(()))) == []


def network(device, hidden=384, inner=1536, dtype=torch.float32):
    config = SimpleNamespace(hidden_size=hidden, intermediate_size=inner)
    return SimpleNamespace(device=torch.device(device), config=config, dtype=dtype)


class TestFound:
    @pytest.mark.parametrize(("threads", "tokens"), [(1, 1024), (2, 1024), (8, 4096), (96, 8192)])
    def test_on_a_cpu_by_its_threads(self, monkeypatch, threads, tokens):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        assert found_budget(network("cpu")).tokens == tokens

    @pytest.mark.parametrize(
        ("model_type", "threads", "streams"), [("bert", 2, True), ("bert", 1, False), ("big_bird", 2, False)]
    )
    def test_streams_for_models_that_write_nothing_into_themselves(self, monkeypatch, model_type, threads, streams):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        encoder = network("cpu")
        encoder.config.model_type = model_type
        found = found_budget(encoder)
        assert (found.streams is not None, found.tokens) == (streams, STREAM_TOKENS if streams else 1024)
        given = found_budget(encoder, 77)
        assert (given.streams is found.streams, given.tokens) == (True, 77)

    @pytest.mark.parametrize(
        ("free", "tokens"),
        [
            (80 * 2**30, 16384),
            # 36,864 bytes a token: half of 512 MiB holds 7,281 of them, and the power of two below is 4,096.
            (2**29, 4096),
            (2**29 + 2**20, 4096),  # a little more moves nothing
            (2**20, 1024),
            (0, 1024),
        ],
    )
    def test_on_a_gpu_by_its_free_memory(self, monkeypatch, free, tokens):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2**40))
        assert found_budget(network("cuda:0")).tokens == tokens

    def test_half_the_bytes_are_twice_the_tokens(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**29, 2**40))
        assert found_budget(network("cuda:0", dtype=torch.bfloat16)).tokens == 8192

    def test_a_config_that_says_little(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**40, 2**40))
        bare = SimpleNamespace(device=torch.device("cuda"), config=SimpleNamespace(), dtype=torch.float32)
        assert found_budget(bare).tokens == 16384


def test_importing_it_imports_no_torch():
    """The signature of a model is had without."""
    code = "import harness.model.checkpoint, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
