"""Reading files that others made, within bounds, and with a place in every message.

Everything that a format reads comes through here: at most `MAX_FILE_BYTES` a file, unpacked at most `MAX_RATIO` times
its packed size, at most `MAX_DOCUMENT_CHARACTERS` a document. Only a line feed ends a line (a carriage return before it
is dropped by `text_lines`): U+0085, U+2028 and their like are characters of the text.
"""

import codecs
import gzip
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from harness.errors import ConfigError, DataError
from harness.files import MAX_DOCUMENT_CHARACTERS, MAX_FILE_BYTES
from harness.records import Row

# Text seldom packs better than 1 : 20; a file beyond this was made to fill the memory.
MAX_RATIO = 200
# Below this an unpacked size harms nobody, whatever the ratio: a short file of one repeated line is honest.
SMALL_BYTES = 1024 * 1024
# Names of files that lie among data and are none.
NOT_DATA = re.compile(r"(?i)(readme|license|licence)\b")
_CHUNK_BYTES = 1024 * 1024
_SPACE = re.compile(r"\s*")


def shown(value: Any) -> str:
    """`repr` of a value, cut to a length that fits a message."""
    # Cut before repr: the value may be a megabyte.
    text = repr(value[:200]) if isinstance(value, str | bytes | list | tuple) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def read_bytes(path: Path) -> bytes:
    """A file's bytes; unpacked where its name ends in `.gz`.

    Raises:
        DataError: Missing, unreadable, no gzip file, or over a limit.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError([f"{path}: at most {MAX_FILE_BYTES} bytes are read, found {size}"])
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as stream:
            return _bounded(stream, str(path), size)
    except FileNotFoundError:
        raise DataError([f"{path}: no such file"]) from None
    except IsADirectoryError:
        raise DataError([f"{path}: expected a file, found a folder"]) from None
    except PermissionError:
        raise DataError([f"{path}: not readable by this user"]) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError([f"{path}: expected a complete gzip file, found {error}"]) from None


def read_text(path: Path, encoding: str = "utf-8", *, keep_mark: bool = False) -> str:
    """A text file's characters, line ends untouched.

    Args:
        path: The file; unpacked where its name ends in `.gz`.
        encoding: What its bytes mean.
        keep_mark: Whether a UTF-8 byte order mark stays, as U+FEFF: where offsets count it or a check refuses it.

    Raises:
        DataError: As `read_bytes`, or a byte that is not of `encoding`: says which, where, and what to set.
        ConfigError: There is no such encoding.
    """
    data = read_bytes(path)
    try:
        drop = not keep_mark and codecs.lookup(encoding).name == "utf-8"
        return (data.removeprefix(codecs.BOM_UTF8) if drop else data).decode(encoding)
    except LookupError:
        raise ConfigError(
            f"data.encoding: {encoding!r} is no known text encoding; for instance utf-8 or cp1252"
        ) from None
    except UnicodeDecodeError as error:
        # `error.object` is what was decoded: counted in the file itself, the mark is part of it.
        offset = error.start + len(data) - len(error.object)
        line = data.count(b"\n", 0, offset) + 1
        raise DataError(
            [
                f"{path}:{line}: expected {encoding}, found the byte 0x{data[offset]:02x} at position {offset}; "
                f"set data.encoding={_likely_encoding(data, encoding)} (or whatever the file was saved in)"
            ]
        ) from None


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields (number from 1, line without its line end); a line ends with LF or CRLF."""
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.removesuffix("\r")


def parse_json(text: str) -> Any:
    """A JSON value; keys that stand twice, `NaN` and the like are refused.

    Raises:
        ValueError: Says what is wrong with it.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_objects(path: Path, encoding: str, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (`path:line`, object) of a JSON Lines file or of one JSON array; what is no object goes to `faults`."""
    text = read_text(path, encoding)
    if text.lstrip().startswith("["):
        yield from _array_objects(path, text, faults)
        return
    for number, line in text_lines(text):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = parse_json(line)
        except ValueError as error:
            faults.append(f"{where}: expected a JSON object on one line, found {shown(line)}: {error}")
            continue
        if isinstance(value, dict):
            yield where, value
        else:
            faults.append(f"{where}: expected a JSON object, found {shown(line)}")


