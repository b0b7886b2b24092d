"""The documents of stored runs for the HTML report: gold and answers as data that the page lays out.

No model is loaded and no score is made again: the classes and marks are those that the metrics themselves use.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from harness.comparison.lines import run_labels
from harness.errors import HarnessError
from harness.metric.fact_recall import FactRecall
from harness.metric.fragments import Fragments
from harness.metric.invented import Invented
from harness.metric.stance_sides import StanceSides
from harness.records import TASKS, Example
from harness.report.html import entities_view, stance_view, summary_view
from harness.report.html.numbering import Numbering
from harness.report.html.shown_document import Codes, Kind, Part, Shown, given_of
from harness.report.text import visible
from harness.rescore import Reopened, reopen
from harness.run_folder import StoredRun

# Bytes of data in the report itself; above, the documents move to pages beside it and their index stays.
LIMIT = 10_000_000
# Bytes of the index, which is in the report whatever it holds; documents beyond are not shown.
INDEX = 8_000_000
# Bytes of a page, which is loaded when one of its documents is shown.
PAGE = 2_000_000
_KINDS = {"ner": entities_view.KINDS, "stance": stance_view.KINDS, "summarization": summary_view.KINDS}
_TITLES = {"ner": "entities", "stance": "stance", "summarization": "summaries"}

Rule = TypeVar("Rule", Fragments, Invented, FactRecall, StanceSides)


@dataclass(frozen=True)
class DocumentsView:
    """What the page needs to show documents.

    Args:
        data: JSON values for `<script type="application/json" id="documents-data">`.
        pages: Files that belong beside the report, by name; empty where everything fits.
        left_out: Runs whose documents cannot be shown, and why.
        shortened: Corpora with more documents than an index may hold: name, documents shown, documents.
    """

    data: dict[str, Any]
    pages: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[tuple[str, str]] = ()
    shortened: Sequence[tuple[str, int, int]] = ()

    @property
    def any(self) -> bool:
        """Whether there is a document to show."""
        return bool(self.data["groups"])


@dataclass
class _Group:
    """Runs of one task over the same documents and gold, and so with one table of labels."""

    corpus: int
    title: str
    runs: list[Reopened]
    names: list[str]
    labels: Numbering[str] = field(default_factory=Numbering)
    more: dict[str, Any] = field(default_factory=dict)
    docs: list[int] = field(default_factory=list)
    index: list[list[list[int] | None]] = field(default_factory=list)


def documents_view(runs: Sequence[StoredRun], *, text: bool) -> DocumentsView:
    """The documents that runs answered, with their gold.

    Args:
        runs: The runs of the report.
        text: Whether texts may be given; else ids, offsets, labels and classes alone.
    """
    opened, left_out = _opened(runs, text)
    groups, corpora = _groups(opened)
    bodies: list[dict[str, list[Any]]] = []
    ids: list[list[str]] = []
    shortened: list[tuple[str, int, int]] = []
    for corpus, (name, members) in enumerate(corpora):
        own = [group for group in groups if group.corpus == corpus]
        found, whole = _documents(own, members, text, INDEX // len(corpora))
        bodies.append(found)
        ids.append(list(found))
        if len(found) < whole:
            shortened.append((visible(name), len(found), whole))
    data: dict[str, Any] = {
        "text": text,
        "corpora": [{"name": name, "ids": listed} for (name, _), listed in zip(corpora, ids, strict=True)],
        "groups": [_described(group) for group in groups],
    }
    content = [list(found.values()) for found in bodies]
    pages: dict[str, str] = {}
    if _size(data) + sum(map(_size, content)) <= LIMIT:
        data["bodies"] = content
    else:
        data["pages"] = []
        for corpus, own_bodies in enumerate(content):
            places, written = _paged(corpus, own_bodies)
            data["pages"].append(places)
            pages |= written
    return DocumentsView(data, pages, left_out, shortened)


# ---- runs -----------------------------------------------------------------------------------------------------------


def _opened(runs: Sequence[StoredRun], text: bool) -> tuple[list[tuple[str, Reopened]], list[tuple[str, str]]]:
    """The runs that can be shown beside their gold, by label, and the others with the reason."""
    opened: list[tuple[str, Reopened]] = []
    left_out: list[tuple[str, str]] = []
    for run, label in zip(runs, run_labels(runs), strict=True):
        named = f"{run.scores['data']['name']} {run.scores['task']} {label}"
        try:
            found = reopen(run.folder)
        except HarnessError as error:
            # A fault in gold quotes it.
            reason = str(error) if text else "its gold or its documents cannot be read"
            left_out.append((visible(named), visible(reason)))
            continue
        if found.corpus.gold_sha256(found.task.name) != run.scores["data"]["gold_sha256"]:
            again = f"python -m harness score {visible(run.folder)}"
            why = f"the gold changed since this run; `{again}` scores the same answers on it"
            left_out.append((visible(named), why))
            continue
        opened.append((label, found))
    return opened, left_out


def _groups(opened: Sequence[tuple[str, Reopened]]) -> tuple[list[_Group], list[tuple[str, list[Reopened]]]]:
    """Runs that can be laid side by side, and the corpora that they are over."""
    corpora: dict[tuple[str, str], list[Reopened]] = {}
    found: dict[tuple[Any, ...], list[tuple[str, Reopened]]] = {}
    for label, run in opened:
        data = run.run.scores["data"]
        corpus = (str(data["name"]), str(data["documents_sha256"]))
        corpora.setdefault(corpus, []).append(run)
        label_map = run.label_map.name if run.task.name == "ner" else "none"
        key = (list(corpora).index(corpus), TASKS.index(run.task.name), data["gold_sha256"], label_map)
        found.setdefault(key, []).append((label, run))
    groups = []
    titles: dict[str, int] = {}
    for (corpus_number, task, _, label_map), members in sorted(found.items(), key=lambda item: item[0][:2]):
        title = f"{list(corpora)[corpus_number][0]} · {_TITLES[TASKS[task]]}"
        title += "" if label_map == "none" else f" · {label_map}"
        titles[title] = titles.get(title, 0) + 1
        title += f" ({titles[title]})" if titles[title] > 1 else ""
        names = [name for name, _ in members]
        # Where even the folders are named alike, links must tell the runs apart all the same.
        names = [name if names.count(name) == 1 else f"{name} #{n}" for n, name in enumerate(names, start=1)]
        groups.append(_Group(corpus_number, title, [run for _, run in members], names))
    return groups, [(name, members) for (name, _), members in corpora.items()]


def _rule(runs: Iterable[Reopened], kind: type[Rule], usual: Rule) -> Rule:
    """The metric of a kind as the first run that has it was scored by; all runs are marked by one rule."""
    metrics: Iterable[object] = (metric for run in runs for metric in run.metrics.values())
    return next((metric for metric in metrics if isinstance(metric, kind)), usual)


# ---- documents ------------------------------------------------------------------------------------------------------


def _documents(
    groups: Sequence[_Group], members: Sequence[Reopened], text: bool, room: int
) -> tuple[dict[str, list[Any]], int]:
    """Body by document id, in the order of the corpus, and how many documents there are.

    The groups' index and labels are filled on the way; where the index has used up its room, no document follows.
    """
    corpus = members[0].corpus
    shows = [_shower(group, text) for group in groups]
    examples = [[_by_document(run.examples) for run in group.runs] for group in groups]
    wanted = {doc for runs in examples for run in runs for doc in run}
    bodies: dict[str, list[Any]] = {}
    for doc in (doc for doc in corpus.documents if doc in wanted):
        if room <= 0:
            break
        room -= _size(doc)
        sentences: Numbering[tuple[str, int, int, str]] = Numbering()
        parts: list[Any] = []
        for group, show, runs in zip(groups, shows, examples, strict=True):
            first = next((run for run, own in zip(group.runs, runs, strict=True) if doc in own), None)
            if first is None:
                parts.append(0)
                continue
            part = Part(
                doc=doc,
                corpus=first.corpus,
                examples={example.id: example for own in runs for example in own.get(doc, ())},
                given=[
                    given_of(run, own[doc]) if doc in own else None for run, own in zip(group.runs, runs, strict=True)
                ],
                labels=group.labels,
                sentences=sentences,
                text=text,
            )
            shown = show(part)
            parts.append([shown.gold, shown.runs])
            group.docs.append(len(bodies))
            group.index.append(_indexed(shown))
            room -= _size(group.index[-1])
        bodies[doc] = [corpus.documents[doc].text if text else 0, [list(one) for one in sentences.values], parts]
    return bodies, len(wanted)


def _by_document(examples: Iterable[Example]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for example in examples:
        found.setdefault(example.doc, []).append(example)
    return found


def _shower(group: _Group, text: bool) -> Callable[[Part], Shown]:
    """What shows a document of the group's task."""
    task = group.runs[0].task.name
    if task == "ner":
        return entities_view.entities_of
    if task == "stance":
        for label in group.runs[0].corpus.stance_labels:
            group.labels.of(label)
        sides = _rule(group.runs, StanceSides, StanceSides())
        scheme = stance_view.StanceScheme(sides, Numbering(), Numbering())
        group.more["scheme"] = scheme
        return partial(stance_view.stances_of, scheme=scheme)
    fragments, invented = _rule(group.runs, Fragments, Fragments()), _rule(group.runs, Invented, Invented())
    facts = _rule(group.runs, FactRecall, FactRecall())
    group.more["judged"] = any(
        isinstance(metric, FactRecall) and metric.judge is not None
        for run in group.runs
        for metric in run.metrics.values()
    )
    return partial(summary_view.summaries_of, rules=summary_view.SummaryRules(fragments, invented, facts))


