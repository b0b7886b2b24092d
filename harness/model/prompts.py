"""Prompts of language models: system, template, examples and the form of the answer, as `conf/prompt/*.yaml` say."""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.config import nearest
from harness.errors import ConfigError, HarnessError
from harness.files import read_json_lines, sha256
from harness.records import (
    Entity,
    Example,
    Input,
    NerInput,
    References,
    Stance,
    StanceInput,
    SummaryInput,
    Target,
    TaskName,
)

Message = dict[str, str]
# What a template may say of an input, by task; all of it and nothing else.
VARIABLES: dict[str, tuple[str, ...]] = {
    "ner": ("text", "labels"),
    "stance": ("text", "context", "target", "labels"),
    "summarization": ("text", "style", "max_words", "min_words", "max_sentences"),
}
# Keys of an example of one's own, the needed ones first.
_EXAMPLE_KEYS = {
    "ner": (("text", "entities"), ()),
    "stance": (("text", "target", "label"), ("context",)),
    "summarization": (("text", "summary"), ("style", "max_words", "min_words", "max_sentences")),
}
MOST_EXAMPLES = 1000
# A template that writes more than this loops.
MOST_CHARACTERS = 20_000_000


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example in a prompt: an input, and the answer to it in the form that the prompt asks for."""

    input: Input
    answer: str


def environment() -> ImmutableSandboxedEnvironment:
    """Where templates run: they cannot reach Python, and a name that is not there is an error."""
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """How a task is put to a language model, and in which form it is to answer.

    Worked examples are turns of their own between the system's words and the question. They come from documents with
    `split=dev` that are not evaluated (`shots` of them), or from `examples` and `examples_file`; never from what is
    evaluated.

    Args:
        task: The task.
        template: The question, in Jinja: `text`, for stance also `context`, `target` and `labels`, for NER `labels`,
            for summaries `style`, `max_words`, `min_words` and `max_sentences`. White space around it is cut off.
        name: What tables and folders call it: the name of its file.
        about: What it is, in one sentence.
        system: What the model is told beforehand, in Jinja with the same names but the text's own; empty for nothing.
        answer: `text` is the bare label, or the summary; `json` an object; `offsets` (NER) an object with offsets.
        shots: Worked examples from the documents with `split=dev`; of each style as many, for summaries.
        examples: Worked examples of one's own: `text` and, for stance, `target`, `label` and perhaps `context`; for
            NER `entities` (a list of `text` and `label`); for summaries `summary` and perhaps `style`.
        examples_file: More of them, in JSON Lines.
        words: Label -> what the prompt and the answer call it, for labels that are called something else there.

    Example:
        >>> prompt = Prompt(task="stance", template="{{ text }} - {{ target }}?", system="One of {{ labels|join }}.")
        >>> question = StanceInput("e", "d", "No to coal!", "", Target("coal", "Coal"))
        >>> [message["content"] for message in prompt.render(question, ["for", "against"])]
        ['One of foragainst.', 'No to coal! - Coal?']
    """

    task: TaskName
    template: str
    name: str = ""
    about: str = ""
    system: str = ""
    answer: Literal["text", "json", "offsets"] = "text"
    shots: int = 0
    examples: tuple[dict[str, Any], ...] = ()
    examples_file: str | None = None
    words: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses templates that cannot be rendered and answers that cannot be read."""
        if self.answer == "offsets" and self.task != "ner":
            raise ValueError(f"answer: 'offsets' are for ner; choose text or json for {self.task}")
        if self.answer == "text" and self.task == "ner":
            raise ValueError("answer: ner needs json (strings) or offsets")
        if not 0 <= self.shots <= MOST_EXAMPLES:
            raise ValueError(f"shots must be between 0 and {MOST_EXAMPLES}, got {self.shots}")
        folded = [word.strip().casefold() for word in self.words.values()]
        if len(set(folded)) != len(folded) or "" in folded:
            raise ValueError(f"words must be different and not empty, got {self.words!r}")
        if not self.template.strip():
            raise ValueError("template must not be empty")
        for key, text in (("template", self.template), ("system", self.system)):
            known = [name for name in self.variables if key == "template" or name not in ("text", "context")]
            try:
                used = meta.find_undeclared_variables(environment().parse(text))
            except TemplateSyntaxError as fault:
                raise ValueError(f"{key}: line {fault.lineno}: {fault.message}") from None
            for name in sorted(used - set(known)):
                raise ValueError(
                    f"{key}: {name!r} is not among what it may say, {', '.join(known)}{nearest(name, known)}"
                )
        needed = self.variables[0]
        if needed not in meta.find_undeclared_variables(environment().parse(self.template)):
            raise ValueError(f"template: does not say {{{{ {needed} }}}}, so that every answer would be the same")

    @property
    def variables(self) -> tuple[str, ...]:
        """What the template may say of an input; the first it must say."""
        return VARIABLES[self.task]

    @property
    def answer_name(self) -> str:
        """What the schema of the answer is called."""
        return f"{self.task}_answer"

    def word(self, label: str) -> str:
        """What the prompt calls a label."""
        return self.words.get(label, label)

    def render(self, one: Input, labels: Sequence[str] = (), shots: Sequence[Shot] = ()) -> list[Message]:
        """The chat: the system's words if any, a turn of each side per worked example, and the question.

        Args:
            one: The input.
            labels: The scheme, as the gold writes it; none for summaries.
            shots: Worked examples, first to last.

        Raises:
            ConfigError: The template fails on this input.
        """
        messages = []
        if self.system.strip():
            messages.append({"role": "system", "content": self._fill(self._system, one, labels)})
        for shot in shots:
            messages.append({"role": "user", "content": self._fill(self._template, shot.input, labels)})
            messages.append({"role": "assistant", "content": shot.answer})
        messages.append({"role": "user", "content": self._fill(self._template, one, labels)})
        return messages

    def schema(self, labels: Sequence[str] = ()) -> dict[str, Any] | None:
        """The answer's JSON schema; None where it is no JSON."""
        if self.answer == "text":
            return None
        words = [self.word(label) for label in labels]
        if self.task == "stance":
            return _object(stance={"type": "string", "enum": words})
        if self.task == "summarization":
            return _object(summary={"type": "string"})
        found: dict[str, Any] = {"text": {"type": "string"}, "label": {"type": "string", "enum": words}}
        if self.answer == "offsets":
            found = {"start": {"type": "integer"}, "end": {"type": "integer"}, **found}
        return _object(entities={"type": "array", "items": _object(**found)})

    def answer_to(self, example: Example) -> str:
        """The gold of an example, in the form that the prompt asks for."""
        gold = example.gold
        if isinstance(gold, Stance):
            return self._written(stance=self.word(gold.label))
        if isinstance(gold, References):
            return self._written(summary=gold.texts[0] if gold.texts else "")
        entities = [entity.shifted(-example.start) for entity in gold or ()]
        return self._written(entities=self._entities(entities, example.input.text))

    def own_shots(self) -> list[Shot]:
        """The examples that the prompt itself brings.

        Raises:
            ConfigError: One is no example of the task, or the file cannot be read.
        """
        found = [(f"examples[{number}]", dict(given)) for number, given in enumerate(self.examples)]
        if self.examples_file is not None:
            file = Path(self.examples_file).expanduser()
            if not file.is_file():
                raise ConfigError(f"prompt {self.name!r}: examples_file: no such file: {self.examples_file}")
            try:
                found += list(read_json_lines(file))
            except HarnessError as fault:
                raise ConfigError(f"prompt {self.name!r}: examples_file: {fault}") from None
        if len(found) > MOST_EXAMPLES:
            raise ConfigError(f"prompt {self.name!r}: has {len(found)} examples, at most {MOST_EXAMPLES} are shown")
        return [self._shot(where, given) for where, given in found]

    def choose(self, examples: Sequence[Example], count: int) -> list[Shot]:
        """Worked examples out of annotated ones: the same ones whatever the order given, and varied in their answers.

        Args:
            examples: With gold; none of them evaluated.
            count: How many; for summaries, of each style.

        Raises:
            ConfigError: There are fewer.
        """
        if not count:
            return []
        ordered = sorted(examples, key=lambda example: sha256([example.doc, example.id]))
        chosen: list[Example] = []
        if self.task == "summarization":
            styles = defaultdict(list)
            for example in ordered:
                if isinstance(example.gold, References) and example.gold.texts:
                    styles[example.gold.style].append(example)
            chosen = [example for _, found in sorted(styles.items()) for example in found[:count]]
            least = min(map(len, styles.values()), default=0)
        else:
            chosen = _varied(ordered, count)
            least = len(chosen)
        if least < count:
            raise ConfigError(
                f"prompt {self.name!r}: wants {count} worked examples from documents with split=dev that are not "
                f"evaluated, found {least}; score data.split=test, name fewer (shots=...), or give examples of your own"
            )
        return [Shot(example.input, self.answer_to(example)) for example in chosen]

    def fingerprint(self, labels: Sequence[str], shots: Sequence[Shot]) -> str:
        """SHA-256 of all that moves what a model is asked beside the input: the prompt, the scheme, the examples."""
        definition = dataclasses.asdict(self)
        for key in ("name", "about", "examples", "examples_file", "shots"):
            definition.pop(key)
        shown = [[type(shot.input).__name__, dataclasses.asdict(shot.input), shot.answer] for shot in shots]
        return sha256([definition, list(labels), shown])

    @cached_property
    def _template(self) -> Any:
        return environment().from_string(self.template)

    @cached_property
    def _system(self) -> Any:
        return environment().from_string(self.system)

    def _fill(self, template: Any, one: Input, labels: Sequence[str]) -> str:
        values: dict[str, Any] = {name: getattr(one, name, None) for name in self.variables}
        values["labels"] = [self.word(label) for label in labels]
        if isinstance(one, StanceInput):
            values["target"] = one.target.text
        try:
            text = str(template.render(values)).strip()
        except (TemplateError, ArithmeticError, TypeError, ValueError, RecursionError) as fault:
            raise ConfigError(f"prompt {self.name!r}: cannot be rendered for {one.id!r}: {fault}") from None
        if len(text) > MOST_CHARACTERS:
            raise ConfigError(f"prompt {self.name!r}: writes {len(text)} characters for {one.id!r}")
        return text

    def _written(self, **answer: Any) -> str:
        return json.dumps(answer, ensure_ascii=False) if self.answer != "text" else str(next(iter(answer.values())))

    def _entities(self, entities: Sequence[Entity], text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for entity in sorted(entities):
            place = {"start": entity.start, "end": entity.end} if self.answer == "offsets" else {}
            found.append({**place, "text": text[entity.start : entity.end], "label": self.word(entity.label)})
        return found

    def _shot(self, where: str, given: Mapping[str, Any]) -> Shot:
        needed, more = _EXAMPLE_KEYS[self.task]
        faults = [f"needs {key!r}" for key in needed if key not in given]
        faults += [f"unknown key {key!r}{nearest(key, (*needed, *more))}" for key in given if key not in needed + more]
        faults += [
            f"{key!r} must be a text, got {given[key]!r}"
            for key in ("text", "target", "label", "context", "summary", "style")
            if key in given and not isinstance(given[key], str)
        ]
        if not faults and self.task == "ner":
            faults = _entity_faults(given["entities"], given["text"])
        if faults:
            raise ConfigError(f"prompt {self.name!r}: {where}: {'; '.join(faults)}")
        text = given["text"]
        if self.task == "stance":
            target = Target(given["target"], given["target"])
            asked: Input = StanceInput(where, "", text, given.get("context", ""), target)
            return Shot(asked, self._written(stance=self.word(given["label"])))
        if self.task == "summarization":
            limits = {key: given.get(key) for key in ("max_words", "min_words", "max_sentences")}
            asked = SummaryInput(where, "", text, given.get("style", "default"), (), **limits)
            return Shot(asked, self._written(summary=given["summary"]))
        entities = []
        position = 0
        for one in given["entities"]:
            start = text.find(one["text"], position)
            start = text.find(one["text"]) if start < 0 else start
            entities.append(Entity(start, start + len(one["text"]), one["label"]))
            position = entities[-1].end
        return Shot(NerInput(where, "", text), self._written(entities=self._entities(entities, text)))


def as_text(messages: Sequence[Message]) -> str:
    """A chat as running text, for models without a chat template: it ends where the answer begins.

    Example:
        >>> turns = [("system", "Be brief."), ("user", "1+1="), ("assistant", "2"), ("user", "2+2=")]
        >>> as_text([{"role": role, "content": content} for role, content in turns])
        'Be brief.\\n\\n1+1= 2\\n\\n2+2='
    """
    text = ""
    for message in messages:
        between = "" if not text else " " if message["role"] == "assistant" else "\n\n"
        text += between + message["content"]
    return text


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _labels_of(example: Example) -> frozenset[str]:
    if isinstance(example.gold, Stance):
        return frozenset({example.gold.label})
    return frozenset(entity.label for entity in example.gold) if isinstance(example.gold, tuple) else frozenset()


def _varied(ordered: Sequence[Example], count: int) -> list[Example]:
    """In turn the example that brings most of the labels that were shown least; earlier ones first."""
    shown: dict[str, int] = defaultdict(int)
    waiting = list(ordered)
    labels = {example.id: _labels_of(example) for example in waiting}
    chosen: list[Example] = []
    while waiting and len(chosen) < count:
        best = max(waiting, key=lambda example: sum(1 / (1 + shown[label]) ** 2 for label in labels[example.id]))
        for label in labels[best.id]:
            shown[label] += 1
        waiting.remove(best)
        chosen.append(best)
    return chosen


def _entity_faults(entities: Any, text: str) -> list[str]:
    if not isinstance(entities, list | tuple):
        return [f"'entities' must be a list, got {entities!r}"]
    for one in entities:
        if not isinstance(one, Mapping) or {*one} != {"text", "label"}:
            return [f"an entity has 'text' and 'label', got {one!r}"]
        if not all(isinstance(value, str) and value for value in one.values()):
            return [f"an entity's text and label are texts, got {one!r}"]
        if one["text"] not in text:
            return [f"the entity {one['text']!r} does not stand in its text"]
    return []
