"""Documents without gold: predictions alone, written as records that `model=predictions` reads back."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.compose import compose_jobs, parse_arguments
from harness.engine.base import Stopped
from harness.errors import ConfigError, UsageError
from harness.evaluate import Progress
from harness.files import canonical_json, locked, write_text
from harness.journal import remove_journal
from harness.plan import Plan, TaskPlan, plan
from harness.predict import Asked, ask
from harness.records import Answer, Example

_FILES = {"ner": "entities.jsonl", "stance": "stance.jsonl", "summarization": "summaries.jsonl"}


def predict_only(
    arguments: Sequence[str], out: Path | None, *, stop: Callable[[], int | None], progress: Progress
) -> int:
    """Runs `harness predict`.

    Args:
        arguments: Overrides, as for a run; no sweep.
        out: Folder of the records; None takes `predictions/<data>/<model>/`.
        stop: As for engines.
        progress: Told how far it is.

    Returns:
        0, or 1 where examples have no answer.
    """
    line = parse_arguments(arguments)
    jobs = compose_jobs(line)
    if len(jobs) != 1:
        raise UsageError("predict takes one configuration, not a sweep")
    ready = plan(jobs[0], need_gold=False, writes=False)
    for reason in ready.skipped:
        print(f"harness: skipped: {reason}", file=sys.stderr)
    folder = out or Path("predictions") / ready.tasks[0].folder.parts[-3] / ready.tasks[0].folder.name
    lost = 0
    for task in ready.tasks:
        if task.model.gold != "none":
            raise ConfigError(f"model {ready.config.model_name!r} learns from gold, and documents to predict have none")
    with locked(folder):
        for task in ready.tasks:
            bar = progress.start(f"{ready.config.model_name} · {task.task.name}", len(task.examples))
            try:
                asked = _ask(ready, task, folder / f".{task.task.name}", stop, bar)
            except Stopped as stopped:
                print(f"harness: {stopped}; give the command again to go on", file=sys.stderr)
                return 128 + stopped.signal_number
            finally:
                progress.finish()
            lines = _records(task, asked)
            write_text(folder / _FILES[task.task.name], "".join(canonical_json(line) + "\n" for line in lines))
            _remove_work(folder / f".{task.task.name}")
            missing = sum(answer.bin != "scored" for answer in asked.answers.values())
            lost += missing
            print(f"{folder / _FILES[task.task.name]}: {len(lines)} records, {missing} examples without an answer")
    return 1 if lost else 0


def _ask(
    ready: Plan, task: TaskPlan, work: Path, stop: Callable[[], int | None], progress: Callable[[int], None]
) -> Asked:
    work.mkdir(exist_ok=True)
    return ask(
        work,
        task.model,
        task.task,
        ready.engine,
        task.corpus,
        task.examples,
        fresh=ready.config.fresh,
        stop=stop,
        progress=progress,
        started=time.monotonic(),
    )


def _remove_work(work: Path) -> None:
    remove_journal(work)
    (work / "run.json").unlink(missing_ok=True)
    work.rmdir()


def _records(task: TaskPlan, asked: Asked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with_entities: set[str] = set()
    for example in task.examples:
        answer = asked.answers[example.id]
        if answer.bin == "scored":
            rows = _rows(example, answer, task.corpus.documents[example.doc].text)
            found += rows
            if rows:
                with_entities.add(example.doc)
    if task.task.name == "ner":
        # A document that was answered with none is named, so that it does not count as missing.
        answered = {example.doc for example in task.examples if asked.answers[example.id].bin == "scored"}
        found += [{"doc": doc} for doc in sorted(answered - with_entities)]
    return found


def _rows(example: Example, answer: Answer, text: str) -> list[dict[str, Any]]:
    if answer.entities is not None:
        found = {}
        for entity in answer.entities:
            start, end = entity.start + example.start, entity.end + example.start
            # What `model=predictions` would refuse to read back is in no document, or is there already.
            if 0 <= start < end <= len(text):
                found[start, end, entity.label] = entity.score
        return [
            {
                "doc": example.doc,
                "start": start,
                "end": end,
                "label": label,
                "text": text[start:end],
                **({} if score is None else {"score": score}),
            }
            for (start, end, label), score in sorted(found.items(), key=lambda item: item[0])
        ]
    if answer.label is not None:
        sentence = getattr(example.input, "sentence", None)
        return [
            {
                "doc": example.doc,
                "target": example.fields["target"],
                "label": answer.label,
                **({} if sentence is None else {"sentence": sentence}),
                **({} if answer.scores is None else {"scores": dict(answer.scores)}),
            }
        ]
    if example.fields["style"] == "extract":
        return (
            [{"doc": example.doc, "style": "extract", "sentences": list(answer.sentences)}] if answer.sentences else []
        )
    return [{"doc": example.doc, "style": example.fields["style"], "text": answer.text or ""}]
