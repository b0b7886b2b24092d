"""What a language model wrote, read as an answer: nothing is guessed, and what cannot be read keeps its raw text."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from harness.files import finite_number, no_constant
from harness.model.prompts import Prompt
from harness.records import ABSTAIN, Answer, Entity, Mention, NerInput, StanceInput, SummaryInput

# A longer answer is no answer. What is kept of it for the user to look at is shorter still.
MOST_CHARACTERS = 200_000
MOST_RAW = 20_000
# Brackets that begin no JSON, after which no more are tried: each costs a look at the rest.
MOST_FAILURES = 1000
_OPENING = re.compile(r"[{\[]")
_THOUGHT = re.compile(r"\A\s*<(think|thinking|reasoning)>(.*?)</\1>", re.DOTALL)
_THINKING = re.compile(r"\A\s*<(?:think|thinking|reasoning)>")
_STATED = re.compile(r"\A(?:the\s+)?(?:stance|label|answer)\s*(?:is|:|=)\s*", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\A(?:sure|certainly|here|summary|headline|highlights)\b[^\n:]{0,80}:[ \t]*(?:\n+|\Z)", re.IGNORECASE
)
_TITLE = re.compile(r"\A(?:summary|headline|highlights):[ \t]*", re.IGNORECASE)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+", re.MULTILINE)
_AROUND = " \t\r\n.,;:!?\"'`*_()[]“”‘’"
QUOTES = (('"', '"'), ("“", "”"), ("'", "'"))


def read_answer(raw: str, prompt: Prompt, one: object, labels: Sequence[str]) -> Answer:
    """The answer that a model's words are; `bin` is `unparsed` where they are none, with the words in `raw`.

    Args:
        raw: What the model wrote.
        prompt: In which form it was asked to answer.
        one: What it was asked.
        labels: The scheme, as the gold writes it.
    """
    if len(raw) > MOST_CHARACTERS:
        return _unparsed(raw, f"the answer has {len(raw)} characters, at most {MOST_CHARACTERS} are read")
    said = _THOUGHT.sub("", raw)
    if _THINKING.match(said):
        return _unparsed(raw, "the model's reasoning has no end, so there is no answer after it")
    if isinstance(one, StanceInput):
        return _stance(raw, said, prompt, labels)
    if isinstance(one, NerInput):
        return _entities(raw, said, prompt, labels, one.text)
    if isinstance(one, SummaryInput):
        return _summary(raw, said, prompt)
    raise TypeError(f"expected an input of a task, got {type(one).__name__}")


def last_json(text: str, fits: Callable[[Any], bool]) -> Any:
    """The last JSON object or list in a text that fits, whatever stands around it; None where there is none.

    Of values inside another one only the outer is looked at. NaN and infinities are no JSON. Safe for any text: what
    nests too deep is passed over, and after a thousand brackets that begin no JSON no more are tried.

    Example:
        >>> last_json('First {"a": 1}, then ```json\\n{"a": 2}``` and {oops}', lambda value: "a" in value)
        {'a': 2}
    """
    decoder = json.JSONDecoder(parse_constant=no_constant, parse_float=finite_number)
    found = None
    position = failures = 0
    while failures < MOST_FAILURES and (opening := _OPENING.search(text, position)):
        try:
            value, position = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            position = opening.end()
            failures += 1
            continue
        if fits(value):
            found = value
    return found


def _unparsed(raw: str, reason: str) -> Answer:
    kept = raw if len(raw) <= MOST_RAW else raw[:MOST_RAW] + f"... ({len(raw)} characters)"
    return Answer(bin="unparsed", reason=reason, raw=kept)


def _named(prompt: Prompt, labels: Sequence[str]) -> dict[str, str]:
    """What an answer may call a label, in lower case -> the label; the prompt's own word wins."""
    return {label.casefold(): label for label in labels} | {prompt.word(label).casefold(): label for label in labels}


