"""One comparison in any of the formats, for standard output or for a file."""

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.comparison.table import Table
from harness.errors import UsageError
from harness.files import atomic_writer
from harness.report.grid import Grid
from harness.report.text import plain, visible

FORMATS = ("table", "md", "csv", "json", "latex", "html", "parquet")
# The format that a file's name asks for.
SUFFIXES = {
    ".txt": "table", ".md": "md", ".csv": "csv", ".json": "json", ".tex": "latex", ".html": "html", ".htm": "html",
    ".parquet": "parquet",
}  # fmt: skip


# By these a table is known from any other JSON, and one for the terminal from any other text.
_SCHEMAS = ("harness.comparison.", "harness.annotators/")
_RULE = "\n\N{BOX DRAWINGS HEAVY HORIZONTAL}"


@dataclass(frozen=True)
class Content:
    """What a command shows.

    Args:
        tables: One per data and task.
        grids: What stands below them.
        records: What CSV, JSON and Parquet hold instead of the tables, which are another kind of record.
        schema: What JSON calls those records.
    """

    tables: Sequence[Table] = ()
    grids: Sequence[Grid] = field(default_factory=list)
    records: Grid | None = None
    schema: str = ""


def rendered(content: Content, format_name: str, width: int) -> bytes:
    """The content as a file has it.

    Args:
        content: What to show.
        format_name: One of `FORMATS`.
        width: Columns of a table for the terminal.
    """
    if format_name == "parquet":
        return _parquet(content)
    return _text(content, format_name, width).encode("utf-8", "backslashreplace")


def _text(content: Content, format_name: str, width: int) -> str:
    from harness.report import csv, grid, json, latex, layout, markdown, page

    if format_name == "table":
        parts = [layout.render(table, width) for table in content.tables]
        parts += [grid.lines(one, width) for one in content.grids]
        return "\n\n".join("\n".join(str(line).rstrip() for line in part) for part in parts) + "\n"
    if format_name == "md":
        return "\n".join([*([markdown.render(content.tables)] if content.tables else []),
                          *map(grid.render_markdown, content.grids)])  # fmt: skip
    if format_name == "latex":
        return latex.render(content.tables, content.grids)
    if format_name == "html":
        return page.render(content.tables, content.grids)
    if content.records is not None:
        return (
            grid.render_csv(content.records)
            if format_name == "csv"
            else grid.render_json(content.records, content.schema)
        )
    return csv.render(content.tables) if format_name == "csv" else json.render(content.tables)


def _parquet(content: Content) -> bytes:
    from harness.report import parquet, tidy

    if content.records is not None:
        records = content.records.records
        return parquet.render(records, list(dict.fromkeys(name for record in records for name in record)))
    return parquet.render(tidy.rows(content.tables), tidy.columns(content.tables))


def format_of(named: str | None, out: Path | None) -> str:
    """The format that was named, or that the file's name asks for; else a table for the terminal.

    Raises:
        UsageError: The file's name has an ending that asks for none of the formats.
    """
    if named or out is None or not out.suffix:
        return named or "table"
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"--out {visible(out)}: {visible(out.suffix)} is no format of tables; name the file {', '.join(SUFFIXES)}, "
            f"or add --format, one of {', '.join(FORMATS)}"
        )
    return SUFFIXES[out.suffix.lower()]


def _refuse_other(out: Path) -> None:
    """What lies there already is only written over if it is a table.

    Raises:
        UsageError: It is something else, which would be lost.
    """
    if (out.parent / "run.json").exists():
        raise UsageError(f"--out {visible(out)}: lies in a run folder, which has its own files; name a file elsewhere")
    if out.is_file() and out.stat().st_size and not _is_table(out):
        raise UsageError(
            f"--out {visible(out)}: holds something else than a table, which would be lost; give another name"
        )


def _is_table(path: Path) -> bool:
    """Whether a file is what one of the formats is here."""
    from harness.report import latex, page, parquet

    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(b"PAR1"):
        return parquet.is_table(path)
    if head.startswith(b"{"):
        return _schema(path).startswith(_SCHEMAS)
    text = head.decode("utf-8", "replace")
    # A CSV without records is an empty line.
    return (
        not text.strip()
        or text.startswith(("data,task,", latex.PACKAGES))
        or (text.startswith("**") and "\n| model |" in text)
        or ("\N{MIDDLE DOT}" in text and _RULE in text)
        or f"<title>{page.TITLE}</title>" in text
    )


def _schema(path: Path) -> str:
    try:
        return str(json_module.loads(path.read_bytes()).get("schema"))
    except (ValueError, RecursionError):
        return ""


def put(content: Content, named: str | None, out: Path | None, *, wide: bool = False) -> None:
    """Prints the content, or writes it to a file, whole or not at all.

    Args:
        content: What to show.
        named: One of `FORMATS`; None for what `format_of` says.
        out: The file; None for standard output, which is no place for Parquet.
        wide: Whether a table for the terminal may be as wide as it gets.

    Raises:
        UsageError: The file cannot be written, or holds something else than a table.
    """
    from harness.report.terminal import print_tables, width, write

    chosen, free = format_of(named, out), 10_000 if wide else width()
    if out is not None:
        try:
            if out.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            _refuse_other(out)
            data = rendered(content, chosen, free)
            with atomic_writer(out) as stream:
                stream.write(data)
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written: {error.strerror or error}") from None
    elif chosen == "table":
        print_tables(content.tables, wide=wide)
        from harness.report.grid import lines

        for number, one in enumerate(content.grids):
            write([*([""] if number else []), *lines(one, free)])
    else:
        sys.stdout.write(plain(_text(content, chosen, free), getattr(sys.stdout, "encoding", None)))
