"""Bounds on what others made: sizes, packed sizes, depths, archives, and the places in messages."""

import gzip
import json
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from harness.errors import ConfigError, DataError
from harness.format import limits

pytestmark = pytest.mark.core


def test_a_gzip_bomb_is_refused_early_and_cheaply(tmp_path):
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb") as stream:
        for _ in range(60):
            stream.write(b" " * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"packed bytes hold more than \d+; at most 200 times"):
        limits.read_text(path)
    assert tracemalloc.get_traced_memory()[1] < 30 * 1024 * 1024
    tracemalloc.stop()


def test_honest_gzip_files_are_read(tmp_path):
    text = "\n".join(json.dumps({"id": n, "text": "the same line"}) for n in range(5000))
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(text.encode()))
    faults = []
    rows = list(limits.json_objects(path, "utf-8", faults))
    assert (len(rows), rows[4999][0], faults) == (5000, f"{path}:5000", [])


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"a")[:-4] + b"abcd"],
    ids=["empty", "text", "torn", "checksum"],
)
def test_what_is_no_gzip_file(tmp_path, data):
    path = tmp_path / "x.gz"
    path.write_bytes(data)
    if data == b"":
        assert limits.read_bytes(path) == b""
    else:
        with pytest.raises(DataError, match="expected a complete gzip file"):
            limits.read_bytes(path)


def test_a_file_over_the_limit_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    path = tmp_path / "x"
    path.write_bytes(b"x" * 11)
    with pytest.raises(DataError, match="at most 10 bytes are read, found 11"):
        limits.read_bytes(path)
    path.write_bytes(b"x" * 10)
    assert limits.read_bytes(path) == b"x" * 10


def test_folders_and_missing_files(tmp_path):
    with pytest.raises(DataError, match="expected a file, found a folder"):
        limits.read_bytes(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        limits.read_bytes(tmp_path / "x")


def test_lines_end_with_lf_or_crlf_alone():
    assert list(limits.text_lines("a\r\nb\u2028c\x85d\x0be\rf\r\r\n")) == [
        (1, "a"),
        (2, "b\u2028c\x85d\x0be\rf\r"),
        (3, ""),
    ]


@pytest.mark.parametrize(
    ("data", "encoding", "remedy"),
    [
        ("Zoë".encode("cp1252"), "utf-8", "cp1252"),
        ("Zoë".encode(), "ascii", "utf-8"),
        ("Zoë".encode("utf-16"), "utf-8", "utf-16"),
        (b"\x81\xff", "utf-8", "latin-1"),
    ],
)
def test_an_encoding_that_would_do_is_proposed(tmp_path, data, encoding, remedy):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"set data.encoding={remedy} "):
        limits.read_text(path, encoding)
    limits.read_text(path, remedy)


def test_the_byte_named_counts_the_byte_order_mark(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbfab\n\xff")
    with pytest.raises(DataError, match=r":2: expected utf-8, found the byte 0xff at position 6"):
        limits.read_text(path)


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "zlib"])
def test_what_is_no_text_encoding(tmp_path, encoding):
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"data\.encoding"):
        limits.read_text(tmp_path / "x", encoding)


def test_json_lines_collect_their_faults(tmp_path):
    path = tmp_path / "x.jsonl"
    deep = "[" * 100_000
    lines = ['{"a": 1}', "", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "[1]", '{"a": ' + deep, '{"b": 2}\r']
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    faults = []
    assert list(limits.json_objects(path, "utf-8", faults)) == [(f"{path}:1", {"a": 1}), (f"{path}:8", {"b": 2})]
    assert [fault.partition(": ")[0] for fault in faults] == [f"{path}:{n}" for n in (3, 4, 5, 6, 7)]
    assert all(len(fault) < 300 for fault in faults)


def test_an_array_has_a_line_for_each_element(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('\n[\n {"a": 1},\n {"a":\n 2}\n, {"a": 3}]\n')
    faults = []
    assert list(limits.json_objects(path, "utf-8", faults)) == [
        (f"{path}:3", {"a": 1}),
        (f"{path}:4", {"a": 2}),
        (f"{path}:6", {"a": 3}),
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "found", "message"),
    [
        ("[]", 0, None),
        ("[ ]\n", 0, None),
        ("[{}", 1, "comma or the array's end"),
        ("[{},", 1, "expected JSON"),
        ("[{},]", 1, None),
        ("[{} {}]", 1, "comma"),
        ("[{}] x", 1, "nothing after the array"),
        ("[1, {}]", 1, "expected a JSON object, found 1"),
        ('[{"a": Infinity}]', 0, "Infinity is not JSON"),
        ('[{"a": 1, "a": 1}]', 0, "stands twice"),
        ("[" * 100_000, 0, "nested too deeply"),
    ],
)
def test_arrays_good_and_bad(tmp_path, text, found, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    faults = []
    assert len(list(limits.json_objects(path, "utf-8", faults))) == found
    assert (message is None and faults == []) or message in faults[0]


def test_zip_archives_that_lead_out_or_hold_what_is_not_read(tmp_path):
    path = tmp_path / "x.zip"
    link = zipfile.ZipInfo("link.xmi")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.xmi", "x")
        archive.writestr("../e.txt", "x")
        archive.writestr("/abs.txt", "x")
        archive.writestr("a\\..\\..\\b.txt", "x")
        archive.writestr("C:x.txt", "x")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", "x")
    with pytest.raises(DataError) as caught:
        limits.read_zip(path)
    faults = caught.value.faults
    assert len(faults) == 6
    assert sum("leads out of the archive" in fault for fault in faults) == 4
    assert list(tmp_path.parent.rglob("e.txt")) == []


def test_a_zip_bomb(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xmi", b"0" * 5_000_000)
    with pytest.raises(DataError, match="packed bytes hold more than"):
        limits.read_zip(path)


@pytest.mark.parametrize("data", [b"", b"PK no zip"])
def test_what_is_no_zip_archive(tmp_path, data):
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(DataError, match="expected a zip archive"):
        limits.read_zip(path)
    with pytest.raises(DataError, match="no such file"):
        limits.read_zip(Path("nowhere.zip"))


@pytest.mark.parametrize(
    ("start", "end", "label", "message"),
    [
        (0, 3, "A", None),
        (2, 3, "A", None),
        (0, 4, "A", "expected 0 <= start < end <= 3"),
        (-1, 2, "A", "expected 0 <="),
        (1, 1, "A", "expected 0 <="),
        (2, 1, "A", "expected 0 <="),
        (True, 2, "A", "whole number of characters as start"),
        (0, 2.0, "A", "whole number of characters as end"),
        ("0", 2, "A", "whole number"),
        (None, 2, "A", "whole number"),
        (0, 2, "", "expected a label"),
        (0, 2, 3, "expected a label"),
        (0, 2, None, "expected a label"),
    ],
)
def test_span_faults(start, end, label, message):
    fault = limits.span_fault(start, end, label, 3)
    assert (fault is None) if message is None else (message in fault)


def test_long_values_are_cut_in_messages():
    assert len(limits.shown("x" * 10_000_000)) == 80
    assert limits.shown("short") == "'short'"