def _stance(raw: str, said: str, prompt: Prompt, labels: Sequence[str]) -> Answer:
    named = {ABSTAIN: ABSTAIN} | _named(prompt, labels)

    def label_of(value: Any) -> str | None:
        given = value.get("stance", value.get("label")) if isinstance(value, dict) else None
        return named.get(given.strip().casefold()) if isinstance(given, str) else None

    value = last_json(said, lambda value: label_of(value) is not None)
    label = label_of(value)
    if label is None:
        # The whole answer, or its first or last line: a word somewhere in a sentence ("not in favor") says nothing.
        lines = [line for line in said.splitlines() if line.strip(_AROUND)]
        for part in (said, *lines[:1], *lines[-1:]):
            label = named.get(_STATED.sub("", part.strip(_AROUND)).strip(_AROUND).casefold())
            if label is not None:
                break
    if label is None:
        return _unparsed(raw, f"the answer names none of {', '.join(map(prompt.word, labels))}")
    return Answer(label=label, raw=raw)


def _listed(value: Any) -> list[Any] | None:
    """The list of entities that a JSON value is, or None."""
    if isinstance(value, dict):
        value = value.get("entities")
    if not isinstance(value, list) or (value and not any(isinstance(item, dict) for item in value)):
        return None
    return value


def _entities(raw: str, said: str, prompt: Prompt, labels: Sequence[str], text: str) -> Answer:
    items = _listed(last_json(said, lambda value: _listed(value) is not None))
    if items is None:
        return _unparsed(raw, "the answer holds no JSON list of entities")
    named = _named(prompt, labels)
    mentions: list[Mention] = []
    entities: list[Entity] = []
    misaligned = 0
    for item in items:
        given = item if isinstance(item, dict) else {}
        words, label = given.get("text"), given.get("label")
        if not isinstance(label, str) or not label.strip():
            misaligned += 1
            continue
        label = named.get(label.strip().casefold(), label.strip())
        if prompt.answer == "json":
            if isinstance(words, str) and words.strip():
                mentions.append(Mention(label, words.strip()))
            else:
                misaligned += 1
            continue
        start, end = given.get("start"), given.get("end")
        place = _place(start, end, len(text))
        if place is None or (words is not None and text[place] != words):
            misaligned += 1
        else:
            entities.append(Entity(place.start, place.stop, label, text[place]))
    if prompt.answer == "json":
        return Answer(mentions=tuple(mentions), misaligned=misaligned, raw=raw)
    return Answer(entities=tuple(sorted(set(entities))), misaligned=misaligned, raw=raw)


def _place(start: Any, end: Any, length: int) -> slice | None:
    """The stretch that two offsets are; True is an int to Python, and no offset."""
    if type(start) is int and type(end) is int and 0 <= start < end <= length:
        return slice(start, end)
    return None


def _summary(raw: str, said: str, prompt: Prompt) -> Answer:
    if prompt.answer == "json":
        value = last_json(said, lambda value: isinstance(value, dict) and isinstance(value.get("summary"), str))
        if value is None:
            return _unparsed(raw, 'the answer holds no JSON object {"summary": ...}')
        said = value["summary"]
    text = clean_summary(said)
    if not text:
        return _unparsed(raw, "the answer is empty")
    return Answer(text=text, raw=None if text == raw else raw)


def clean_summary(text: str) -> str:
    """A summary without what a chat model puts around it: a lead-in, a title, quotes, a fence, bullets, blank lines.

    Example:
        >>> clean_summary('Here is a summary of the text:\\n\\n"Rates rose. Markets fell."')
        'Rates rose. Markets fell.'
        >>> clean_summary("- Rates rose.\\n- Markets fell.")
        'Rates rose.\\nMarkets fell.'
    """
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        text = text[3:-3].partition("\n")[2].strip() or text[3:-3].strip()
    text = _TITLE.sub("", _LEAD_IN.sub("", text)).strip()
    text = _BULLET.sub("", text)
    for begin, end in QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text.startswith(begin) and text.endswith(end) and begin not in inner and end not in inner:
            text = inner
    return "\n".join(line for line in (line.strip() for line in text.splitlines()) if line)
