"""Which format a file or folder has, found out by looking at it: for a hint where it was read as another."""

import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.format.columns import is_tag
from harness.format.conll import SUFFIXES
from harness.format.jsonl import FILES
from harness.format.semeval_stance import HEADER

# As much of a file is looked at, and of a folder as many files.
_HEAD_BYTES = 1 << 20
_MOST_FILES = 50
_LINES = 400
_BY_SUFFIX = ((".ann", "brat"), (".xmi", "inception"), (".spacy", "spacy"))
_WHY = {
    "brat": ".txt and .ann files",
    "conll": "a token and its tag a line",
    "doccano": "a text and its list of spans a line",
    "hf": "a table",
    "inception": "UIMA CAS XMI",
    "jsonl": "records, one a line",
    "labelstudio": "tasks with annotations",
    "prodigy": "a text and its spans a line",
    "semeval_stance": "ID, Target, Tweet, Stance columns",
    "spacy": "a DocBin",
}


def likely_format(path: Path) -> str | None:
    """The name of the format that the content at `path` has; None where it is not plain.

    Example:
        >>> likely_format(Path("/no/such/file")) is None
        True
    """
    try:
        return _of_folder(path) if path.is_dir() else _of_file(path)
    except (OSError, ValueError):
        return None


def format_hint(path: Path, read_as: str, key: str) -> str | None:
    """A fault that says what the content looks like; None where it looks like what it was read as, or like nothing.

    Args:
        path: The file or folder.
        read_as: The format that it was read in.
        key: The key of the configuration that names the format.
    """
    found = likely_format(path)
    if found is None or found == read_as:
        return None
    needs = ""
    if found == "hf":
        options = key.removesuffix("format") + "options"
        needs = f" and a column map, for instance {options}.columns='{{id: ID, text: TEXT, target: T, stance: S}}'"
    return f"{path}: looks like {found} ({_WHY[found]}), and is read as {read_as}; set {key}={found}{needs}"


def _of_folder(folder: Path) -> str | None:
    files = sorted(file for file in folder.iterdir() if file.name[0] != ".")[:_MOST_FILES]
    if any((folder / f"{name}.jsonl").exists() for name in FILES):
        return "jsonl"
    for suffix, name in _BY_SUFFIX:
        if any(file.suffix.lower() == suffix for file in files):
            return name
    tabular = [file for file in files if file.suffix.lower() in SUFFIXES and not file.stem.lower().startswith("readme")]
    found = {_of_file(file) for file in tabular[:3]}
    return found.pop() if len(found) == 1 else None


def _of_file(file: Path) -> str | None:
    for suffix, name in _BY_SUFFIX:
        if file.suffix.lower() == suffix:
            return name
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return "hf"
    if head.startswith(b"PK") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return "inception" if any(name.endswith(".xmi") for name in archive.namelist()) else None
    if b"\0" in head:
        return None
    text = head.decode("utf-8", errors="replace").lstrip("\ufeff")
    lines = text.splitlines()[:_LINES]
    # Its last line may be cut off.
    lines = [line for line in (lines if len(head) < _HEAD_BYTES else lines[:-1]) if line.strip()]
    if not lines:
        return None
    if lines[0].startswith("<") and "xmi" in "".join(lines[:5]).lower():
        return "inception"
    columns = tuple(column.strip().lower() for column in lines[0].split("\t"))
    if columns[: len(HEADER)] == tuple(map(str.lower, HEADER)):
        return "semeval_stance"
    if lines[0].lstrip()[0] in "[{":
        return _of_json(text.lstrip())
    if _has_tags(lines):
        return "conll"
    # A table needs texts of its own; one of offsets alone cannot be read.
    names = {name.strip().strip('"').lower() for name in lines[0].split("," if file.suffix == ".csv" else "\t")}
    return "hf" if file.suffix.lower() in (".csv", ".tsv") and names & {"text", "tokens"} else None


def _of_json(text: str) -> str | None:
    first = text[1:].lstrip() if text.startswith("[") else text
    try:
        record, _ = json.JSONDecoder().raw_decode(first)
    except (ValueError, RecursionError):
        return None
    return _of_record(record) if isinstance(record, dict) else None


def _of_record(record: Mapping[str, Any]) -> str | None:
    if "doc" in record:
        return "jsonl"
    if isinstance(record.get("data"), dict) and {"annotations", "completions", "predictions"} & record.keys():
        return "labelstudio"
    if not isinstance(record.get("text"), str):
        return None
    if isinstance(record.get("spans"), list) or "answer" in record:
        return "prodigy"
    for key in ("label", "labels", "entities"):
        spans = record.get(key)
        if isinstance(spans, list):
            labelled = any(isinstance(span, dict) and "labels" in span for span in spans)
            return "labelstudio" if labelled else "doccano"
    return None


def _has_tags(lines: list[str]) -> bool:
    """Whether most lines have a tag in one and the same column after the first."""
    tokens = [line for line in lines if not line.startswith(("-DOCSTART-", "# "))]
    split = [line.split("\t") if "\t" in line else line.split() for line in tokens]
    width, usual = Counter(map(len, split)).most_common(1)[0] if split else (0, 0)
    if width < 2 or usual < 0.9 * len(split):
        return False
    rows = [row for row in split if len(row) == width]
    # Some line may have two tags, or none: the reader says so once the format is named.
    return any(sum(is_tag(row[column].strip()) for row in rows) >= 0.9 * len(rows) for column in range(1, width))
