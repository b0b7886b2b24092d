"""What a result file of another tool says, and how such a file is opened; every fault names where it stands."""

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from harness.config import modules_with
from harness.errors import DataError
from harness.files import read_text

# A header of scores has some thousand characters; what unpacks to more is no header.
MAX_HEADER_BYTES = 64 * 1024**2
MAX_FILE_BYTES = 1024**3
# Any count or score beyond it is an accident, and not every format that is written later can hold it.
MAX_NUMBER = 1e15
_ZSTANDARD = 93
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


@dataclass(frozen=True)
class ForeignScore:
    """One score as the tool has it.

    Args:
        name: What the tool calls it, for instance `acc,none`.
        choices: What the tool says moves the number, for the signature.
        value: As stored.
        stderr: Its standard error, where the tool gives one.
        lower_is_better: Whether less is better, as the tool says.
    """

    name: str
    choices: Mapping[str, str]
    value: float
    stderr: float | None = None
    lower_is_better: bool = False


@dataclass(frozen=True)
class ForeignRun:
    """The scores of one model on one task of the tool's.

    Args:
        tool: The tool.
        version: Its version.
        task: What the tool calls the task.
        task_version: The task's version.
        model: What the tool calls the model; None where the file does not say.
        samples: Samples that the task has.
        scored: Samples that were scored.
        documents: What tells its samples from another run's: equal values are equal samples, as far as the file says.
        asked: How the model was asked, as far as the file says.
        scores: The scores; at least one, no two of one name.
    """

    tool: str
    version: str
    task: str
    task_version: str
    model: str | None
    samples: int
    scored: int
    documents: Mapping[str, Any]
    asked: Mapping[str, Any]
    scores: tuple[ForeignScore, ...]


def tools() -> dict[str, ModuleType]:
    """The modules that read a tool's files, by the tool's name."""
    return {tool: module() for tool, module in modules_with("foreign", "recognizes").items()}


def read_file(path: Path) -> list[ForeignRun]:
    """The runs of a result file; which tool wrote it is found out.

    Raises:
        DataError: It is none that is known, or what stands in it is no score.
    """
    content = _content(path)
    known = tools()
    for module in known.values():
        if module.recognizes(content):
            runs: list[ForeignRun] = module.read(Place(str(path), content))
            return runs
    raise DataError(
        [f"{path}: no result file of {' or '.join(known)}; expected results_*.json of lm-evaluation-harness, or a "
         "finished .eval or .json log of Inspect"]
    )  # fmt: skip


# ---- content --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A value of the file and where it stands, so that whoever takes it apart says where a fault is.

    Args:
        where: `FILE: key.key`.
        value: What stands there.
    """

    where: str
    value: Any

    def __getitem__(self, name: str) -> "Place":
        """The value of a key.

        Raises:
            DataError: This is no object, or it has no such key.
        """
        if name not in self.object():
            raise self.fault(f"expected the key {name!r}, which is not there")
        return self._inner(name)

    def get(self, name: str) -> "Place | None":
        """The same, or None where it is not there or null."""
        return None if self.object().get(name) is None else self._inner(name)

    def object(self) -> dict[str, Any]:
        """The value as an object."""
        if not isinstance(self.value, dict):
            raise self.fault(f"expected an object, found {_excerpt(self.value)}")
        return self.value

    def names(self) -> list[str]:
        """The keys of an object, in the order of the file."""
        for name in self.object():
            if not _is_text(name):
                raise self.fault(f"expected names that are valid Unicode and not blank, found {_excerpt(name)}")
        return list(self.object())

    def items(self) -> "list[Place]":
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.fault(f"expected a list, found {_excerpt(self.value)}")
        return [Place(f"{self.where}[{number}]", value) for number, value in enumerate(self.value)]

    def text(self) -> str:
        """The value as a text that is not blank."""
        if not isinstance(self.value, str) or not _is_text(self.value):
            raise self.fault(f"expected a text, found {_excerpt(self.value)}")
        return self.value

    def version(self) -> str:
        """A version, which may be a number."""
        found = self.value
        if isinstance(found, bool) or not isinstance(found, str | int | float) or not _is_text(str(found)):
            raise self.fault(f"expected a version, found {_excerpt(found)}")
        return str(found)[:100]

    def number(self) -> float:
        """A finite number of a sane size."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(f"expected a number, found {_excerpt(value)}")
        # In this order, because an integer may be too large for a float.
        if abs(value) > MAX_NUMBER or not math.isfinite(value):
            raise self.fault(f"expected a finite number of at most {MAX_NUMBER:g}, found {_excerpt(value)}")
        return float(value)

    def count(self) -> int:
        """A whole number from 0."""
        value = self.number()
        if value < 0 or value != int(value):
            raise self.fault(f"expected a whole number from 0, found {_excerpt(self.value)}")
        return int(value)

    def fault(self, message: str) -> DataError:
        """What is wrong here."""
        return DataError([f"{self.where}: {message}"])

    def _inner(self, name: str) -> "Place":
        separator = "." if ": " in self.where else ": "
        return Place(f"{self.where}{separator}{name}", self.value[name])


