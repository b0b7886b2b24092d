"""What a run would ask its models and their judges, without asking anything: what `dry_run=true` shows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.config import RunConfig
from harness.files import sha256
from harness.findings import JOURNAL as FINDINGS
from harness.findings import Asked, known_findings
from harness.gold import Corpus
from harness.journal import NAME as ANSWERS
from harness.journal import journalled_answers
from harness.judge.base import Judge
from harness.judging import inquire, judge_in_words
from harness.label_map import LabelMap
from harness.metric.base import Metric
from harness.model.base import Model
from harness.plan import Plan, TaskPlan
from harness.predict import ASKED_AGAIN, answer_keys, fingerprint, stored_answers
from harness.records import Answer, Example, SummaryInput
from harness.scoring import Case, Cases, questions_of, read_answers
from harness.task.base import Task


def known_answers(task: TaskPlan, config: RunConfig) -> dict[str, Answer]:
    """By example id, what a complete run in the folder answers or the journal of one that was cut off."""
    shared = fingerprint(task.model, task.task, task.corpus)
    keys = answer_keys(task.examples, shared)
    known = {} if config.fresh else stored_answers(task.folder)
    known |= journalled_answers(task.folder, shared, fresh=config.fresh)
    found = {example.id: known[keys[example.id]] for example in task.examples if keys[example.id] in known}
    return {name: answer for name, answer in found.items() if answer.bin not in ASKED_AGAIN}


def unanswered(task: TaskPlan, config: RunConfig) -> list[Example]:
    """The examples that a run would ask."""
    known = known_answers(task, config)
    return [example for example in task.examples if example.id not in known]


def dry_run(ready: Plan) -> list[dict[str, Any]]:
    """What a run would ask its models and then its judges: how much, what is answered already, words of input.

    Asks nothing, loads nothing, writes nothing.
    """
    rows = []
    for task in ready.tasks:
        known = known_answers(task, ready.config)
        waiting = [example for example in task.examples if example.id not in known]
        folder = str(task.folder)
        rows.append(
            {
                "task": task.task.name,
                "model": ready.config.model_name,
                "examples": len(task.examples),
                "stored": len(task.examples) - len(waiting),
                "words": sum(len(example.input.text.split()) for example in waiting),
                "cost": _estimate(task.model, waiting),
                "folder": folder,
                "resumes": (task.folder / ANSWERS).exists(),
            }
        )
        judged = known_findings(task.folder, fresh=ready.config.fresh) if task.judges else []
        for one in outlook(
            task.metrics, task.judges, task.examples, known, task.corpus, task.task, task.label_map, judged
        ):
            unsure = f", {one.unsure}" if one.unsure else ""
            rows.append(
                {
                    "task": task.task.name,
                    "model": f"judge of {one.metric}: {one.judge}{unsure}",
                    "examples": one.questions,
                    "stored": one.stored,
                    "words": one.words,
                    "cost": one.cost,
                    "folder": folder,
                    "resumes": (task.folder / FINDINGS).exists(),
                }
            )
    return rows


def _estimate(model: Model, waiting: Sequence[Example]) -> float:
    estimate = getattr(model, "estimate", None)
    return float(estimate([example.input for example in waiting]) or 0.0) if estimate else 0.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one metric would put to its judge.

    Args:
        metric: The metric.
        judge: Its judge in a few words.
        questions: How many it has; equal ones, and those that a metric before it puts to the same judge, count once.
        stored: Those that were answered before.
        words: Of the questions that are left.
        cost: What asking them would cost at most; 0 where no price is known, NaN where that cannot be reckoned.
        unsure: What the number rests on where not every example is answered; empty where it is exact.
    """

    metric: str
    judge: str
    questions: int
    stored: int
    words: int
    cost: float
    unsure: str


def outlook(
    metrics: Mapping[str, Metric],
    judges: Mapping[str, Judge],
    examples: Sequence[Example],
    answers: Mapping[str, Answer],
    corpus: Corpus,
    task: Task,
    label_map: LabelMap,
    known: Sequence[Asked],
) -> list[Outlook]:
    """What every metric would put to its judge. Asks nothing, loads nothing.

    Args:
        metrics: By name.
        judges: By the name of the metric that asks.
        examples: With gold.
        answers: Those that are there, by example id.
        corpus: Where the examples come from.
        task: The task that made them.
        label_map: Applied to predictions.
        known: Findings of before.
    """

    def questions(metric: Metric, case: Case) -> list[Any]:
        return questions_of(metric, case, corpus, label_map)

    def read(several: Sequence[Example], sentences: int) -> Cases:
        given = {example.id: answers.get(example.id) or stand_in(example, sentences) for example in several}
        return read_answers(several, given, corpus, task, label_map).cases

    open_ones = [example for example in examples if example.id not in answers]
    found = []
    put: dict[str, set[str]] = {}
    for name, inquiry in inquire(metrics, judges, read(examples, 1), questions, known).items():
        before = put.setdefault(inquiry.identity, set())
        own = {key for keys in inquiry.keys.values() for key in keys} - before
        before |= own
        left = list(inquiry.waiting.values())
        estimate = getattr(judges[name], "estimate", None)
        found.append(
            Outlook(
                metric=name,
                judge=judge_in_words(inquiry.signature),
                questions=len(own),
                stored=len(own) - len(left),
                words=sum(len(text.split()) for one in left for text in one.values() if isinstance(text, str)),
                cost=float(estimate(left) or 0.0) if estimate else 0.0,
                unsure=_unsure(metrics[name], open_ones, read, questions),
            )
        )
    return found


def _unsure(
    metric: Metric,
    open_ones: Collection[Example],
    read: Callable[[Sequence[Example], int], Cases],
    questions: Callable[[Metric, Case], list[Any]],
) -> str:
    """What the number of a metric's questions rests on, where some examples have no answer yet."""
    if not open_ones:
        return ""
    if not all(isinstance(example.input, SummaryInput) for example in open_ones):
        return "of what is answered"
    for example in open_ones:
        short, long = (len(questions(metric, read([example], sentences)[0])) for sentences in (1, 2))
        if short != long:
            return "with one sentence a summary"
    return "at most"


def stand_in(example: Example, sentences: int) -> Answer:
    """An answer to an example that has none: a summary as long as it may be, and like no other; else none.

    Args:
        example: The example.
        sentences: Of the summary, one a line.
    """
    asked = example.input
    if not isinstance(asked, SummaryInput):
        return Answer(bin="missing")
    words = len(asked.text.split())
    most = words if asked.max_words is None else min(words, asked.max_words)
    name = sha256(example.id)[:8]
    each = " ".join(["word"] * max(1, most // sentences))
    return Answer(text="\n".join(f"{name}{number} {each}" for number in range(sentences)))
