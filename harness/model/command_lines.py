"""The lines that a program reads and writes: an input as JSON, and what it wrote as answers."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.model.program import MOST_LINE
from harness.records import Answer, Entity, Input, Mention, NerInput, StanceInput, SummaryInput
from harness.said import printable, redacted

# Characters that are kept of a line that could not be read.
MOST_RAW = 20_000
# Lines that are kept of those whose example is not known.
SHOWN = 3
SUM_TOLERANCE = 0.01
_ID = re.compile(r'"id"\s*:\s*("(?:[^"\\]|\\.)*")')
_ALONE = frozenset({"id", "tokens_read", "tokens_cut", "chars_read", "output_truncated"})


def input_line(one: Input, labels: Sequence[str]) -> str:
    """One example as a line of JSON.

    Example:
        >>> input_line(NerInput("d1:s1", "d1", "Bob ran."), ["PERSON"])
        '{"id": "d1:s1", "doc": "d1", "task": "ner", "text": "Bob ran.", "zone": "body", "labels": ["PERSON"]}'
    """
    given: dict[str, Any] = {"id": one.id, "doc": one.doc, "task": "", "text": one.text}
    if isinstance(one, NerInput):
        given |= {"task": "ner", "zone": one.zone, "labels": list(labels)}
    elif isinstance(one, StanceInput):
        target = {"id": one.target.id, "text": one.target.text}
        more = {"context": one.context, "target": target, "sentence": one.sentence, "labels": list(labels)}
        given |= {"task": "stance", **more}
    else:
        limits = {key: getattr(one, key) for key in ("style", "max_words", "min_words", "max_sentences")}
        sentences = [{"id": name, "text": text} for name, text in one.sentences]
        given |= {"task": "summarization", **limits, "sentences": sentences}
    return json.dumps(given, ensure_ascii=False)


class Unreadable(Exception):  # noqa: N818 - it never leaves this module
    """What a program wrote about an example is no answer to it."""


class _NotFinite(Exception):  # noqa: N818 - likewise
    """A number in it is infinite or none at all."""


@dataclass(slots=True)
class Batch:
    """What a program wrote for the examples that it was asked.

    Args:
        inputs: What it was asked.
        one_line: Each example has exactly one line, so that a batch is known to be over without the program's end.
        foreign: How many lines named an example that it was not asked.
        first_foreign: The first such id.
        unread: The lines that could not be read and name no example.
    """

    inputs: Mapping[str, Input]
    one_line: bool
    foreign: int = 0
    first_foreign: str = ""
    unread: list[str] = field(default_factory=list)
    _unread: int = 0
    _records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _broken: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, line: bytes) -> bool:
        """Takes a line; says whether every example has one, where each has exactly one."""
        if not line.strip():
            return False
        record: dict[str, Any] = {}
        reason = ""
        try:
            record = _record(line)
            name: str | None = record["id"]
        except Unreadable as fault:
            reason = str(fault)
            name = self._meant(line)
        if name is None:
            self._unread += 1
            if len(self.unread) < SHOWN:
                self.unread.append(_kept(line.decode("utf-8", "replace"))[:1000])
        elif name not in self.inputs:
            self.foreign += 1
            self.first_foreign = self.first_foreign or printable(name)[:100]
        elif reason:
            self._broken.setdefault(name, (reason, _kept(line.decode("utf-8", "replace"))))
        else:
            self._records.setdefault(name, []).append(record)
        return self._all()

    def _meant(self, line: bytes) -> str | None:
        """Whose a line is that cannot be read, if that can be told."""
        if len(self.inputs) == 1:
            return next(iter(self.inputs))
        found = _ID.search(line[:MOST_RAW].decode("utf-8", "replace"))
        return _string(found[1]) if found else None

    def answers(self) -> dict[str, Answer]:
        """The answer to every example that has a line of its own, by id."""
        found = {}
        for name, one in self.inputs.items():
            records = self._records.get(name)
            if name in self._broken:
                reason, raw = self._broken[name]
                found[name] = Answer(bin="unparsed", reason=reason, raw=raw)
            elif records:
                found[name] = _answer(records, one, self.one_line)
        return found

    def unanswered(self) -> Answer:
        """What an example gets of which nothing was heard before the program ended well."""
        if self._unread:
            lines = "a line" if self._unread == 1 else f"{self._unread} lines"
            reason = f"not answered; {lines} of its batch could not be read"
            return Answer(bin="unparsed", reason=reason, raw="\n".join(self.unread))
        return Answer(bin="missing", reason="the program ended without answering it")

    def _all(self) -> bool:
        return self.one_line and len(self._records.keys() | self._broken.keys()) + self._unread >= len(self.inputs)


def _record(line: bytes) -> dict[str, Any]:
    if len(line) > MOST_LINE:
        raise Unreadable(f"the line is longer than {MOST_LINE // 2**20} MiB")
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unreadable("the line is not UTF-8") from None
    except (ValueError, RecursionError) as fault:
        raise Unreadable(f"the line is no JSON: {str(fault)[:100]}") from None
    if not isinstance(record, dict):
        raise Unreadable(f"expected a JSON object a line, found {type(record).__name__}")
    if not isinstance(record.get("id"), str):
        raise Unreadable('the record has no "id" that is a text')
    return record


def _string(text: str) -> str | None:
    try:
        return str(json.loads(text))
    except ValueError:
        return None


def _kept(text: str) -> str:
    kept = text if len(text) <= MOST_RAW else text[:MOST_RAW] + f"... ({len(text)} characters)"
    return redacted(kept)


def _answer(records: Sequence[dict[str, Any]], one: Input, one_line: bool) -> Answer:
    raw = _kept("\n".join(json.dumps(record, ensure_ascii=True) for record in records[:20]))
    try:
        failed = next((record["error"] for record in records if record.get("error") is not None), None)
        if failed is not None:
            return Answer(bin="failed", reason=printable(str(failed))[:500])
        if isinstance(one, NerInput):
            return _entities(records, one, one_line)
        record = _single(records)
        return _stance(record) if isinstance(one, StanceInput) else _summary(record, one)
    except Unreadable as fault:
        return Answer(bin="unparsed", reason=str(fault), raw=raw)
    except _NotFinite as fault:
        return Answer(bin="nonfinite", reason=str(fault), raw=raw)


def _single(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    # NaN equals nothing, not even itself; as text it does.
    if len({json.dumps(record, sort_keys=True) for record in records}) > 1:
        raise Unreadable(f"answered {len(records)} times, and differently")
    return records[0]


def _entities(records: Sequence[dict[str, Any]], one: NerInput, one_line: bool) -> Answer:
    if any("entities" in record for record in records):
        record = _single(records)
        given = record["entities"]
        if not isinstance(given, list):
            raise Unreadable(f"'entities' must be a list, found {given!r}"[:200])
    else:
        given = [record for record in records if record.keys() - _ALONE]
        record = records[0]
        if one_line and given:
            raise Unreadable("a program that is kept running gives all entities of an example in one list, 'entities'")
        if any("label" not in item for item in given):
            raise Unreadable("expected 'entities', or records with 'start', 'end' and 'label'")
    entities, mentions, misaligned = set(), [], 0
    for item in given:
        read = _entity(item, one.text)
        if isinstance(read, Entity):
            entities.add(read)
        elif isinstance(read, Mention):
            mentions.append(read)
        else:
            misaligned += 1
    seen = _count(record, "chars_read")
    if seen is not None and seen > len(one.text):
        raise Unreadable(f"chars_read is {seen}, and the text has {len(one.text)} characters")
    return Answer(
        entities=tuple(sorted(entities)),
        mentions=tuple(mentions) or None,
        misaligned=misaligned,
        chars_read=None if seen == len(one.text) else seen,
        **_counted(record),
    )


def _entity(item: Any, text: str) -> Entity | Mention | None:
    """An entity, a named string without a place, or None for what fits no stretch of the text."""
    given: dict[str, Any] = item if isinstance(item, dict) else {}
    label, words = given.get("label"), given.get("text")
    if not isinstance(label, str) or not label.strip():
        return None
    score = None if given.get("score") is None else _number(given["score"], "score")
    start, end = given.get("start"), given.get("end")
    if start is None and end is None and isinstance(words, str) and words.strip():
        return Mention(label, words)
    # True is an int to Python, and no offset.
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    if words is not None and words != text[start:end]:
        return None
    return Entity(start, end, label, text[start:end], score)


def _stance(record: Mapping[str, Any]) -> Answer:
    label, scores = record.get("label"), record.get("scores")
    if not isinstance(label, str) or not label.strip():
        raise Unreadable(f"'label' must be a text, found {label!r}"[:200])
    if scores is None:
        return Answer(label=label, **_counted(record))
    if not isinstance(scores, dict):
        raise Unreadable(f"'scores' must give each label its probability, found {scores!r}"[:200])
    read = {name: _number(value, f"scores[{name!r}]") for name, value in scores.items()}
    if abs(math.fsum(read.values()) - 1) > SUM_TOLERANCE:
        raise Unreadable(f"'scores' must add up to 1, they add up to {math.fsum(read.values()):.4f}")
    return Answer(label=label, scores=read, **_counted(record))


def _summary(record: Mapping[str, Any], one: SummaryInput) -> Answer:
    text, chosen = record.get("text"), record.get("sentences")
    if chosen is not None:
        known = dict(one.sentences)
        if not isinstance(chosen, list) or not all(isinstance(name, str) and name in known for name in chosen):
            raise Unreadable(f"'sentences' must be ids of the sentences given, found {chosen!r}"[:200])
        ids = tuple(dict.fromkeys(chosen))
        said = text if isinstance(text, str) else "\n".join(known[name] for name in ids)
        return Answer(text=said, sentences=ids, **_counted(record))
    if not isinstance(text, str):
        raise Unreadable(f"'text' must be the summary, found {text!r}"[:200])
    return Answer(text=text, **_counted(record))


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name} must be a number, found {value!r}"[:200])
    if not -(10**6) <= value <= 10**6:
        # Also what no float can hold, and NaN, which lies nowhere.
        raise _NotFinite(f"{name} is {str(value)[:20]}, which is no finite number")
    if not 0 <= value <= 1:
        raise Unreadable(f"{name} must lie between 0 and 1, found {value!r}")
    return float(value)


def _counted(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the program says of its input and output limits."""
    found: dict[str, Any] = {}
    for name in ("tokens_read", "tokens_cut"):
        value = _count(record, name)
        if value is not None:
            found[name] = value
    if record.get("output_truncated") is not None:
        if not isinstance(record["output_truncated"], bool):
            raise Unreadable("output_truncated must be true or false")
        found["output_truncated"] = record["output_truncated"]
    return found


def _count(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    if value is not None and (type(value) is not int or not 0 <= value < 2**53):
        raise Unreadable(f"{name} must be a count, found {value!r}"[:200])
    return value
