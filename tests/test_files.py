"""Reading and writing files: what a crash leaves, who may write, and what every bad line is told."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.errors import DataError, RunError
from harness.files import (
    MAX_FILE_BYTES,
    MAX_JSON_DEPTH,
    atomic_writer,
    canonical_json,
    file_sha256,
    locked,
    read_json_lines,
    read_text,
    remove_leftovers,
    sha256,
    write_json,
    write_text,
)

pytestmark = pytest.mark.core


def lines(tmp_path, content, encoding="utf-8", name="x.jsonl"):
    """Good records and faults of a JSON Lines file, places cut to the line's number."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    good, faults = [], []
    try:
        for where, record in read_json_lines(path, encoding):
            good.append((where.removeprefix(f"{path}:"), record))
    except DataError as error:
        faults = [fault.removeprefix(f"{path}:") for fault in error.faults]
    return good, faults


# ---- canonical spelling and hashes ------------------------------------------------------------------------------


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": [1, 2.5, None, True], "a": "é😀"}) == '{"a":"é😀","b":[1,2.5,null,true]}'
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1})


def test_canonical_json_has_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([float("nan")])


def test_hashes_are_those_of_sha256sum(tmp_path):
    # printf '{"a":1}' | sha256sum
    expected = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert sha256({"a": 1}) == expected
    (tmp_path / "x").write_bytes(b'{"a":1}')
    assert file_sha256(tmp_path / "x") == expected


# ---- atomic writing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_inside_the_block_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "x.json"
    target.write_text("old")

    def fail():
        with atomic_writer(target) as stream:
            stream.write(b"new and incomplete")
            stream.flush()
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_while_it_is_written_the_old_file_stays(tmp_path):
    target = tmp_path / "x.json"
    target.write_text("old")
    with atomic_writer(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_text() == "old"
        assert len(list(tmp_path.glob(".*.tmp"))) == 1
    assert target.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_a_failed_write_that_is_not_json_leaves_the_old_file(tmp_path):
    target = tmp_path / "x.json"
    write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"a": float("inf")})
    assert json.loads(target.read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_folders_are_made_and_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a" / "b" / "x.txt", "one\r\ntwo\n")
    finally:
        os.umask(before)
    written = tmp_path / "a" / "b" / "x.txt"
    assert written.read_bytes() == b"one\r\ntwo\n"
    assert written.stat().st_mode & 0o777 == 0o640


def test_the_longest_name_that_a_file_system_takes_can_be_written(tmp_path):
    name = "x" * 255
    write_text(tmp_path / name, "text")
    assert (tmp_path / name).read_text() == "text"


def test_json_is_sorted_indented_and_ends_with_a_line_break(tmp_path):
    write_json(tmp_path / "x", {"b": "é", "a": []})
    assert (tmp_path / "x").read_text(encoding="utf-8") == '{\n  "a": [],\n  "b": "é"\n}\n'


WRITER = """
import sys
from pathlib import Path
from harness.files import write_json
print("ready", flush=True)
number = 0
while True:
    number += 1
    write_json(Path(sys.argv[1]), {"a_first": number, "filling": "x" * 200_000, "z_last": number})
"""


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    target = tmp_path / "x.json"
    rng = random.Random(0)
    seen = set()
    for _ in range(15):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.05, 0.15))
            writer.kill()
        content = json.loads(target.read_text())
        assert content["a_first"] == content["z_last"]
        assert len(content["filling"]) == 200_000
        seen.add(content["a_first"])
    # Killed at different points, else this test would prove little.
    assert len(seen) > 1
    remove_leftovers(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in (".x.json.abc.tmp", "kept.tmp", ".kept", "x.json"):
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".kept", "kept.tmp", "x.json"]


# ---- the lock ---------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from harness.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "run")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.mark.timeout(30)  # the holder keeps its lock for a minute
def test_a_second_process_is_refused_at_once_and_told_who_holds_it(tmp_path, holder):
    for _ in range(2):  # the first refused one must not have wiped out the name
        with pytest.raises(RunError) as refused, locked(tmp_path / "run"):
            pass
        assert f"{tmp_path / 'run'}: process {holder.pid} on " in str(refused.value)
        assert "results=DIR" in str(refused.value)


