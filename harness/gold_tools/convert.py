"""A gold in another format: nothing is left out that was not named, and what is written is read back and compared."""

import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.config import DataConfig
from harness.errors import DataError, UsageError
from harness.files import canonical_json
from harness.format.limits import shown
from harness.gold import is_chosen, load_rows
from harness.gold_tools.holds import FORMATS, LEFT_OUT, Holds
from harness.gold_tools.reading import asking_for_documents
from harness.gold_tools.respacing import needs_respacing, respaced
from harness.records import Row
from harness.report.shown import counted
from harness.report.text import visible
from harness.resources import resolve

_ENTITY_FIELDS = frozenset({"doc", "start", "end", "label", "text", "parts", "annotator"})
# Kind of loss -> the place of each record that is lost.
_Losses = dict[str, list[str]]


def convert(data: DataConfig, out: Path, to: str, leave_out: Collection[str] = ()) -> list[str]:
    """Reads a gold with every check of a run and writes it to `out` in the format `to`.

    Args:
        data: The source; where several annotated one thing, all of them unless `data.annotator` chooses.
        out: A file, or for `jsonl` and `brat` a folder; must not exist.
        to: One of `FORMATS`.
        leave_out: Kinds of `LEFT_OUT` that may be lost.

    Returns:
        What was written, left out and passed over, for people.

    Raises:
        GoldError: Faults in the source.
        UsageError: `out` exists; the format cannot hold what is not named in `leave_out`.
        DataError: What the format cannot hold in any way, such as labels with blanks in columns.
    """
    holds = FORMATS[to]
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out}: exists, and nothing is overwritten; name another {_what(holds)}")
    with asking_for_documents(data.documents):
        rows, _ = load_rows(data, apart=True)
    notes = _notes(data, rows, to)
    rows = [row for row in rows if row.file != "tags"]
    if data.annotator is not None:
        rows = [row for row in rows if is_chosen(row, data.annotator)]
        if to != "jsonl":
            rows = [_without(row, ("annotator",)) if row.file == "entities" else row for row in rows]
    _one_annotator(rows, holds, to)
    losses, kept = _reduced(rows, holds, out)
    if "spacing" not in holds.kinds and (changed := [row.where for row in needs_respacing(kept)]):
        losses["spacing"] = changed
        faults: list[str] = []
        kept = respaced(kept, faults) if "spacing" in leave_out else kept
        if faults:
            raise DataError(faults)
    _refuse(losses, leave_out, data, to)
    _write(kept, out, to, holds, losses, leave_out, data)
    lines = [f"{visible(out)}: {_tally(kept)} as {to}; read back, and the same"]
    lines += [f"left out: {_loss(kind, losses[kind])}" for kind in LEFT_OUT if losses.get(kind)]
    return [*lines, *notes]


def _what(holds: Holds) -> str:
    return "folder" if holds.folder else "file"


def _notes(data: DataConfig, rows: Sequence[Row], to: str) -> list[str]:
    notes = []
    place = resolve(data.gold or "")
    if data.format == "jsonl" and (place / "annotators").is_dir():
        names = sorted(path.name for path in (place / "annotators").iterdir() if path.is_dir())
        shown_names = ", ".join(visible(name) for name in names)
        notes.append(f"not part of it: the layers of annotators ({shown_names}); convert each folder by itself")
    invalid = sum(int(row.fields.get("invalid_tags") or 0) for row in rows if row.file == "documents" and _tagged(row))
    if invalid and data.format == "conll":
        notes.append(f"tags: {counted(invalid, 'invalid transition')} became entities as conlleval reads them")
    passed_over = _passed_over(place) if data.format == "brat" else 0
    if passed_over:
        notes.append(
            f"not part of it: {counted(passed_over, 'line')} of brat that say more about spans (relations, events, "
            "attributes, normalizations, notes)"
        )
    astral = [row for row in rows if row.file == "documents" and max(row.fields["text"], default="") > "\uffff"]
    if to == "doccano" and astral:
        notes.append(
            f"offsets count code points; some versions of doccano count UTF-16 units after characters beyond U+FFFF, "
            f"such as emoji, which {counted(len(astral), 'document')} of these have"
        )
    return notes


def _passed_over(place: Path) -> int:
    """Lines of brat annotations that are no spans."""
    files = sorted(place.glob("*.ann")) if place.is_dir() else [place.with_suffix(".ann")]
    lines = (line for file in files if file.is_file() for line in file.read_bytes().splitlines())
    return sum(bool(line.strip()) and not line.startswith(b"T") for line in lines)


