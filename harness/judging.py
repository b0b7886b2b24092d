"""Metrics' questions are put to their judges, once: what was found before is used again, and stored with the run."""

import json
import re
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import build
from harness.engine.base import Stopped
from harness.errors import ConfigError, ResourceError, RunError, RunFailedError
from harness.files import canonical_json, sha256
from harness.findings import Asked
from harness.judge.base import Finding, Judge, Question
from harness.measurement import Judging
from harness.metric.base import Metric
from harness.scoring import Case, Judgement
from harness.source import code_sha256

# Questions between two looks at the signal to stop.
_BATCH = 256
# Judges that somebody in this process still holds, with what they were when they were built.
_built: list[tuple[weakref.ref[Judge], str]] = []
# Those of the plan that was made last: in a worker of a sweep nobody else holds them from one job to the next.
_last: list[Judge] = []


def judges_of(metrics: Mapping[str, Metric]) -> dict[str, Judge]:
    """The judges that metrics name, ready to be asked, by metric.

    Equal judges of one process are one, whichever metrics, tasks and jobs of a sweep name them, so that its weights are
    loaded once. It is let go when no plan wants it any more, but for those of the last plan.

    Raises:
        ConfigError: No such kind, wrong parameters, or a judge that answers other questions than the metric asks.
        ResourceError: Weights or packages of a judge are not on this machine.
    """
    found: dict[str, Judge] = {}
    for name, metric in metrics.items():
        parameters = getattr(metric, "judge", None)
        if parameters is None:
            continue
        place = f"metric.{name}.judge"
        judge: Judge = build("judge", parameters, place)
        asks: tuple[str, ...] = getattr(metric, "asks")  # noqa: B009 - not every metric has it
        if judge.asks != asks:
            raise ConfigError(
                f"{place}: kind {parameters['kind']!r} answers questions of {', '.join(judge.asks)}; this metric asks "
                f"{', '.join(asks)}"
            )
        with _placed(place, judge):
            judge = _shared(judge)
            if hasattr(judge, "check"):
                judge.check()
        found[name] = judge
    if found:
        _last[:] = found.values()
    return found


def _shared(judge: Judge) -> Judge:
    """The equal judge of this process, if there is one with the same weights, else this one."""
    # Finds out now whether the weights are on this machine.
    signature = sha256(judge.signature())
    held = [(reference, of, one) for reference, of in _built if (one := reference()) is not None]
    _built[:] = [(reference, of) for reference, of, _ in held]
    for _, of, one in held:
        if of == signature and one == judge:
            return one
    _built.append((weakref.ref(judge), signature))
    return judge


def load_judges(judges: Mapping[str, Judge]) -> None:
    """Loads the judges' weights now, rather than at the first question.

    Raises:
        ResourceError: They cannot be used.
    """
    seen: list[Judge] = []
    for name, judge in judges.items():
        if hasattr(judge, "load") and not any(judge is one for one in seen):
            with _placed(f"metric.{name}.judge", judge):
                judge.load()
        seen.append(judge)


