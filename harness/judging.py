"""Metrics' questions are put to their judges, once: what was found before is used again, and stored with the run."""

import json
import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.config import build
from harness.engine.base import Stopped
from harness.errors import ConfigError, ResourceError, RunError, RunFailedError
from harness.files import atomic_writer, canonical_json, sha256
from harness.judge.base import Finding, Judge
from harness.metric.base import Metric
from harness.scoring import Case, Judgement
from harness.source import code_sha256
from harness.tables import table

NAME = "judged.parquet"
JOURNAL = "judged.journal.jsonl"
# Questions between two looks at the signal to stop.
_BATCH = 256
_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("judge", pa.string()),
        ("example", pa.string()),
        ("key", pa.string()),
        ("finding", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One stored finding: of which metric's judge, about which example, to which question."""

    metric: str
    judge: str
    example: str
    key: str
    finding: Finding


def judges_of(metrics: Mapping[str, Metric]) -> dict[str, Judge]:
    """The judges that metrics name, ready to be asked, by metric.

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
            judge.signature()  # finds out now whether the weights are on this machine
            if hasattr(judge, "check"):
                judge.check()
        found[name] = judge
    return found


def load_judges(judges: Mapping[str, Judge]) -> None:
    """Loads the judges' weights now, rather than at the first question.

    Raises:
        ResourceError: They cannot be used.
    """
    for name, judge in judges.items():
        if hasattr(judge, "load"):
            with _placed(f"metric.{name}.judge", judge):
                judge.load()


@contextmanager
def _placed(place: str, judge: Judge) -> Iterator[None]:
    """Messages name the judge's place, and its keys rather than those of a model that answers the task."""
    try:
        yield
    except (ConfigError, ResourceError) as fault:
        keys = f"{place}.model." if hasattr(judge, "model") else f"{place}."
        message = re.sub(r"(?<![.\w])model\.((nli|similarity|stance)\.|(?=path\b))", lambda _: keys, str(fault))
        raise type(fault)(message if message.startswith(place) else f"{place}: {message}") from fault


def judge_cases(
    metrics: Mapping[str, Metric],
    judges: Mapping[str, Judge],
    cases: Sequence[Case],
    questions: Callable[[Metric, Case], list[Any]],
    *,
    known: Sequence[Asked] = (),
    keep: Callable[[Sequence[Asked]], None] = lambda _: None,
    stop: Callable[[], int | None] = lambda: None,
) -> dict[str, Judgement]:
    """Asks every judge what its metric wants to know about every example; equal questions are asked once.

    Args:
        metrics: By name.
        judges: By the name of the metric that asks.
        cases: Examples and answers.
        questions: What a metric asks about a case.
        known: Findings of before; those of the same judge and question are used again, unless they say that it failed.
        keep: Told of every batch of new findings (of no example: equal questions of several are one).
        stop: The signal that asks the run to stop, or None.

    Raises:
        Stopped: A signal came; what was found so far has gone to `keep`.
        RunFailedError: A judge answered more or fewer questions than it was asked.
    """
    judged = {}
    by_judge: dict[str, dict[str, Finding]] = {}
    for name, judge in judges.items():
        signature = {**judge.signature(), "code": code_sha256(type(judge).__module__)}
        identity = sha256(signature)
        kept = {one.key: one.finding for one in known if one.judge == identity and not _failed(one.finding)}
        found = by_judge.setdefault(identity, kept)
        asked = {case.example.id: questions(metrics[name], case) for case in cases}
        keys = {example: [sha256([identity, one]) for one in several] for example, several in asked.items()}
        waiting = {
            key: one
            for example, several in asked.items()
            for key, one in zip(keys[example], several, strict=True)
            if key not in found
        }
        order = list(waiting)
        left = len(order)
        with closing(_answered(name, judge, list(waiting.values()))) as batches:
            while left > 0:
                if (number := stop()) is not None:
                    raise Stopped(number)
                # As it will be read back, so that scoring again gives the same bytes.
                batch = [(order[place], json.loads(canonical_json(finding))) for place, finding in next(batches)]
                keep([Asked(name, identity, "", key, finding) for key, finding in batch])
                found.update(batch)
                left -= len(batch)
        judged[name] = Judgement(
            identity=identity,
            signature=signature,
            keys={example: tuple(several) for example, several in keys.items()},
            findings={example: tuple(found[key] for key in several) for example, several in keys.items()},
        )
    return judged


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


class FindingJournal:
    """Findings of a run that is not complete, one JSON line each; what is committed here is not asked for again.

    Args:
        folder: The run folder; its lock must be held.
        fresh: Whether findings from before `fresh=true` are thrown away. Those of a journal that `fresh=true` itself
            began and that was cut off are kept, so that the same command resumes.
    """

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self._path = folder / JOURNAL
        self._fresh = fresh
        self.findings: list[Asked] = []
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        begun_fresh, whole = False, 0
        with suppress(ValueError, TypeError, KeyError):
            for line in lines:
                entry: Any = json.loads(line) if line.endswith(b"\n") else None  # the last one may be cut off
                if whole:
                    self.findings.append(Asked(**entry))
                else:
                    begun_fresh = bool(entry["fresh"])
                whole += len(line)
        if fresh and not begun_fresh:
            self.findings, whole = [], 0
        if not whole:
            remove_finding_journal(folder)
        elif whole < sum(map(len, lines)):
            os.truncate(self._path, whole)

    def commit(self, findings: Sequence[Asked]) -> None:
        """Appends a batch."""
        begun = self._path.exists()
        with self._path.open("a", encoding="utf-8") as stream:
            if not begun:
                stream.write(canonical_json({"fresh": self._fresh}) + "\n")
            stream.writelines(canonical_json(asdict(one)) + "\n" for one in findings)


def remove_finding_journal(folder: Path) -> None:
    """Removes it; called once the results are complete."""
    (folder / JOURNAL).unlink(missing_ok=True)


def write_judged(folder: Path, judged: Mapping[str, Judgement]) -> None:
    """`judged.parquet`: one row per question; no file where no metric has a judge."""
    path = folder / NAME
    if not judged:
        path.unlink(missing_ok=True)
        return
    rows = [
        {"metric": name, "judge": one.identity, "example": example, "key": key, "finding": canonical_json(finding)}
        for name, one in sorted(judged.items())
        for example, keys in one.keys.items()
        for key, finding in zip(keys, one.findings[example], strict=True)
    ]
    with atomic_writer(path) as stream:
        pq.write_table(table(rows, _SCHEMA), stream, compression="zstd")


def read_judged(folder: Path) -> list[Asked]:
    """The stored findings; none where there is no file, or none that can be read."""
    with suppress(OSError, pa.ArrowException, TypeError, KeyError, ValueError):
        rows = pq.read_table(folder / NAME, schema=_SCHEMA).to_pylist()
        return [
            Asked(row["metric"], row["judge"], row["example"], row["key"], json.loads(row["finding"])) for row in rows
        ]
    return []