def read_zip(path: Path) -> dict[str, bytes]:
    """The files in a zip archive by name.

    Raises:
        DataError: No zip archive, over a limit, or a member that is encrypted, a link, an archive itself, or whose
            name leads out of the archive.
    """
    faults = []
    members: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                place = f"{path}/{member.filename}"
                name = PurePosixPath(member.filename.replace("\\", "/"))
                if name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", member.filename):
                    faults.append(f"{place}: the name leads out of the archive")
                elif stat.S_ISLNK(member.external_attr >> 16):
                    faults.append(f"{place}: a symbolic link in an archive is not followed")
                elif member.flag_bits & 1:
                    faults.append(f"{place}: the member is encrypted")
                elif name.suffix.lower() in {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".tar"}:
                    faults.append(f"{place}: an archive in an archive is not read; unpack the outer one")
                elif not member.is_dir():
                    # What the directory claims is checked too: it costs nothing and names the whole sum.
                    total += member.file_size
                    if total > MAX_FILE_BYTES:
                        raise DataError([f"{path}: at most {MAX_FILE_BYTES} bytes are unpacked, found more"])
                    with archive.open(member) as stream:
                        members[member.filename] = _bounded(stream, place, member.compress_size)
    except FileNotFoundError:
        raise DataError([f"{path}: no such file"]) from None
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise DataError([f"{path}: expected a zip archive, found {error}"]) from None
    if faults:
        raise DataError(faults)
    return members


def unpacked_limit(packed: int) -> int:
    """To how many bytes a file of `packed` bytes may unpack."""
    return min(MAX_FILE_BYTES, max(MAX_RATIO * packed, SMALL_BYTES))


def list_files(folder: Path, suffixes: Collection[str], *, required: bool = True) -> list[Path]:
    """Files of a folder (not of folders in it) whose name ends so, in name order; hidden ones and readmes are not data.

    Raises:
        DataError: There is none (and one is required), or one is a symbolic link, which may lead out of what the user
            named.
    """
    found = [
        file
        for file in sorted(folder.iterdir())
        if file.name.lower().endswith(tuple(suffixes))
        and not file.name.startswith(".")
        and not NOT_DATA.match(file.name)
        and not file.is_dir()
    ]
    links = [f"{file}: a symbolic link is not followed; name its target instead" for file in found if file.is_symlink()]
    if links:
        raise DataError(links)
    if not found and required:
        raise DataError([f"{folder}: expected files that end in {', '.join(sorted(suffixes))}, found none"])
    return found


def document_row(where: str, doc: str, text: str, metadata: Mapping[str, Any], faults: list[str]) -> Row:
    """The `documents` row of a text; one that is too long goes to `faults`."""
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        faults.append(
            f"{where}: document {shown(doc)} has {len(text)} characters, at most {MAX_DOCUMENT_CHARACTERS} are read"
        )
    return Row(where, "documents", {**metadata, "id": doc, "text": text})


def span_row(where: str, doc: str, start: int, end: int, label: str, text: str) -> Row:
    """The `entities` row of a span of the document's `text`."""
    return Row(where, "entities", {"doc": doc, "start": start, "end": end, "label": label, "text": text[start:end]})


def span_fault(start: object, end: object, label: object, length: int) -> str | None:
    """What is wrong with a span's offsets and label in a text of `length` characters; None where nothing is."""
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int):
            return f"expected a whole number of characters as {name}, found {shown(value)}"
    assert isinstance(start, int)
    assert isinstance(end, int)
    if not 0 <= start < end <= length:
        return f"expected 0 <= start < end <= {length} (the text's length), found start {start}, end {end}"
    if not isinstance(label, str) or not label.strip():
        return f"expected a label, found {shown(label)}"
    return None


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


