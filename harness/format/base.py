"""What every annotation format is: a module with `read`, and `write` where it can be written.

    def read(path: Path, *, encoding: str = "utf-8", ...) -> Iterator[Row]
    def write(rows: Iterable[Row], path: Path) -> None

`read` turns a file or folder into the rows of DESIGN's record table, once, at the border: nothing behind it knows the
format. It yields `documents` rows (`{"id", "text"}`) where the format carries the text, then `sentences`, `entities`,
`stance`, ... rows with offsets in code points. A document without an annotation yields `{"doc": id}` for the record
file that the format is about, which says "annotated, nothing found". Keyword options are the format's parameters
(`data.options`). A line that is not of the format raises `DataError` with every such line as `path:line: message`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from harness.records import Row


class Format(Protocol):
    """The module of one format."""

    def read(self, path: Path, *, encoding: str = "utf-8") -> Iterator[Row]:
        """Rows of a file or folder."""
        ...
