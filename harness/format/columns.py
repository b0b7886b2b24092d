"""Lines of a CoNLL file: columns, marks of documents and comments, with a fault for every line that is neither."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from harness.format.limits import shown, text_lines
from harness.tags import split_tag

# A blank after the hash, a name and (newdoc and newpar apart) an equals sign: `#newdoc` and `#win=now` are tokens of a
# tweet, and so is the `#` of `# O` where blanks divide the columns.
_NEWDOC = re.compile(r"# +newdoc(?: +id)?(?: *= *(?P<id>.*?))? *")
META = re.compile(r"# +meta::(?P<key>[^=]*?) *= *(?P<value>.*?) *")
_COMMENT = re.compile(r"# +(?:newpar *$|[\w.:-]+(?: +id)? *=)")
_BLANKS = re.compile(r"[ \t]+")


@dataclass(slots=True)
class ColumnSentence:
    """The tokens of a sentence, their tags, and the line of each."""

    lines: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ColumnDocument:
    """A document of a file: the line it begins on, its metadata comments, its sentences."""

    file: Path
    line: int
    id: str
    metadata: dict[str, str] = field(default_factory=dict)
    sentences: list[ColumnSentence] = field(default_factory=list)


class _Line(NamedTuple):
    number: int
    kind: Literal["blank", "mark", "meta", "token"]
    text: str
    columns: tuple[str, ...] = ()


def read_columns(
    file: Path, text: str, token_column: int, tag_column: int, stem: str, faults: list[str]
) -> list[ColumnDocument]:
    """The documents of one file, tags as written; every line that is not as most lines are goes to `faults`.

    Args:
        file: Where the text comes from.
        text: All of it.
        token_column: Counted from 0, or from the end as -1.
        tag_column: Likewise.
        stem: What the ids of documents without one begin with.
        faults: Takes what is wrong, as `path:line: expected, found`.
    """
    lines = _split_columns([line for line in map(_classify, text_lines(text)) if line is not None])
    tokens = [line for line in lines if line.kind == "token"]
    if not tokens:
        faults.append(f"{file}: expected lines of a token and a tag, found none")
        return []
    width = Counter(len(line.columns) for line in tokens).most_common(1)[0][0]
    for name, column in (("token_column", token_column), ("tag_column", tag_column)):
        if not -width <= column < width:
            faults.append(f"{file}:{tokens[0].number}: {name} is {column}, but most lines have {width} columns")
            return []
    if token_column % width == tag_column % width:
        faults.append(
            f"{file}:{tokens[0].number}: expected a token and a tag, found one column {shown(tokens[0].text)}"
            if width == 1
            else f"{file}: token_column and tag_column are the same column, {tag_column}"
        )
        return []
    _hint_columns(file, lines, width, token_column % width, tag_column % width, faults)
    marked = any(line.kind == "mark" for line in lines)
    documents: list[ColumnDocument] = []
    sentence: ColumnSentence | None = None
    for line in lines:
        if line.kind == "mark":
            documents.append(ColumnDocument(file, line.number, _mark_id(line.text) or f"{stem}:{len(documents) + 1}"))
            sentence = None
        elif line.kind == "meta":
            _take_metadata(file, line, documents, faults)
        elif line.kind == "blank":
            sentence = None
        else:
            fault = _token_fault(line, width, token_column, tag_column)
            if fault:
                faults.append(f"{file}:{line.number}: {fault}")
            if sentence is None:
                sentence = ColumnSentence()
                if not marked:
                    documents.append(ColumnDocument(file, line.number, f"{stem}:{len(documents) + 1}"))
                elif not documents:
                    faults.append(f"{file}:{line.number}: expected a document mark before the first token, found none")
                    documents.append(ColumnDocument(file, line.number, f"{stem}:0"))
                documents[-1].sentences.append(sentence)
            if not fault:
                sentence.lines.append(line.number)
                sentence.tokens.append(line.columns[token_column])
                sentence.tags.append(line.columns[tag_column])
    faults += [
        f"{file}:{document.line}: document {shown(document.id)} has no tokens"
        for document in documents
        if not document.sentences
    ]
    return documents


def _classify(numbered: tuple[int, str]) -> _Line | None:
    number, text = numbered
    if not text.strip(" \t"):
        return _Line(number, "blank", text)
    if text.startswith("-DOCSTART-"):
        return _Line(number, "mark", text)
    if text.startswith("#"):
        # Before the first TAB: in a TAB-separated file that is the token.
        head = text.partition("\t")[0]
        if _NEWDOC.fullmatch(head):
            return _Line(number, "mark", text)
        if META.fullmatch(head):
            return _Line(number, "meta", text)
        if _COMMENT.match(head):
            return None
    return _Line(number, "token", text)


def _split_columns(lines: list[_Line]) -> list[_Line]:
    tokens = [line for line in lines if line.kind == "token"]
    tabbed = 2 * sum("\t" in line.text for line in tokens) > len(tokens)

    def columns(text: str) -> tuple[str, ...]:
        if tabbed:
            return tuple(column.strip(" ") for column in text.split("\t"))
        # Only blanks and TABs divide: a no-break space may stand in a token.
        return tuple(_BLANKS.split(text.strip(" \t")))

    return [line._replace(columns=columns(line.text)) if line.kind == "token" else line for line in lines]


def _mark_id(text: str) -> str | None:
    found = _NEWDOC.fullmatch(text)
    return (found["id"] or None) if found else None


def _take_metadata(file: Path, line: _Line, documents: list[ColumnDocument], faults: list[str]) -> None:
    found = META.fullmatch(line.text)
    if found is None or not documents or documents[-1].sentences:
        return
    key = found["key"]
    if key in ("", "id", "text", "tag_scheme", "invalid_tags") or key in documents[-1].metadata:
        faults.append(f"{file}:{line.number}: metadata {shown(key)} stands twice or is not free to use")
    documents[-1].metadata[key] = found["value"]


def _token_fault(line: _Line, width: int, token_column: int, tag_column: int) -> str | None:
    if len(line.columns) != width:
        return f"expected {width} columns as in most lines, found {len(line.columns)}: {shown(line.text)}"
    if not line.columns[token_column]:
        return f"expected a token in column {token_column}, found nothing: {shown(line.text)}"
    try:
        split_tag(line.columns[tag_column])
    except ValueError as error:
        return f"{error}; found {shown(line.columns[tag_column])}"
    return None


def _hint_columns(
    file: Path, lines: list[_Line], width: int, token_column: int, tag_column: int, faults: list[str]
) -> None:
    """Where the columns asked for cannot be meant, says first which could: UNER and CoNLL-U number their tokens."""
    rows = [line.columns for line in lines if line.kind == "token" and len(line.columns) == width]

    hints = []
    # Most lines, not some: a slip in the NER column must not point at the chunk column.
    if 2 * sum(is_tag(row[tag_column]) for row in rows) < len(rows):
        better = [c for c in range(width) if c != token_column and all(is_tag(row[c]) for row in rows)]
        if better:
            hints.append(f"column {better[0]} holds a tag in every line: data.options.tag_column={better[0]}")
    # With two columns there is nothing else that could be the token.
    if width > 2 and _numbers_tokens(lines, width, token_column):
        hints.append(
            f"column {token_column} only numbers the tokens: data.options.token_column={token_column + 1} may be meant"
        )
    if hints:
        faults.append(f"{file}: expected tokens in column {token_column} and tags in {tag_column}; " + "; ".join(hints))


def _numbers_tokens(lines: list[_Line], width: int, column: int) -> bool:
    expected, restarts = 1, False
    for line in lines:
        if line.kind != "token":
            expected = 1
        elif len(line.columns) == width:
            if line.columns[column] != str(expected):
                return False
            restarts = restarts or expected == 2
            expected += 1
    # A single number in each sentence may be a text of numbers.
    return restarts


def is_tag(text: str) -> bool:
    """Whether this is a tag of any scheme."""
    try:
        split_tag(text)
    except ValueError:
        return False
    return True
