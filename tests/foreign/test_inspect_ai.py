"""Logs of Inspect, packed and as JSON: what they say, and that an archive can do no harm."""

import json
import runpy
import tracemalloc
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.foreign import base
from harness.foreign.base import read_file

pytestmark = pytest.mark.core

made = runpy.run_path(str(Path(__file__).parent / "made_files.py"))
INSPECT, changed, json_file = made["INSPECT"], made["changed"], made["json_file"]
zipped, eval_file = made["zipped"], made["eval_file"]


@pytest.mark.parametrize("method", ["zstd", "deflate", "store"])
def test_both_formats_say_the_same(method, tmp_path):
    (packed,) = read_file(eval_file(tmp_path / "a.eval", method=method))
    (plain,) = read_file(json_file(tmp_path / "a.json", INSPECT))
    assert packed == plain
    assert (plain.tool, plain.version, plain.task, plain.task_version) == ("inspect_ai", "0.3.285", "pond_stance", "0")
    assert (plain.model, plain.samples, plain.scored) == ("some/model", 4, 3)
    assert [(s.name, s.value, s.stderr) for s in plain.scores] == [
        ("match/accuracy", 0.75, 0.25),
        ("includes/inspect_ai/accuracy", 1.0, None),
    ]
    assert dict(plain.scores[0].choices) == {"scorer": "match", "metric": "accuracy", "reducer": "mean"}


def test_other_samples_are_other_documents(tmp_path):
    def documents(content):
        return read_file(json_file(tmp_path / "a.json", content))[0].documents

    same = documents(INSPECT)
    assert documents(changed(INSPECT, "eval/model", "other/model")) == same
    assert documents(changed(INSPECT, "eval/dataset/sample_ids/0", "p9")) != same
    assert documents(changed(INSPECT, "eval/dataset/name", "lake")) != same


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("version", 3, "at most 2, found 3"),
        ("version", "two", "expected a number"),
        ("status", "error", "finished log"),
        ("status", "started", "finished log"),
        ("results", ..., "'results'"),
        ("results", None, "expected an object"),
        ("results/scores", {}, "expected a list"),
        ("results/scores", [], "at least one score"),
        ("results/scores/0/name", 5, "results.scores[0].name: expected a text"),
        ("results/scores/0/metrics", [], "expected an object"),
        ("results/scores/0/metrics/accuracy/value", float("nan"), "finite"),
        ("results/scores/0/metrics/accuracy/value", "1", "expected a number"),
        ("results/scores/0/metrics/accuracy/value", 1e16, "finite number of at most"),
        ("results/scores/0/metrics/accuracy", 0.5, "expected an object"),
        ("results/scores/1/name", "match", None),
        ("results/completed_samples", 5, "at most total_samples, 4"),
        ("results/total_samples", -1, "whole number"),
        ("eval/model", "", "expected a text"),
        ("eval/task", None, "expected a text"),
        ("eval/dataset", [], "expected an object"),
        ("eval/dataset/sample_ids", {}, "expected a list"),
        ("eval/packages", "x", "expected an object"),
        ("eval/config", "x", "expected an object"),
        ("eval", 1, "expected an object"),
    ],
)
def test_faults_name_their_place(path, value, said, tmp_path):
    file = eval_file(tmp_path / "log.eval", changed(INSPECT, path, value))
    if said is None:
        assert len(read_file(file)[0].scores) == 2  # two scorers of one name with other metrics
        return
    with pytest.raises(DataError, match=r"log\.eval") as caught:
        read_file(file)
    assert said in str(caught.value)


def test_one_score_twice(tmp_path):
    content = changed(INSPECT, "results/scores/1", INSPECT["results"]["scores"][0])
    with pytest.raises(DataError, match="stands twice"):
        read_file(json_file(tmp_path / "a.json", content))


@pytest.mark.parametrize("method", ["zstd", "deflate"])
def test_a_bomb_is_refused_before_it_is_unpacked(method, tmp_path):
    bomb = b" " * (80 * 1024**2)
    # What says how large it is is refused for that; what lies about it unpacks to no more than was announced.
    honest, liar = tmp_path / "honest.eval", tmp_path / "liar.eval"
    honest.write_bytes(zipped({"header.json": bomb}, method=method))
    liar.write_bytes(zipped({"header.json": bomb}, method=method, announced=100))
    assert max(honest.stat().st_size, liar.stat().st_size) < 1_000_000
    del bomb
    for path, said in ((honest, "at most"), (liar, "differs from what the archive says")):
        tracemalloc.start()
        with pytest.raises(DataError, match=said):
            read_file(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 1024**2


def test_other_members_are_never_unpacked(tmp_path):
    path = tmp_path / "a.eval"
    data = {"../out.json": b"x", "samples/1.json": b"torn", "header.json": json.dumps(INSPECT).encode()}
    path.write_bytes(zipped(data))
    assert read_file(path)[0].samples == 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.eval"]


def test_archives_that_are_none(tmp_path):
    whole = zipped({"header.json": json.dumps(INSPECT).encode()})
    broken = bytearray(whole)
    broken[60] ^= 0xFF
    contents = {
        "cut.eval": whole[:100],
        "flipped.eval": bytes(broken),
        "unfinished.eval": zipped({"_journal/start.json": b"{}"}),
        "latin.eval": zipped({"header.json": b"\xff\xfe"}, method="store"),
        "list.eval": zipped({"header.json": b"[]"}),
        "empty.eval": b"PK\x03\x04",
        # Bit 0 of the flags, in both places: encrypted.
        "locked.eval": whole.replace(b"\x14\x00\x00\x00\x5d\x00", b"\x14\x00\x01\x00\x5d\x00"),
        "method.eval": whole.replace(b"\x14\x00\x00\x00\x5d\x00", b"\x14\x00\x00\x00\x63\x00"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            read_file(tmp_path / name)


def test_files_beyond_the_limit_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "MAX_FILE_BYTES", 10)
    with pytest.raises(DataError, match="at most 10 bytes"):
        read_file(eval_file(tmp_path / "a.eval"))
