"""JSON Lines, the harness's own format: one record a line, one file per kind of record."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from harness.errors import DataError
from harness.files import canonical_json, read_json_lines, read_text, write_text
from harness.records import Row

FILES = ("documents", "sentences", "entities", "stance", "targets", "summaries", "facts", "annotators")


def read(path: Path, *, encoding: str = "utf-8") -> Iterator[Row]:
    """Rows of a folder of `*.txt` and record files, or of one record file.

    A folder may hold `*.txt` (each a document, its id the file's stem), any of `documents.jsonl`, `sentences.jsonl`,
    `entities.jsonl`, `stance.jsonl`, `targets.jsonl`, `summaries.jsonl`, `facts.jsonl` and `annotators.jsonl`.
    A single file must bear one of these names, or hold records whose keys say what they are.

    Raises:
        DataError: Nothing of the kind is there, or lines that are no JSON objects.
    """
    if path.is_dir():
        yield from read_folder(path, encoding=encoding)
        return
    if not path.exists():
        raise DataError([f"{path}: no such file or folder"])
    if path.suffix.lower() == ".txt":
        yield Row(f"{path}:1", "documents", {"id": path.stem, "text": read_text(path, encoding)})
        return
    faults = []
    try:
        for where, fields in read_json_lines(path, encoding):
            kind = path.stem if path.stem in FILES else _kind(fields)
            if kind is None:
                faults.append(
                    f"{where}: these keys are those of no record: {', '.join(sorted(fields)) or 'none'}; "
                    "see `python -m harness schema records`"
                )
            else:
                yield Row(where, kind, fields)
    except DataError as error:
        faults += error.faults
    if faults:
        raise DataError(faults)


def read_folder(path: Path, *, encoding: str = "utf-8", leave_out: Collection[str] = ()) -> Iterator[Row]:
    """Rows of a folder, as `read` gives them.

    Args:
        path: The folder.
        encoding: Of its files.
        leave_out: Record files that are not read.

    Raises:
        DataError: As `read`.
    """
    found = False
    faults: list[str] = []
    for text_file in _text_files(path):
        found = True
        # A link found by globbing may lead out of the folder that the user named.
        if text_file.is_symlink():
            faults.append(f"{text_file}: a symbolic link is not followed; name its target instead")
            continue
        try:
            text = read_text(text_file, encoding)
        except DataError as error:
            faults += error.faults
            continue
        yield Row(f"{text_file}:1", "documents", {"id": text_file.stem, "text": text})
    for name in FILES:
        record_file = path / f"{name}.jsonl"
        if record_file.is_symlink():
            faults.append(f"{record_file}: a symbolic link is not followed; name its target instead")
        elif record_file.exists():
            found = True
            if name in leave_out:
                continue
            try:
                for where, fields in read_json_lines(record_file, encoding):
                    yield Row(where, name, fields)
            except DataError as error:
                faults += error.faults
    if faults:
        raise DataError(faults)
    if not found:
        raise DataError(
            [f"{path}: expected *.txt or one of {', '.join(f'{n}.jsonl' for n in FILES)}, found none of them"]
        )


def _text_files(folder: Path) -> list[Path]:
    # Some systems write .TXT; a name that begins with a dot is a file that some system keeps for itself.
    try:
        return sorted(file for file in folder.iterdir() if file.suffix.lower() == ".txt" and file.name[0] != ".")
    except OSError as error:
        raise DataError([f"{folder}: cannot be read: {error.strerror}"]) from None


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes rows into a folder, one `<file>.jsonl` per kind of record."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(row.file, []).append(canonical_json(row.fields))
    for name, found in lines.items():
        write_text(path / f"{name}.jsonl", "\n".join(found) + "\n")


def _kind(fields: dict[str, object]) -> str | None:
    # Predictions often come as one file of any name; the keys of DESIGN's record table do not overlap.
    keys = {key for key, value in fields.items() if value is not None}
    if "label" in keys and ("target" in keys or ("id" in keys and not {"start", "end"} & keys)):
        return "stance"
    if "fact" in keys:
        return "facts"
    if "doc" in keys and not {"start", "end", "label"} & keys and {"text", "style"} & keys:
        return "summaries"
    if {"start", "end", "label"} <= keys or {"doc", "label", "text"} <= keys or keys - {"annotator"} == {"doc"}:
        return "entities"
    if {"doc", "id", "start", "end"} <= keys:
        return "sentences"
    if {"id", "text"} <= keys and "doc" not in keys:
        return "documents"
    return None