def test_a_killed_holder_holds_nothing(tmp_path, holder):
    leftover = tmp_path / "run" / ".scores.json.abc.tmp"
    leftover.write_text("half")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked(tmp_path / "run"):
        assert not leftover.exists()
        assert (tmp_path / "run" / ".lock").read_text().startswith(f"process {os.getpid()} on ")
    assert list((tmp_path / "run").iterdir()) == []


def test_a_lock_is_free_again_after_an_exception(tmp_path):
    def fail():
        with locked(tmp_path):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
    assert not (tmp_path / ".lock").exists()


def test_one_process_cannot_hold_it_twice(tmp_path):
    with locked(tmp_path), pytest.raises(RunError, match=f"process {os.getpid()} on "), locked(tmp_path):
        pass


# ---- reading text -----------------------------------------------------------------------------------------------


def test_text_is_read_as_stored(tmp_path):
    stored = "one\r\ntwo\rthree\n\u2028four\u0085 e\u0301 😀"
    (tmp_path / "x").write_bytes(stored.encode())
    assert read_text(tmp_path / "x") == stored


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (
            "ok\nna\xefve\n".encode("cp1252"),
            "utf-8",
            "{path}:2: expected utf-8, found byte 0xef at position 5; "
            "set data.encoding to the file's own (cp1252 for many older Windows files)",
        ),
        (
            "é\n".encode("utf-16"),
            "utf-8",
            "{path}:1: expected utf-8, found byte 0xff at position 0; "
            "set data.encoding to the file's own (it looks like utf-16)",
        ),
        (b"a\n\nb\x81", "cp1252", "{path}:3: expected cp1252, found byte 0x81 at position 4; set data.encoding to"),
        (b"x", "klingon", "data.encoding: 'klingon' is no known text encoding; for instance utf-8 or cp1252"),
        (b"x", "base64", "data.encoding: 'base64' is no known text encoding"),
        (b"x", "undefined", "data.encoding: 'undefined' is no known text encoding"),
        (b"x", "utf-8\x00", "data.encoding: 'utf-8\\x00' is no known text encoding"),
    ],
)
def test_a_wrong_encoding_names_line_byte_and_remedy(tmp_path, content, encoding, message):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_text(path, encoding)
    assert len(refused.value.faults) == 1
    assert refused.value.faults[0].startswith(message.format(path=path))


def test_what_is_no_readable_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path, message in [
        (tmp_path / "none", f"{tmp_path / 'none'}: no such file"),
        (tmp_path, f"{tmp_path}: expected a file, found a folder"),
        (tmp_path / ("x" * 300), f"'{tmp_path / ('x' * 300)}': cannot be read: File name too long"),
        (tmp_path / "file" / "below", f"'{tmp_path / 'file' / 'below'}': cannot be read: Not a directory"),
    ]:
        with pytest.raises(DataError) as refused:
            read_text(path)
        assert refused.value.faults == (message,)
    with pytest.raises(DataError, match="cannot be read: embedded null byte"):
        read_text(tmp_path / "a\x00b")


def test_a_file_that_this_user_may_not_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "x").write_text("")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="not readable by this user"):
        read_text(tmp_path / "x")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "x").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)  # takes no room on the disk
    with pytest.raises(DataError, match=f"at most {MAX_FILE_BYTES} bytes are read, found {MAX_FILE_BYTES + 1}"):
        read_text(tmp_path / "x")


# ---- JSON Lines -------------------------------------------------------------------------------------------------


def test_crlf_and_blank_lines_are_no_faults(tmp_path):
    assert lines(tmp_path, '{"a": 1}\r\n\r\n  \n{"a": 2}\r\n') == ([("1", {"a": 1}), ("4", {"a": 2})], [])


def test_only_a_line_feed_ends_a_line(tmp_path):
    text = "x\u2028y\u2029z\u0085\x0b\x0c\x1c\x1d\x1e"
    stored = json.dumps({"a": "x\u2028y\u2029z\u0085"}, ensure_ascii=False) + "\n" + json.dumps({"a": text})
    assert lines(tmp_path, stored) == ([("1", {"a": "x\u2028y\u2029z\u0085"}), ("2", {"a": text})], [])