def _indexed(shown: Shown) -> list[list[int] | None]:
    """By run: a number that is the same where answers are, then class, gold label, predicted label, count in turn."""
    answers: Numbering[str] = Numbering()
    rows: list[list[int] | None] = []
    for run, codes in zip(shown.runs, shown.codes, strict=True):
        if codes is None:
            rows.append(None)
            continue
        rows.append([answers.of(json.dumps(run)), *_flat(codes)])
    return rows


def _flat(codes: Codes) -> Iterable[int]:
    return (number for code, count in sorted(codes.items()) if count for number in (*code, count))


def _described(group: _Group) -> dict[str, Any]:
    task = group.runs[0].task.name
    kinds: tuple[Kind, ...] = _KINDS[task]
    described: dict[str, Any] = {
        "corpus": group.corpus,
        "task": task,
        "title": group.title,
        "runs": group.names,
        "labels": group.labels.values,
        "kinds": [list(kind) for kind in kinds],
        "docs": group.docs,
        "index": group.index,
    }
    if task == "stance":
        scheme: stance_view.StanceScheme = group.more["scheme"]
        described |= {"targets": [list(one) for one in scheme.targets.values], "details": scheme.details.values}
    elif task == "summarization":
        described["judged"] = group.more["judged"]
    return described


# ---- pages ----------------------------------------------------------------------------------------------------------


def _paged(corpus: int, bodies: Sequence[Any]) -> tuple[list[list[Any]], dict[str, str]]:
    """The first document and the name of every page of a corpus, and their content by name.

    A page is a script, for a page from disk may load nothing else; it is named by its content, so that a report never
    meets another's pages.
    """
    places: list[list[Any]] = []
    pages: dict[str, str] = {}
    held: list[str] = []
    size = first = 0

    def close() -> None:
        content = f"[{','.join(held)}]"
        name = f"documents-{hashlib.sha256(f'{corpus} {first} {content}'.encode()).hexdigest()[:16]}.js"
        places.append([first, name])
        pages[name] = f"harnessDocumentsPage({json.dumps(name)},{content});\n"

    for number, body in enumerate(bodies):
        spelt = json.dumps(body, separators=(",", ":"))
        if held and size + len(spelt) > PAGE:
            close()
            held, size, first = [], 0, number
        held.append(spelt)
        size += len(spelt)
    if held:
        close()
    return places, pages


def _size(value: Any) -> int:
    """Bytes of a value in the page: `tojson` writes ASCII, and what HTML knows as escapes."""
    spelt = json.dumps(value)
    return len(spelt) + 5 * sum(map(spelt.count, "<>&'"))