@contextmanager
def _placed(place: str, judge: Judge) -> Iterator[None]:
    """Messages name the judge's place, and its keys rather than those of a model that answers the task."""
    try:
        yield
    except (ConfigError, ResourceError, RunFailedError) as fault:
        keys = f"{place}.model." if hasattr(judge, "model") else f"{place}."
        message = re.sub(r"(?<![.\w])model\.((nli|similarity|stance)\.|(?=path\b))", lambda _: keys, str(fault))
        raise type(fault)(message if message.startswith(place) else f"{place}: {message}") from fault


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a metric wants to know of its judge.

    Args:
        identity: Hash of the judge's signature and code.
        signature: The judge's signature.
        keys: By example id, the content addresses of the questions.
        found: Findings by address; metrics that ask the same judge share them.
        waiting: By address, the questions without a finding; none that a metric before this one puts to the same judge.
    """

    identity: str
    signature: Mapping[str, Any]
    keys: Mapping[str, tuple[str, ...]]
    found: dict[str, Finding]
    waiting: Mapping[str, Question]


def inquire(
    metrics: Mapping[str, Metric],
    judges: Mapping[str, Judge],
    cases: Sequence[Case],
    questions: Callable[[Metric, Case], list[Any]],
    known: Sequence[Asked] = (),
) -> dict[str, Inquiry]:
    """What every metric has to ask its judge; equal questions are one. Asks nothing, loads nothing.

    Args:
        metrics: By name.
        judges: By the name of the metric that asks.
        cases: Examples and answers.
        questions: What a metric asks about a case.
        known: Findings of before; those of the same judge and question are used again, unless they say that it failed.
    """
    inquiries: dict[str, Inquiry] = {}
    for name, judge in judges.items():
        signature = {**judge.signature(), "code": code_sha256(type(judge).__module__)}
        identity = sha256(signature)
        before = [one for one in inquiries.values() if one.identity == identity]
        found = (
            before[0].found
            if before
            else {one.key: one.finding for one in known if one.judge == identity and not _failed(one.finding)}
        )
        keys: dict[str, tuple[str, ...]] = {}
        waiting: dict[str, Question] = {}
        for case in cases:
            asked = questions(metrics[name], case)
            keys[case.example.id] = tuple(sha256([identity, one]) for one in asked)
            waiting.update(zip(keys[case.example.id], asked, strict=True))
        known_soon = {*found, *(key for one in before for key in one.waiting)}
        left = {key: one for key, one in waiting.items() if key not in known_soon}
        inquiries[name] = Inquiry(identity, signature, keys, found, left)
    return inquiries


def judge_cases(
    metrics: Mapping[str, Metric],
    judges: Mapping[str, Judge],
    cases: Sequence[Case],
    questions: Callable[[Metric, Case], list[Any]],
    *,
    known: Sequence[Asked] = (),
    loaded: bool = False,
    keep: Callable[[Sequence[Asked]], None] = lambda _: None,
    measure: Callable[[Judging], None] = lambda _: None,
    stop: Callable[[], int | None] = lambda: None,
) -> dict[str, Judgement]:
    """Asks every judge what its metric wants to know about every example; what is known is not asked for again.

    A judge that has nothing to be asked is not loaded.

    Args:
        metrics: As for `inquire`, like the three that follow.
        judges: By the name of the metric that asks.
        cases: Examples and answers.
        questions: What a metric asks about a case.
        known: Findings of before.
        loaded: Whether the judges were loaded already.
        keep: Told of every batch of new findings (of no example: equal questions of several are one).
        measure: Told what each batch of new findings took, before `keep`.
        stop: The signal that asks the run to stop, or None.

    Raises:
        Stopped: A signal came; what was found so far has gone to `keep`.
        RunFailedError: A judge answered more or fewer questions than it was asked.
    """
    inquiries = inquire(metrics, judges, cases, questions, known)
    if not loaded:
        load_judges({name: judges[name] for name, one in inquiries.items() if one.waiting})
    judged = {}
    for name, inquiry in inquiries.items():
        with _placed(f"metric.{name}.judge", judges[name]):
            _ask(name, judges[name], inquiry, keep, measure, stop)
        judged[name] = Judgement(
            identity=inquiry.identity,
            signature=inquiry.signature,
            keys=inquiry.keys,
            findings={example: tuple(inquiry.found[key] for key in keys) for example, keys in inquiry.keys.items()},
        )
    return judged


def _ask(
    name: str,
    judge: Judge,
    inquiry: Inquiry,
    keep: Callable[[Sequence[Asked]], None],
    measure: Callable[[Judging], None],
    stop: Callable[[], int | None],
) -> None:
    order = list(inquiry.waiting)
    left = len(order)
    meter = _Meter(name, inquiry.identity, judge)
    with closing(_answered(name, judge, list(inquiry.waiting.values()))) as batches:
        while left > 0:
            if (number := stop()) is not None:
                raise Stopped(number)
            # As it will be read back, so that scoring again gives the same bytes.
            batch = [(order[place], json.loads(canonical_json(finding))) for place, finding in next(batches)]
            if batch:
                measure(meter.read(len(batch)))
            keep([Asked(name, inquiry.identity, "", key, finding) for key, finding in batch])
            inquiry.found.update(batch)
            left -= len(batch)


class _Meter:
    """Reads what a judge took since it was last looked at; judges of several metrics count on."""

    def __init__(self, metric: str, identity: str, judge: Judge) -> None:
        self._metric, self._identity, self._judge = metric, identity, judge
        self._began, self._before = time.monotonic(), self._spent()

    def read(self, asked: int) -> Judging:
        now, spent = time.monotonic(), self._spent()
        began, before = self._began, self._before
        self._began, self._before = now, spent
        usage, cost = spent.get("usage"), spent.get("cost")
        return Judging(
            metric=self._metric,
            judge=self._identity,
            asked=asked,
            seconds=now - began,
            usage=None if usage is None else {name: count - before["usage"][name] for name, count in usage.items()},
            cost=None if cost is None else cost - before["cost"],
            answered_by=tuple(spent.get("answered_by") or ()),
        )

    def _spent(self) -> dict[str, Any]:
        found: dict[str, Any] = self._judge.spent() if hasattr(self._judge, "spent") else {}
        return found


def _answered(
    name: str, judge: Judge, questions: Sequence[Any]
) -> Generator[Sequence[tuple[int, Finding]], None, None]:
    """Findings with their questions' places, batch by batch, until every question has one."""
    answered = 0
    if hasattr(judge, "stream"):
        for batch in judge.stream(questions):
            answered += len(batch)
            yield batch
    else:
        for first in range(0, len(questions), _BATCH):
            asked = questions[first : first + _BATCH]
            findings = judge.judge(asked)
            answered = first + len(findings)
            if len(findings) != len(asked):
                break
            yield list(enumerate(findings, first))
    if answered != len(questions):
        raise RunFailedError(f"metric.{name}.judge: {len(questions)} questions were asked, {answered} answered")


