"""A folder to start annotating in: sentences of every document, targets, and a README of the records to write."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.checking import read_documents
from harness.config import format_reader
from harness.errors import GoldError, UsageError
from harness.files import canonical_json, write_text
from harness.records import Document
from harness.report.shown import counted
from harness.report.text import markdown, visible
from harness.resources import resolve

_README = """\
# Gold for {documents}

One JSON object a line, UTF-8. Offsets count code points from 0, and `end` is the one after the last: in Python,
`text[start:end]` is the annotated string. Write the files you need; the others may stay away.

| file | a line | remarks |
| --- | --- | --- |
| `sentences.jsonl` | `{{{doc}, "id": "s01", "start": 0, "end": 42, "zone": "body"}}` | made already, see below |
| `entities.jsonl` | `{{{doc}, "start": 0, "end": 5, "label": "ORG", "text": "..."}}` | `text` is checked |
| | `{{{doc}}}` | read, and no entity in it |
| `stance.jsonl` | `{{{doc}, "sentence": "s01", "target": "x", "label": "favor"}}` | `favor`, `against` or `none` |
| | `{{{doc}, "target": "x", "label": "against"}}` | about the whole document |
| `targets.jsonl` | `{{"id": "x", "text": "..."}}` | what the target says in words: models read them |
| `summaries.jsonl` | `{{{doc}, "text": "..."}}` | several per document are several references |
| | `{{{doc}, "style": "headline", "text": "..."}}` | `headline`, `highlights` or a style of your own |
| | `{{{doc}, "style": "extract", "sentences": ["s01"]}}` | sentences instead of a text |
| `facts.jsonl` | `{{{doc}, "fact": "...", "weight": 3, "sentences": ["s01"]}}` | 1 detail, 3 essential |
| `annotators.jsonl` | `{{"id": "ann", "kind": "human"}}` | or `model`; records then say `"annotator": "ann"` |

- Mend `sentences.jsonl` where it is wrong before you annotate. `zone` is `body`, `caption`, `byline` or a word of your
  own; summaries are made of the body alone.
- Another stance scheme: `data.labels.stance=[pro,con]` in the commands, `--stance-labels pro con` for `gold validate`.
- A document that no record of a task names is not scored in that task.
- Below 30 documents (or 20 gold positives) scores are marked as unreliable; one document says nothing about others.

```
python -m harness gold validate {gold_argument}{documents_argument}
python -m harness data=local data.name=mine data.documents={documents_value} data.gold={gold_value}
python -m harness schema records
```
"""


def init(
    folder: Path, documents: str | None, targets: Sequence[str] = (), language: str = "en", encoding: str = "utf-8"
) -> str:
    """Makes a folder for gold: `sentences.jsonl`, `README.md`, and `targets.jsonl` where targets are given.

    Args:
        folder: Where to; made if it does not exist.
        documents: Where the texts are; None takes `folder` itself.
        targets: Stance targets in words.
        language: Of the texts.
        encoding: Of the texts.

    Returns:
        What was written, for people.

    Raises:
        UsageError: A file is there already, or two targets are the same; nothing is written.
        GoldError: No documents there, or documents that no run would take.
    """
    place = str(folder) if documents is None else documents
    found = _documents(place, encoding, hint=documents is None)
    files = {"sentences.jsonl": _lines(_sentences(found, language)), "README.md": _readme(folder, documents, found)}
    if targets:
        files["targets.jsonl"] = _lines(_targets(targets))
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name a folder for the gold")
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise UsageError(
            f"{folder}: has {', '.join(sorted(there))} already, and nothing is overwritten; remove what is not needed, "
            "or name another folder"
        )
    for name, text in files.items():
        write_text(folder / name, text)
    number = files["sentences.jsonl"].count("\n")
    lines = [
        f"{visible(folder / 'sentences.jsonl')}: {counted(number, 'sentence')} of {counted(len(found), 'document')}; "
        "look them over before you annotate",
        *([f"{visible(folder / 'targets.jsonl')}: {len(targets)} stance targets"] if targets else []),
        f"{visible(folder / 'README.md')}: the records to write, with an example of each, and the commands",
    ]
    return "\n".join(lines) + "\n"


def _documents(place: str, encoding: str, *, hint: bool) -> list[Document]:
    path = resolve(place)
    more = "; say where the texts are with --documents DIR" if hint else ""
    if not path.exists():
        raise UsageError(f"{place}: no such folder{more}")
    rows = [row for row in _read_rows(path, encoding, more) if row.file == "documents"]
    documents, faults, _ = read_documents(rows)
    if faults:
        raise GoldError(faults)
    if not documents:
        raise UsageError(f"{place}: no documents there; expected *.txt or documents.jsonl{more}")
    return list(documents.values())


def _read_rows(path: Path, encoding: str, more: str) -> list[Any]:
    if path.is_dir() and not any(path.glob("*.txt")) and not (path / "documents.jsonl").exists():
        raise UsageError(f"{path}: no documents there; expected *.txt or documents.jsonl{more}")
    return list(format_reader("jsonl")(path, encoding=encoding))


def _sentences(documents: Iterable[Document], language: str) -> Iterable[dict[str, Any]]:
    from harness.sentences import sentence_spans

    for document in documents:
        spans = sentence_spans(document.text, str(document.metadata.get("language", language)))
        digits = max(2, len(str(len(spans))))
        for number, (start, end) in enumerate(spans, start=1):
            yield {"doc": document.id, "id": f"s{number:0{digits}}", "start": start, "end": end, "zone": "body"}


def _targets(words: Sequence[str]) -> Iterable[dict[str, Any]]:
    names: dict[str, str] = {}
    for text in words:
        name = "-".join(re.findall(r"\w+", text.lower()))
        if not name:
            raise UsageError(f"--targets {text!r}: a target needs words")
        if name in names:
            raise UsageError(f"--targets: {names[name]!r} and {text!r} would both be called {name!r}")
        names[name] = text
        yield {"id": name, "text": text}


def _lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(canonical_json(record) + "\n" for record in records)


def _readme(folder: Path, documents: str | None, found: Sequence[Document]) -> str:
    import shlex

    place = str(folder) if documents is None else documents
    # In a cell of a table, and in code: neither a bar nor a grave accent may stand there as it is.
    doc = visible(canonical_json(found[0].id)).replace("|", "\\|").replace("`", "'")
    return _README.format(
        documents=markdown(place),
        doc=f'"doc": {doc}',
        gold_argument=visible(shlex.quote(str(folder))),
        documents_argument="" if documents is None else f" --documents {visible(shlex.quote(place))}",
        documents_value=visible(shlex.quote(place)),
        gold_value=visible(shlex.quote(str(folder))),
    )
