"""The write-ahead journal of answered examples: what is committed here is never asked for again."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import RunError, RunFailedError
from harness.files import canonical_json
from harness.records import Answer, Entity, Mention

NAME = "journal.sqlite"


class Journal:
    """Answers by key in a SQLite file in WAL mode, one transaction per batch.

    A key is the hash of everything that the answer depends on, so an edited document or another model never finds
    an old answer. The fingerprint names what all keys of one run share; a journal begun under another one is refused
    and not mixed.

    Args:
        folder: The run folder; its lock must be held.
        fingerprint: What moves the answers of this run, as JSON values.
        fresh: Whether answers from before `fresh=true` are thrown away. Those of a journal that `fresh=true` itself
            began and that was cut off are kept, so that the same command resumes.

    Raises:
        RunError: The journal was begun under another fingerprint (names the keys that differ), or is no journal.
        RunFailedError: It cannot be written.
    """

    def __init__(self, folder: Path, fingerprint: dict[str, Any], *, fresh: bool = False) -> None:
        self.path = folder / NAME
        if fresh and not _begun_fresh(self.path, fingerprint):
            remove_journal(folder)
        try:
            self._connection = sqlite3.connect(self.path, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise RunFailedError(f"{self.path}: cannot be written ({error})") from None
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            # WAL with NORMAL survives the death of the process at any point; only a power cut may cost a batch.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("CREATE TABLE IF NOT EXISTS meta (fingerprint TEXT NOT NULL, fresh INTEGER)")
            self._connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
            row = self._connection.execute("SELECT fingerprint FROM meta").fetchone()
            if row is None:
                row = (canonical_json(fingerprint),)
                self._connection.execute("INSERT INTO meta VALUES (?, ?)", (*row, fresh))
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise RunFailedError(f"{self.path}: cannot be written ({error}); is there space left?") from None
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise RunError(
                f"{self.path}: is no journal of this harness ({error}); give fresh=true to start over"
            ) from None
        if row[0] != canonical_json(fingerprint):
            self._connection.close()
            raise RunError(
                f"{self.path}: was begun under another configuration; these differ: "
                f"{', '.join(_differences(json.loads(row[0]), fingerprint))}. Give the old configuration again to "
                "resume, or fresh=true to start over"
            )

    def answers(self) -> dict[str, Answer]:
        """Every committed answer by its key."""
        return _answers(self._connection)

    def commit(self, batch: Iterable[tuple[str, Answer]]) -> None:
        """Writes a batch in one transaction: all of it or nothing."""
        rows = [(key, answer_to_json(answer)) for key, answer in batch]
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", rows)
        except sqlite3.OperationalError as error:
            raise RunFailedError(
                f"{self.path}: cannot be written ({error}), probably for lack of space; what was committed before is "
                "kept, make room and give the command again"
            ) from None

    def close(self) -> None:
        """Closes the file; the answers stay."""
        self._connection.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def remove_journal(folder: Path) -> None:
    """Removes a journal and its side files; called once the results are complete, or for `fresh=true`."""
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{NAME}{suffix}").unlink(missing_ok=True)


def holds_answers(folder: Path) -> bool:
    """Whether a folder has a journal with at least one answer; one that cannot be read counts as having some."""
    if not (folder / NAME).exists():
        return False
    try:
        with closing(sqlite3.connect(folder / NAME)) as connection:
            return connection.execute("SELECT 1 FROM answers LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError:
        return True


def journalled_answers(folder: Path, fingerprint: dict[str, Any], *, fresh: bool = False) -> dict[str, Answer]:
    """What `Journal` would go on from, without beginning one: answers by key.

    Empty where there is none, and where `Journal` would refuse it.
    """
    path = folder / NAME
    if not path.exists() or (fresh and not _begun_fresh(path, fingerprint)):
        return {}
    try:
        with closing(sqlite3.connect(path)) as connection:
            row = connection.execute("SELECT fingerprint FROM meta").fetchone()
            if row is None or row[0] != canonical_json(fingerprint):
                return {}
            return _answers(connection)
    except sqlite3.DatabaseError:
        return {}


def _answers(connection: sqlite3.Connection) -> dict[str, Answer]:
    return {key: answer_from_json(text) for key, text in connection.execute("SELECT key, answer FROM answers")}


def _reader(kind: type) -> Callable[[Any], dict[str, Any]]:
    """A function that gives an object's fields by name: `asdict` copies every value, and takes three times as long."""
    names = tuple(entry.name for entry in fields(kind))
    values = attrgetter(*names)
    return lambda one: dict(zip(names, values(one), strict=True))


_KNOWN = frozenset(entry.name for entry in fields(Answer))
_fields_of = _reader(Answer)
_NESTED = {"entities": _reader(Entity), "mentions": _reader(Mention)}


def answer_to_json(answer: Answer) -> str:
    """An answer as one JSON string."""
    given = {key: value for key, value in _fields_of(answer).items() if value is not None}
    for key, read in _NESTED.items():
        if key in given:
            given[key] = [read(one) for one in given[key]]
    return canonical_json(given)


def answer_from_json(text: str) -> Answer:
    """The inverse of `answer_to_json`."""
    return answer_from_dict(json.loads(text))


def as_stored(answer: Answer) -> Answer:
    """An answer as the journal gives it back."""
    return answer_from_json(answer_to_json(answer))


def answer_from_dict(values: dict[str, Any]) -> Answer:
    """An answer from plain values, as the journal and `predictions.parquet` hold them."""
    values = {key: value for key, value in values.items() if key in _KNOWN and value is not None}
    if "scores" in values:
        values["scores"] = dict(values["scores"])
    if "entities" in values:
        values["entities"] = tuple(_entity(entity) for entity in values["entities"])
    if "mentions" in values:
        values["mentions"] = tuple(Mention(**mention) for mention in values["mentions"])
    if "tags" in values:
        values["tags"] = tuple(values["tags"])
    if "sentences" in values:
        values["sentences"] = tuple(values["sentences"])
    return Answer(**values)


def _entity(values: dict[str, Any]) -> Entity:
    return Entity(**{**values, "parts": tuple((start, end) for start, end in values.get("parts") or ())})


def _begun_fresh(path: Path, fingerprint: dict[str, Any]) -> bool:
    """Whether a journal lies there that `fresh=true` began under the same fingerprint."""
    if not path.exists():
        return False
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        row = connection.execute("SELECT fingerprint, fresh FROM meta").fetchone()
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
    return row is not None and bool(row[1]) and row[0] == canonical_json(fingerprint)


def _differences(old: Any, new: Any, place: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted(old.keys() | new.keys()):
            found += _differences(old.get(key), new.get(key), f"{place}.{key}" if place else key)
        return found
    return [] if old == new else [f"{place} ({old!r} then, {new!r} now)"]