def _content(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            zipped = stream.read(4) == b"PK\x03\x04"
        size = path.stat().st_size
    except OSError as error:
        raise DataError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    if size > MAX_FILE_BYTES:
        raise DataError([f"{path}: at most {MAX_FILE_BYTES} bytes are read, found {size}"])
    text = _header(path) if zipped else read_text(path)
    try:
        # Both tools write bare NaN; where a number is wanted it is refused with its place.
        content = json.loads(text)
    except RecursionError:
        raise DataError([f"{path}: JSON is nested too deeply"]) from None
    except ValueError as error:
        hint = "; samples_*.jsonl has no scores, give results_*.json" if path.suffix == ".jsonl" else ""
        raise DataError([f"{path}: no JSON ({_excerpt(str(error))}){hint}"]) from None
    if not isinstance(content, dict):
        raise DataError([f"{path}: expected a JSON object, found {_excerpt(content)}"])
    return content


def _header(path: Path) -> str:
    """`header.json` of an Inspect log; nothing else of the archive is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            info = archive.getinfo("header.json")
            if max(info.file_size, info.compress_size) > MAX_HEADER_BYTES:
                raise DataError(
                    [f"{path}: header.json: at most {MAX_HEADER_BYTES} bytes are read, found {info.file_size}"]
                )
            stream.seek(info.header_offset)
            *_, name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
            stream.seek(name + extra, 1)
            packed = stream.read(info.compress_size)
    except KeyError:
        raise DataError([f"{path}: holds no header.json; an Inspect log has it when its evaluation ended"]) from None
    except (zipfile.BadZipFile, struct.error, OSError, ValueError, NotImplementedError) as error:
        raise DataError([f"{path}: no archive that can be read ({error})"]) from None
    try:
        data = _unpacked(packed, info)
    except (zlib.error, pa.ArrowException, OSError, ValueError) as error:
        raise DataError([f"{path}: header.json cannot be unpacked ({error})"]) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise DataError([f"{path}: header.json is not UTF-8"]) from None


def _unpacked(packed: bytes, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member, never more than were announced."""
    if info.flag_bits & 1:
        raise ValueError("it is encrypted")
    if info.compress_type == zipfile.ZIP_STORED:
        data = packed
    elif info.compress_type == zipfile.ZIP_DEFLATED:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)
    elif info.compress_type == _ZSTANDARD:
        # Inspect writes Zstandard, which the standard library reads from Python 3.14 on.
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
            data = stream.read(info.file_size + 1)
    else:
        raise ValueError(f"compression method {info.compress_type}")
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise ValueError("its size or checksum differs from what the archive says")
    return data


def _is_text(text: str) -> bool:
    # A lone surrogate cannot be written to any file.
    return bool(text.strip()) and not any("\ud800" <= character <= "\udfff" for character in text)


def _excerpt(value: object) -> str:
    # Spelling an integer of a million digits is refused by Python itself.
    try:
        text = repr(value)
    except ValueError:
        text = "a number of very many digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