def text_fault(text: str, start: int, end: int, claimed: object) -> str | None:
    """How the string that an annotation claims differs from the text at its offsets; None where it does not."""
    found = text[start:end]
    if found == claimed:
        return None
    hint = "offsets are end-exclusive code points"
    # Only in short texts: a hint must not cost seconds for each of many faults.
    if isinstance(claimed, str) and claimed and len(text) < 100_000:
        if text[start : end + 1] == claimed:
            hint = "the end looks inclusive; offsets are end-exclusive"
        elif slice_utf16(text.encode("utf-16-le", "surrogatepass"), start, end) == claimed:
            hint = "the offsets look like UTF-16 units; they must be code points"
        elif text.replace("\r\n", "\n")[start:end] == claimed:
            hint = "the offsets were made on the text with LF line ends, as stored it has CRLF"
        elif claimed in text[max(0, start - 200) : end + 200]:
            near = text.index(claimed, max(0, start - 200))
            hint = f"that string stands at {near}-{near + len(claimed)}"
    return f"text[{start}:{end}] is {shown(found)}, the annotation says {shown(claimed)}; {hint}"


def slice_utf16(units: bytes, start: int, end: int) -> str | None:
    """The characters between two offsets of a UTF-16-LE text; None where one splits a surrogate pair or is too far."""
    found = units[2 * start : 2 * end]
    try:
        return found.decode("utf-16-le") if len(found) == 2 * (end - start) else None
    except UnicodeDecodeError:
        return None


def _array_objects(path: Path, text: str, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    # Element by element, so that each has a line: reports about a whole array help nobody.
    position, line, counted = text.index("[") + 1, 1, 0
    closed = _skip_blanks(text, position)
    if text[closed : closed + 1] == "]":
        position = closed
    while text[position : position + 1] != "]":
        position = _skip_blanks(text, position)
        line, counted = line + text.count("\n", counted, position), position
        where = f"{path}:{line}"
        try:
            value, position = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            faults.append(f"{path}:{error.lineno}: expected JSON, found {error.msg} at column {error.colno}")
            return
        except RecursionError:
            faults.append(f"{where}: JSON is nested too deeply")
            return
        except ValueError as error:
            faults.append(f"{where}: expected JSON, found {error}")
            return
        if isinstance(value, dict):
            yield where, value
        else:
            faults.append(f"{where}: expected a JSON object, found {shown(value)}")
        position = _skip_blanks(text, position)
        if text[position : position + 1] == ",":
            position += 1
        elif text[position : position + 1] != "]":
            faults.append(f"{where}: expected a comma or the array's end after this, found {shown(text[position:])}")
            return
    if text[position + 1 :].strip():
        faults.append(f"{path}: expected nothing after the array, found {shown(text[position + 1 :].strip())}")


def _skip_blanks(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _bounded(stream: _Bytes, place: str, packed: int) -> bytes:
    limit = unpacked_limit(packed)
    chunks = []
    size = 0
    while chunk := stream.read(min(_CHUNK_BYTES, limit - size + 1)):
        size += len(chunk)
        if size > limit:
            raise DataError(
                [
                    f"{place}: {packed} packed bytes hold more than {limit}; at most {MAX_RATIO} times the packed size "
                    f"and {MAX_FILE_BYTES} bytes are unpacked; unpack it yourself if it is what it should be"
                ]
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _likely_encoding(data: bytes, tried: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for candidate in ("utf-8", "cp1252"):
        if candidate == codecs.lookup(tried).name:
            continue
        try:
            data.decode(candidate)
        except UnicodeDecodeError:
            continue
        return candidate
    return "latin-1"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _no_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} stands twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_duplicate_keys)