def test_values_stay_what_they_are(tmp_path):
    record = '{"a": "2020-01-01", "b": "001", "c": "NA", "d": 1, "e": 1.0, "f": null, "g": true}'
    ((_, found),), faults = lines(tmp_path, record)
    assert faults == []
    assert found == {"a": "2020-01-01", "b": "001", "c": "NA", "d": 1, "e": 1.0, "f": None, "g": True}
    assert type(found["d"]) is int
    assert type(found["e"]) is float


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": 1', "expected a JSON object on one line, found '{\"a\": 1': Expecting ',' delimiter"),
        ('{"a": "x', 'expected a JSON object on one line, found \'{"a": "x\': Unterminated string'),
        ("{'a': 1}", "expected a JSON object on one line, found \"{'a': 1}\": Expecting property name"),
        ('{"a": 1} {"b": 2}', 'expected a JSON object on one line, found \'{"a": 1} {"b": 2}\': Extra data'),
        ('{"a": NaN}', "expected a JSON object on one line, found '{\"a\": NaN}': NaN is not JSON"),
        ('{"a": -Infinity}', "expected a JSON object on one line, found '{\"a\": -Infinity}': -Infinity is not JSON"),
        ('{"a": 1e999}', "expected a JSON object on one line, found '{\"a\": 1e999}': '1e999' is too large a number"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' stands twice"),
        ("[1]", "expected a JSON object, found '[1]'"),
        ('"a"', "expected a JSON object, found '\"a\"'"),
        ("null", "expected a JSON object, found 'null'"),
        ("1" * 5000, "expected a JSON object on one line, found '11"),
        ('\ufeff{"a": 1}', "expected a JSON object on one line, found '\\ufeff{"),
    ],
)
def test_every_bad_line_is_named_and_the_good_ones_are_read(tmp_path, line, reason):
    good, faults = lines(tmp_path, f'{{"ok": 1}}\n{line}\n{{"ok": 2}}\n{line}')
    assert good == [("1", {"ok": 1}), ("3", {"ok": 2})]
    assert [fault.split(": ")[0] for fault in faults] == ["2", "4"]
    assert all(reason in fault for fault in faults), faults
    assert all(len(fault) < 300 for fault in faults)


@pytest.mark.parametrize("opening", ['{"a":', "[", '{"a":['])
def test_deep_nesting_is_a_fault_and_no_crash(tmp_path, opening):
    good, faults = lines(tmp_path, '{"ok": 1}\n' + opening * 100_000)
    assert good == [("1", {"ok": 1})]
    assert faults == [f"2: JSON is nested too deeply, at most {MAX_JSON_DEPTH} levels are read"]


def test_nesting_up_to_the_limit_is_read_and_one_more_is_not(tmp_path):
    def nested(levels):
        return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    good, faults = lines(tmp_path, nested(MAX_JSON_DEPTH) + "\n" + nested(MAX_JSON_DEPTH + 1))
    assert [where for where, _ in good] == ["1"]
    assert faults == [f"2: JSON is nested too deeply, at most {MAX_JSON_DEPTH} levels are read"]
    # Many brackets side by side are not deep.
    assert lines(tmp_path, json.dumps({"a": [[]] * 1000}))[1] == []


def test_a_byte_order_mark_is_named(tmp_path):
    content = '\ufeff{"a": 1}\n'
    expected = "1: starts with a byte order mark; save it as UTF-8 without one, or set data.encoding=utf-8-sig"
    assert lines(tmp_path, content) == ([], [expected])
    (tmp_path / "y.jsonl").write_text(content, encoding="utf-8")
    assert [record for _, record in read_json_lines(tmp_path / "y.jsonl", "utf-8-sig")] == [{"a": 1}]


@pytest.mark.timeout(30)
def test_a_hundred_thousand_keys_of_which_the_last_stands_twice_cost_no_minutes(tmp_path):
    pairs = ", ".join(f'"k{number}": 1' for number in range(100_000))
    _, faults = lines(tmp_path, f'{{{pairs}, "k99999": 2}}')
    assert "the key 'k99999' stands twice" in faults[0]


@pytest.mark.parametrize(
    ("content", "kind"),
    [("<!DOCTYPE html>\n" + "<p>text</p>\n" * 20, "; it looks like HTML"), ("some words\n" * 20, "")],
)
def test_a_file_of_another_kind_is_said_to_be_one_and_not_listed_line_by_line(tmp_path, content, kind):
    path = tmp_path / "entities.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(read_json_lines(path))
    lines = len(content.splitlines())
    first, second = caught.value.faults
    assert first.startswith(f"{path}:1: expected a JSON object")
    assert second == f"{path}: expected JSON Lines, found no JSON object on any of {lines} lines{kind}"
