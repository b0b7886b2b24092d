"""SemEval-2016 Task 6: `ID<TAB>Target<TAB>Tweet<TAB>Stance`, a tweet a line, under a header.

Source: https://www.saifmohammad.com/WebPages/StanceDataset.htm.
The released training file is not UTF-8: `data.encoding=cp1252`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import DataError
from harness.format.limits import document_row, list_files, read_text, shown, text_lines
from harness.records import Row

HEADER = ("ID", "Target", "Tweet", "Stance")
LABELS = ("favor", "against", "none", "unknown")


def read(path: Path | Sequence[Path], *, encoding: str = "utf-8", labels: Sequence[str] = LABELS) -> Iterator[Row]:
    """Rows `documents` (a tweet each, its id the tweet's), `targets` (id and text alike) and `stance` (whole document).

    Columns after the fourth are ignored. Nothing is unquoted: a quotation mark is a character of the tweet.

    Args:
        path: A file, several files, or a folder whose `*.txt` and `*.tsv` are read in name order, readmes left out.
        encoding: Of all the files; a UTF-8 byte order mark is dropped.
        labels: The scheme; in the file they may stand in any case, the rows have them as here.

    Raises:
        DataError: Another header; every line with too few columns, an empty one, or a label outside the scheme; tweet
            ids that stand twice, with both places.
    """
    named = [path] if isinstance(path, Path) else path
    files = [file for one in named for file in (list_files(one, (".txt", ".tsv")) if one.is_dir() else [one])]
    scheme = {label.lower(): label for label in labels}
    faults: list[str] = []
    documents: list[Row] = []
    targets: dict[str, Row] = {}
    stances: list[Row] = []
    places: dict[str, str] = {}
    for file in files:
        try:
            text = read_text(file, encoding)
        except DataError as error:
            faults += error.faults
            continue
        lines = ((number, line) for number, line in text_lines(text) if line.strip())
        number, header = next(lines, (1, ""))
        if tuple(column.strip().lower() for column in header.split("\t")[:4]) != tuple(map(str.lower, HEADER)):
            faults.append(f"{file}:{number}: expected the header {'<TAB>'.join(HEADER)}, found {shown(header)}")
            continue
        for number, line in lines:
            where = f"{file}:{number}"
            columns = line.split("\t")
            if len(columns) < len(HEADER):
                faults.append(
                    f"{where}: expected {len(HEADER)} columns divided by TABs, found {len(columns)}: {shown(line)}"
                )
                continue
            doc, target, tweet, stance = columns[0].strip(), columns[1].strip(), columns[2], columns[3].strip()
            empty = [name for name, value in zip(HEADER, (doc, target, tweet.strip()), strict=False) if not value]
            if empty:
                faults.append(f"{where}: expected a value under {' and '.join(empty)}, found none")
            if stance.lower() not in scheme:
                faults.append(f"{where}: expected a stance, one of {', '.join(labels)}, found {shown(stance)}")
            if doc and doc in places:
                faults.append(f"{where}: tweet id {shown(doc)} stands at {places[doc]} already; ids are unique")
            places.setdefault(doc, where)
            if empty or stance.lower() not in scheme:
                continue
            documents.append(document_row(where, doc, tweet, {}, faults))
            targets.setdefault(target, Row(where, "targets", {"id": target, "text": target}))
            stances.append(Row(where, "stance", {"doc": doc, "target": target, "label": scheme[stance.lower()]}))
    if faults:
        raise DataError(faults)
    yield from documents
    yield from targets.values()
    yield from stances