def _tagged(row: Row) -> bool:
    return isinstance(row.fields.get("invalid_tags"), int)


def _without(row: Row, keys: Collection[str]) -> Row:
    return Row(row.where, row.file, {key: value for key, value in row.fields.items() if key not in keys})


# ---- what a format cannot hold --------------------------------------------------------------------------------------


def _one_annotator(rows: Iterable[Row], holds: Holds, to: str) -> None:
    if to == "jsonl" or "several" in holds.kinds:
        return
    whose: dict[str, set[str]] = {}
    for row in rows:
        if row.file == "entities":
            whose.setdefault(row.fields["doc"], set()).add(str(row.fields.get("annotator")))
    several = [doc for doc, names in whose.items() if len(names) > 1]
    if several:
        names = sorted(set().union(*(whose[doc] for doc in several)))
        raise UsageError(
            f"{counted(len(several), 'document')} have entities of several annotators ({', '.join(names)}), and {to} "
            "holds one; choose with --annotator NAME, or write prodigy, labelstudio or jsonl"
        )


def _reduced(rows: Sequence[Row], holds: Holds, out: Path) -> tuple[_Losses, list[Row]]:
    """What the format cannot hold, and the rows without it."""
    losses: _Losses = {}
    kept: list[Row] = []
    annotated = {row.fields["doc"] for row in rows if row.file == "entities"}
    bare = {
        row.fields["id"]
        for row in rows
        if row.file == "documents" and "unannotated" not in holds.kinds and row.fields["id"] not in annotated
    }
    number = 0
    overlapping = _overlapping(rows) if "overlapping" not in holds.kinds else set()
    alone = _alone(rows) if "several" in holds.kinds else None
    for row in rows:
        lose = losses.setdefault
        if row.file == "documents":
            number += 1
            if row.fields["id"] in bare:
                lose("unannotated", []).append(row.where)
                continue
            lost = [k for k, v in row.fields.items() if k not in ("id", "text") and not holds.metadata(k, v)]
            if lost:
                lose("metadata", []).append(row.where)
                row = _without(row, lost)
            if "ids" not in holds.kinds and row.fields["id"] != f"{out.stem}:{number}":
                lose("ids", []).append(row.where)
        elif row.file != "entities":
            if row.file not in holds.records:
                lose(row.file, []).append(row.where)
                continue
            if row.fields.get("doc") in bare:
                continue
        elif not holds.records >= {"stance"}:
            if len(row.fields.get("parts") or ()) > 1 and "discontinuous" not in holds.kinds:
                lose("discontinuous", []).append(row.where)
                row = Row(row.where, row.file, {k: v for k, v in row.fields.items() if k in ("doc", "annotator")})
            if id(row) in overlapping:
                lose("overlapping", []).append(row.where)
                continue
            if row.fields.keys() - _ENTITY_FIELDS:
                lose("fields", []).append(row.where)
                row = _without(row, row.fields.keys() - _ENTITY_FIELDS)
            if row.fields.get("annotator") is not None and (alone is None or row.fields["doc"] in alone):
                lose("annotators", []).append(row.where)
                row = _without(row, ("annotator",))
        kept.append(row)
    return losses, kept


def _alone(rows: Iterable[Row]) -> set[str]:
    """Documents whose entities are all of one annotator: where several can be told apart, one has no name."""
    whose: dict[str, set[Any]] = {}
    for row in rows:
        if row.file == "entities":
            whose.setdefault(row.fields["doc"], set()).add(row.fields.get("annotator"))
    return {doc for doc, names in whose.items() if len(names) == 1}


def _overlapping(rows: Iterable[Row]) -> set[int]:
    """Entity rows that overlap one that is kept: of two the earlier stays, or the longer of two that begin together."""
    by_document: dict[str, list[Row]] = {}
    for row in rows:
        if row.file == "entities" and "start" in row.fields and len(row.fields.get("parts") or ()) < 2:
            by_document.setdefault(row.fields["doc"], []).append(row)
    found = set()
    for of_document in by_document.values():
        furthest = 0
        for row in sorted(of_document, key=lambda r: (r.fields["start"], -r.fields["end"], r.fields["label"])):
            if row.fields["start"] < furthest:
                found.add(id(row))
            else:
                furthest = row.fields["end"]
    return found


