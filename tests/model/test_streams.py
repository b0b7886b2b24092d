"""Passes side by side: a core each, and only in models that two may be in at once."""

import ast
import importlib.util
import re
from pathlib import Path
from threading import Barrier, Event
from types import SimpleNamespace

import pytest

from harness.model.streams import STATELESS, Streams, streams_for

pytestmark = pytest.mark.core
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def two():
    before = torch.get_num_threads()
    yield Streams(2)
    torch.set_num_threads(before)


def test_each_has_one_core_and_this_thread_keeps_its_own(two):
    found, both = [], Barrier(2)

    def work():
        both.wait(20)
        found.append(torch.get_num_threads())

    for future in [two.submit(work), two.submit(work)]:
        future.result(20)
    assert found == [1, 1]
    assert torch.get_num_threads() == 2


def test_what_nobody_began_is_dropped_and_the_rest_awaited(two):
    begun, go, done = Barrier(3), Event(), []

    def work():
        begun.wait(20)
        go.wait(20)
        done.append(1)

    futures = [two.submit(work) for _ in range(5)]
    begun.wait(20)
    futures[-1].add_done_callback(lambda _: go.set())
    two.clear()
    assert len(done) == 2
    assert [future.cancelled() for future in futures] == [False, False, True, True, True]


def encoder(model_type="bert", device="cpu", kind=torch.nn.Linear):
    modules = [object.__new__(kind)]
    return SimpleNamespace(
        device=torch.device(device), config=SimpleNamespace(model_type=model_type), modules=lambda: modules
    )


class TestChosen:
    @pytest.fixture(autouse=True)
    def threads(self, monkeypatch):
        monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def test_all_models_share_the_threads(self):
        assert isinstance(streams_for(encoder()), Streams)
        assert streams_for(encoder()) is streams_for(encoder("roberta"))

    @pytest.mark.parametrize("other", [encoder("reformer"), encoder("llama"), encoder(device="cuda:0")])
    def test_none_for_other_models_and_devices(self, other):
        assert streams_for(other) is None

    def test_int8_where_its_kernels_may_be_entered_twice(self, monkeypatch):
        rounded = encoder(kind=torch.ao.nn.quantized.dynamic.Linear)
        for engine, streamed in (("qnnpack", False), ("x86", True)):
            monkeypatch.setattr(torch.backends, "quantized", SimpleNamespace(engine=engine))
            assert (streams_for(rounded) is not None) == streamed
            assert streams_for(encoder()) is not None

    def test_one_core_is_one_stream(self, monkeypatch):
        monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
        assert streams_for(encoder()) is None


def module_of(model_type):
    name = model_type.replace("-", "_")
    found = importlib.util.find_spec(f"transformers.models.{name}.modeling_{name}")
    return Path(found.origin)


def written_while_it_runs(file):
    """What methods that a forward pass may call assign to an attribute of `self`, or to a part of one."""
    setting_up = ("__init__", "_init_weights", "set_", "resize_", "tie_", "post_init", "_tie")
    return {
        f"{kind.name}.{method.name}: {ast.unparse(target)}"
        for kind in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(kind, ast.ClassDef)
        for method in kind.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith(setting_up)
        for node in ast.walk(method)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for part in (target.elts if isinstance(target, ast.Tuple) else [target])
        if isinstance(part, ast.Attribute | ast.Subscript) and owner(part) == "self"
    } - {
        # Set where labels to learn from are given, which nobody gives here.
        f"{kind}.forward: self.config.problem_type"
        for kind in re.findall(r"class (\w+ForSequenceClassification)", file.read_text(encoding="utf-8"))
    }


def owner(target):
    """The name that an assignment's target begins with: `a` of `a.b[c].d`."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return getattr(target, "id", None)


@pytest.mark.parametrize("model_type", sorted(STATELESS))
def test_the_code_of_a_listed_model_writes_nothing_into_it(model_type):
    assert written_while_it_runs(module_of(model_type)) == set()


def test_the_reading_of_code_finds_what_is_written():
    assert any("num_buckets" in found for found in written_while_it_runs(module_of("reformer")))
