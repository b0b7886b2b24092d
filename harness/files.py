"""Reading and writing files: atomic, locked, bounded, and with a place in every message."""

import codecs
import hashlib
import json
import math
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from harness.errors import DataError, RunError

# A single document beyond this is a concatenated corpus or an accident, and costs quadratic time further on.
MAX_DOCUMENT_CHARACTERS = 5_000_000
MAX_FILE_BYTES = 2 * 1024**3
# Records are flat; what is nested beyond this cannot be written again without reaching Python's own limit.
MAX_JSON_DEPTH = 100
# Of a file without one good line no more faults are listed: it is another kind of file.
_MOST_FAULTS = 5


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, no NaN. What hashes are taken over."""
    return _CANONICAL.encode(value)


# Made once: `json.dumps` makes an encoder at every call.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value: Any) -> str:
    """Hex SHA-256 of a JSON value in its canonical spelling."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file beside `path` and moves it there only when the block ends without an exception.

    After a crash at any point `path` is the old complete file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Cut, because a file system's longest name (255 bytes) has to hold what is added here too.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes files that only the owner may read; results are as readable as any new file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically, UTF-8, line ends as given."""
    with atomic_writer(path) as stream:
        stream.write(text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically: sorted keys, two-space indents, no NaN."""
    write_text(path, json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def remove_leftovers(folder: Path) -> None:
    """Removes the temporary files that a killed writer left; call it while holding the folder's lock."""
    for leftover in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):
            leftover.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the one lock of a run folder; a second process is refused at once.

    Raises:
        RunError: Another process holds it; names that process and its machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".lock"
    lock = FileLock(holder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with suppress(OSError):
            raise RunError(
                f"{folder}: {holder.read_text(encoding='utf-8').strip() or 'another process'} is writing this run; "
                "wait for it, or give this run another results=DIR"
            ) from None
        raise RunError(f"{folder}: another process is writing this run; wait for it") from None
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        remove_leftovers(folder)
        yield
    finally:
        # Removed while still held: filelock never takes a lock on a file that has lost its name.
        with suppress(FileNotFoundError):
            holder.unlink()
        lock.release()


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Reads a whole text file exactly as stored (line ends untouched).

    Raises:
        DataError: Missing, too large, no text, or not in `encoding`; says which byte.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError([f"{path}: at most {MAX_FILE_BYTES} bytes are read, found {size}"])
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError([f"{path}: no such file"]) from None
    except IsADirectoryError:
        raise DataError([f"{path}: expected a file, found a folder"]) from None
    except PermissionError:
        raise DataError([f"{path}: not readable by this user"]) from None
    except (OSError, ValueError) as error:
        # A name that is too long or holds a NUL, a file where a folder should be, a broken disk.
        raise DataError([f"{str(path)!r}: cannot be read: {getattr(error, 'strerror', None) or error}"]) from None
    if kind := _no_text(data):
        raise DataError([f"{path}: expected a text file, found {kind}"])
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            [
                f"{path}:{line}: expected {encoding}, found byte 0x{data[error.start]:02x} at position {error.start}; "
                f"set data.encoding to the file's own ({_likely(data)})"
            ]
        ) from None
    except (LookupError, ValueError):
        # Some codecs that Python registers are no text encodings of files and raise a bare UnicodeError.
        raise DataError(
            [f"data.encoding: {encoding!r} is no known text encoding; for instance utf-8 or cp1252"]
        ) from None
    return text


def read_json_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (`path:line`, record) of a JSON Lines file; blank lines are passed over.

    Raises:
        DataError: After the last good line, with every line that is no JSON object.
    """
    faults = []
    good = False
    text = read_text(path, encoding)
    if text.startswith("\ufeff"):
        raise DataError(
            [f"{path}:1: starts with a byte order mark; save it as UTF-8 without one, or set data.encoding=utf-8-sig"]
        )
    place = f"{path}:"
    for number, line in enumerate(_lines(text), start=1):
        if not line or line.isspace():
            continue
        where = f"{place}{number}"
        try:
            value = _value(line)
        except RecursionError:
            value = line
        except ValueError as error:
            faults.append(f"{where}: expected a JSON object on one line, found {_excerpt(line)}: {error}")
            continue
        if value is line or _too_deep(value, line):
            faults.append(f"{where}: JSON is nested too deeply, at most {MAX_JSON_DEPTH} levels are read")
        elif isinstance(value, dict):
            good = True
            yield where, value
        else:
            hint = "; write one object a line, without a list around them" if isinstance(value, list) else ""
            faults.append(f"{where}: expected a JSON object, found {_excerpt(line)}{hint}")
    if len(faults) > _MOST_FAULTS and not good:
        kind = "; it looks like HTML" if re.match(r"\s*<(!doctype|html)\b", text, re.IGNORECASE) else ""
        faults = [*faults[:1], f"{path}: expected JSON Lines, found no JSON object on any of {len(faults)} lines{kind}"]
    if faults:
        raise DataError(faults)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, one at a time: a list of them would be a copy of it."""
    # Only a line feed ends a line: U+2028 and its like may stand inside a JSON string.
    first = 0
    while (last := text.find("\n", first)) >= 0:
        yield text[first:last]
        first = last + 1
    yield text[first:]


def _value(line: str) -> Any:
    # The usual line is an object from end to end; `decode` would look for white space around it first.
    if line[0] == "{":
        value, end = _JSON.raw_decode(line)
        if end == len(line):
            return value
    return _JSON.decode(line)


def _too_deep(value: Any, line: str) -> bool:
    # Most lines have too few brackets to be worth a closer look.
    if line.count("{") + line.count("[") <= MAX_JSON_DEPTH:
        return False
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
    return any(isinstance(one, dict | list) for one in level)


def no_constant(name: str) -> float:
    """What `parse_constant` is given where NaN and infinities are no JSON."""
    raise ValueError(f"{name} is not JSON")


def finite_number(digits: str) -> float:
    """What `parse_float` is given where numbers are finite."""
    number = float(digits)
    if not math.isfinite(number):
        # Python reads 1e999 as infinity, which is not JSON when it is written again.
        raise ValueError(f"{_excerpt(digits)} is too large a number")
    return number


def _no_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {_excerpt(name)} stands twice")
            seen.add(name)
    return found


_JSON = json.JSONDecoder(parse_constant=no_constant, parse_float=finite_number, object_pairs_hook=_no_duplicate_keys)


def _excerpt(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")


# How files begin that no encoding makes text of.
_NO_TEXT = {
    b"%PDF": "a PDF; save its text as .txt",
    b"PK\x03\x04": "a zip archive (.docx and .xlsx are such, too)",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"SQLite format 3": "a database",
}


def _no_text(data: bytes) -> str | None:
    return next((kind for start, kind in _NO_TEXT.items() if data.startswith(start)), None)


def _likely(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it looks like utf-16"
    return "cp1252 for many older Windows files"


def _umask() -> int:
    # There is no way to read it without setting it; single-threaded at this point of a run.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # other systems cannot open a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