def _refuse(losses: Mapping[str, Sequence[str]], leave_out: Collection[str], data: DataConfig, to: str) -> None:
    """Says what would be lost, unless all of it may be."""
    kinds = [kind for kind in LEFT_OUT if losses.get(kind)]
    refused = [kind for kind in kinds if kind not in leave_out]
    if refused:
        lines = [f"  {kind}: {_loss(kind, losses[kind])}, first at {losses[kind][0]}" for kind in refused]
        raise UsageError(
            f"{data.gold}: {to} cannot hold all of it; nothing was written\n"
            + "\n".join(lines)
            + f"\nto convert the rest, add --leave-out {' '.join(kinds)}"
        )


def _loss(kind: str, places: Sequence[str]) -> str:
    of = {"spacing": "document", "ids": "document", "metadata": "document", "unannotated": "document"}
    return f"{LEFT_OUT[kind]} ({counted(len(places), of.get(kind, 'record'))})"


def _tally(rows: Iterable[Row]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        if row.file != "entities" or "start" in row.fields:
            counts[row.file] = counts.get(row.file, 0) + 1
    nouns = {"stance": "stance judgement", "summaries": "summary", "entities": "entity"}
    plurals = {"summaries": "summaries", "entities": "entities"}
    return ", ".join(
        f"{number} {plurals[file]}" if number != 1 and file in plurals
        else counted(number, nouns.get(file, file.removesuffix("s")))
        for file, number in counts.items()
    )  # fmt: skip


# ---- writing --------------------------------------------------------------------------------------------------------


def _write(
    rows: Sequence[Row], out: Path, to: str, holds: Holds, losses: _Losses, leave_out: Collection[str], data: DataConfig
) -> None:
    """Writes under a temporary name, reads it back, and gives it its name where it is what was to be written."""
    module = import_module(f"harness.format.{to}")
    out.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name[:40]}."))
    try:
        # Some formats take ids from the file's name.
        made = place / out.name
        module.write(rows, made)
        losses |= _differences(rows, list(module.read(made)), holds)
        _refuse(losses, leave_out, data, to)
        if out.exists() or out.is_symlink():
            raise UsageError(f"{out}: has come to exist meanwhile, and nothing is overwritten")
        made.rename(out)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _differences(rows: Sequence[Row], read: Sequence[Row], holds: Holds) -> _Losses:
    """Sentences that were not read back as they were written.

    Raises:
        DataError: Anything else differs, which nothing excuses.
    """
    if holds.records >= {"stance"}:
        before, after = _spelt(rows), _spelt(read)
    else:
        names = {}
        if "ids" not in holds.kinds:
            given, again = ([row.fields["id"] for row in found if row.file == "documents"] for found in (rows, read))
            names = dict(zip(again, given, strict=True))
        before, after = _content(rows, holds, {}), _content(read, holds, names)
    # Columns always have sentences; a document without such records has gained them.
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    sentences = {doc for file, doc in differing if file == "sentences" and ("sentences", doc) in before}
    faults = [
        f"{row.where}: {row.file} of document {shown(_name(row))} would not be read back as they are"
        for row in {(row.file, _name(row)): row for row in reversed((*rows, *read))}.values()
        if row.file != "sentences" and (row.file, _name(row)) in differing
    ]
    if faults:
        raise DataError(faults)
    changed = [row.where for row in rows if row.file == "sentences" and row.fields["doc"] in sentences]
    return {"sentences": changed} if changed else {}


def _name(row: Row) -> str:
    return str(row.fields.get("doc", row.fields.get("id")))


def _spelt(rows: Iterable[Row]) -> dict[tuple[str, str], list[str]]:
    """Records of each file and document, in their canonical spelling."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.file, _name(row)), []).append(canonical_json(row.fields))
    return {key: sorted(records) for key, records in found.items()}


def _content(rows: Iterable[Row], holds: Holds, names: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    """What each document says: its text and metadata, the set of its entities, its sentences."""
    found: dict[tuple[str, str], Any] = {}
    for row in rows:
        fields = row.fields
        doc = names.get(_name(row), _name(row))
        if row.file == "documents":
            found[row.file, doc] = {k: v for k, v in fields.items() if k not in holds.added and k != "id"}
        elif row.file == "entities":
            entities = found.setdefault((row.file, doc), set())
            if "start" in fields:
                parts = fields.get("parts") or ()
                stretches = tuple(map(tuple, parts)) if len(parts) > 1 else ()
                entities.add((fields["start"], fields["end"], fields["label"], stretches, fields.get("annotator")))
        elif row.file == "sentences":
            sentence = (fields["start"], fields["end"], fields["id"], fields.get("zone") or "body")
            found.setdefault((row.file, doc), set()).add(sentence)
    return found