def _failed(finding: Finding) -> bool:
    return isinstance(finding, Mapping) and finding.get("bin") == "failed"


def judge_in_words(signature: Mapping[str, Any]) -> str:
    """A judge's kind or its model's, what it is called, and where it is asked.

    Example:
        >>> judge_in_words({"kind": "llm", "model": {"kind": "hf_causal", "path": "FOLDER"}})
        'hf_causal FOLDER'
        >>> judge_in_words({"kind": "hf_nli", "path": "FOLDER"})
        'hf_nli FOLDER'
    """
    inner = signature.get("model")
    of = inner if isinstance(inner, Mapping) else signature
    named = [of.get("kind"), of.get("served_model") or of.get("path")]
    said = " ".join(str(one) for one in named if one)
    return f"{said} at {of['base_url']}" if of.get("base_url") else said


def judged_before(
    metrics: Mapping[str, Metric],
    cases: Sequence[Case],
    questions: Callable[[Metric, Case], list[Any]],
    known: Sequence[Asked],
    signatures: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> dict[str, Judgement]:
    """The stored findings of every metric that has a judge; no judge is built, none is asked.

    Args:
        metrics: By name.
        cases: Examples and answers.
        questions: What a metric asks about a case.
        known: The run's findings.
        signatures: The judges' signatures as the run's scores have them.
        folder: The run folder, for messages.

    Raises:
        RunError: A metric asks what no stored finding answers.
    """
    judged = {}
    for name, metric in metrics.items():
        if getattr(metric, "judge", None) is None:
            continue
        own = [one for one in known if one.metric == name]
        signature = signatures.get(name, {})
        # Where nothing was asked no row says which judge it was.
        identity = own[0].judge if own else sha256(signature)
        found = {one.key: one.finding for one in own}
        asked = {case.example.id: questions(metric, case) for case in cases}
        keys = {example: tuple(sha256([identity, one]) for one in several) for example, several in asked.items()}
        missing = [example for example, several in keys.items() if any(key not in found for key in several)]
        if missing:
            raise RunError(
                f"{folder}: metric {name!r} asks its judge about {len(missing)} examples that it has not judged (first "
                f"{missing[0]!r}), and scoring loads no model; give the run's command again, its answers are kept"
            )
        judged[name] = Judgement(
            identity=identity,
            signature=signature,
            keys=keys,
            findings={example: tuple(found[key] for key in several) for example, several in keys.items()},
        )
    return judged
