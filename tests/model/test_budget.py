"""Passes under a budget of tokens: each row once, halved where memory runs out, never below one row."""

import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.budget import Budget, found_budget, out_of_memory

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


def network(device, hidden=384, inner=1536, dtype=torch.float32):
    config = SimpleNamespace(hidden_size=hidden, intermediate_size=inner)
    return SimpleNamespace(device=torch.device(device), config=config, dtype=dtype)


class TestFound:
    @pytest.mark.parametrize(("threads", "tokens"), [(1, 1024), (2, 1024), (8, 4096), (96, 8192)])
    def test_on_a_cpu_by_its_threads(self, monkeypatch, threads, tokens):
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        assert found_budget(network("cpu")).tokens == tokens

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
