"""Gold beside predictions in the terminal, from a stored run; no model is loaded."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.counts import all_rows
from harness.errors import RunError, UsageError
from harness.metric.spans import match
from harness.records import Answer, Entity, Example, References, Stance, StanceInput, Summary
from harness.report.terminal import width, wrapped
from harness.report.text import visible
from harness.run_folder import stored_counts
from harness.scoring import unseen_gold
from harness.task.base import Reading

if TYPE_CHECKING:
    from rich.text import Text

    from harness.rescore import Reopened

# Each sign says by itself what its colour says.
SIGNS = {
    "C": ("correct", "green"),
    "M": ("missed", "red"),
    "S": ("spurious", "magenta"),
    "B": ("wrong boundary", "yellow"),
    "L": ("wrong label", "cyan"),
    "X": ("wrong boundary and label", "bright_red"),
    "W": ("wrong", "red"),
    "N": ("no answer", "magenta"),
}
_OF_TASK = {"ner": "CMSBLX", "stance": "CWN", "summarization": ""}


@dataclass(frozen=True)
class Mark:
    """A gold or predicted span, or a pair of them, and how they agree.

    Args:
        sign: A key of `SIGNS`.
        gold: None for a spurious prediction.
        predicted: None for a missed entity.
    """

    sign: str
    gold: Entity | None
    predicted: Entity | None

    @property
    def span(self) -> Entity:
        """Where the text is marked: at the gold, or at a prediction that answers none."""
        found = self.gold or self.predicted
        if found is None:
            raise ValueError("a mark needs a gold or a predicted entity")
        return found


def show(opened: "Reopened", *, model: str, doc: str | None = None, errors: bool = False) -> "Iterator[Text | str]":
    """The lines of a run.

    Args:
        opened: The run with its gold.
        model: What the run is called: its model's name, unless that leaves it open which run it is.
        doc: Only this document.
        errors: Only what is not as the gold has it.

    Raises:
        RunError: The gold is not what the run was scored on.
        UsageError: No such document in this run; names the nearest.
    """
    data = opened.run.scores["data"]
    if opened.corpus.gold_sha256(opened.task.name) != data["gold_sha256"]:
        raise RunError(
            f"{opened.run.folder}: the gold changed since this run (it has other records than the scores were made "
            "from); give the run's command again, or for the same answers "
            f"`python -m harness score {opened.run.folder}`"
        )
    docs = list(dict.fromkeys(example.doc for example in opened.examples))
    if doc is not None and doc not in docs:
        near = difflib.get_close_matches(doc, docs, n=1, cutoff=0.3)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"--doc {doc}: not among the {len(docs)} documents of {opened.run.folder}{hint}")
    return _lines(opened, model, [doc] if doc is not None else docs, errors)


def _lines(opened: "Reopened", model: str, docs: Sequence[str], errors: bool) -> "Iterator[Text | str]":
    from rich.text import Text

    task = opened.task.name
    yield Text(visible(f"{opened.run.scores['data']['name']} · {task} · {model}"), "bold")
    legend = Text("")
    for sign in _OF_TASK[task]:
        legend.append(sign, SIGNS[sign][1]).append(f" {SIGNS[sign][0]}   ")
    if legend:
        yield from _folded(legend, 0)
    scores = _document_scores(opened) if task == "summarization" else {}
    shown = 0
    for doc in docs:
        examples = [example for example in opened.examples if example.doc == doc]
        lines: list[Text | str] = []
        if task == "ner":
            for example in examples:
                lines += _entities(example, opened, errors)
        elif task == "stance":
            lines += _stances(examples, opened, errors)
        else:
            for example in examples:
                lines += _summary(example, opened, errors, scores.get(example.id, ""))
        if lines:
            shown += 1
            yield ""
            yield Text(f"━━ {visible(doc)}", "bold")
            yield from lines
    if not shown:
        yield "nothing differs from the gold" if errors else "no examples"


def _read(example: Example, opened: "Reopened") -> tuple[Answer, Reading]:
    answer = opened.answers.get(example.id, Answer(bin="missing"))
    return answer, opened.task.read(example, answer, opened.corpus, opened.label_map)


def answer_state(answer: Answer, reading: Reading) -> str | None:
    """What is to be said of an answer that is not simply scored."""
    cut = ["cut at the model's output limit"] if answer.output_truncated else []
    if reading.unparsed:
        return "; ".join([f"unparsed: label {visible(answer.label)} is outside the scheme", *cut])
    if answer.bin != "scored":
        return "; ".join([f"{answer.bin}: {visible(answer.reason or 'no reason was given')}", *cut])
    lost = [
        f"{count} predicted spans {what}"
        for count, what in (
            (reading.unmapped, "outside the scheme"),
            (reading.misaligned, "that fit no text"),
            (answer.ungrounded, "not found in the text"),
        )
        if count
    ]
    if answer.tokens_cut:
        lost.append(f"{answer.tokens_cut} tokens of the input were cut off")
    return "; ".join([*lost, *cut]) or None


def _how_read(example: Example, answer: Answer) -> list[str]:
    """How a long input was read, and which gold stands where the model did not look."""
    said = [f"read in {answer.windows} parts"] if answer.windows > 1 else []
    if unseen := len(unseen_gold(example, answer)):
        said.append(f"{unseen} gold {'entity stands' if unseen == 1 else 'entities stand'} in text that was cut off")
    return ["; ".join(said)] if said else []


# ---- entities -------------------------------------------------------------------------------------------------------


def marks(gold: Iterable[Entity], predicted: Iterable[Entity]) -> list[Mark]:
    """Each gold and each predicted entity once, paired as `entity_overlap` pairs them, in text order."""
    matching = match(tuple(gold), tuple(predicted))
    found = [Mark(_sign(pair.gold, pair.predicted), pair.gold, pair.predicted) for pair in matching.pairs]
    found += [Mark("M", entity, None) for entity in matching.missed]
    found += [Mark("S", None, entity) for entity in matching.spurious]
    return sorted(found, key=lambda mark: (mark.span, mark.sign))


def _sign(gold: Entity, predicted: Entity) -> str:
    same_span = gold.stretches == predicted.stretches
    if gold.label == predicted.label:
        return "C" if same_span else "B"
    return "L" if same_span else "X"


def _entities(example: Example, opened: "Reopened", errors: bool) -> "list[Text | str]":
    answer, reading = _read(example, opened)
    gold = example.gold if isinstance(example.gold, tuple) else ()
    predicted = reading.predicted if isinstance(reading.predicted, tuple) else ()
    found = marks(gold, predicted)
    state = answer_state(answer, reading)
    wrong = [mark for mark in found if mark.sign != "C"]
    if errors and not wrong and not state:
        return []
    text = opened.corpus.documents[example.doc].text
    name = visible(example.id.removeprefix(example.doc).lstrip("/") or "text")
    lines: list[Text | str] = [f"  {name} ({visible(example.fields.get('zone', 'body'))})"]
    lines += _folded(_marked_text(text, example, found), 4)
    lines += [line for mark in wrong for line in _folded(_detail(mark, text), 6)]
    return [*lines, *(f"      {line}" for line in ([state] if state else []) + _how_read(example, answer))]


def _marked_text(text: str, example: Example, found: Sequence[Mark]) -> "Text":
    """The example's text with `[Russia C:GPE]` around each entity; where spans cross, so do the brackets."""
    from rich.text import Text

    stop = example.start + len(getattr(example.input, "text", ""))
    # An entity belongs to the example it begins in, and may end beyond it.
    stop = max([stop, *(mark.span.end for mark in found)])
    begins: dict[int, list[Mark]] = {}
    ends: dict[int, list[Mark]] = {}
    for mark in sorted(found, key=lambda mark: (mark.span.start, -mark.span.end)):
        begins.setdefault(mark.span.start, []).append(mark)
        ends.setdefault(mark.span.end, []).insert(0, mark)
    line = Text()
    open_marks: list[Mark] = []
    cuts = sorted({example.start, stop, *begins, *ends})
    for start, end in zip(cuts, [*cuts[1:], stop], strict=True):
        for mark in ends.get(start, ()):
            line.append(f" {mark.sign}:{_labels(mark)}]", SIGNS[mark.sign][1])
            open_marks.remove(mark)
        for mark in begins.get(start, ()):
            line.append("[", SIGNS[mark.sign][1])
            open_marks.append(mark)
        line.append(visible(text[start:end]), SIGNS[open_marks[-1].sign][1] if open_marks else "")
    return line


def _labels(mark: Mark) -> str:
    if mark.gold and mark.predicted and mark.gold.label != mark.predicted.label:
        return f"{visible(mark.gold.label)}≠{visible(mark.predicted.label)}"
    return visible(mark.span.label)


def _detail(mark: Mark, text: str) -> "Text":
    from rich.text import Text

    line = Text(mark.sign, SIGNS[mark.sign][1]).append(" ")
    parts = [
        f"{side} {visible(entity.label)} '{visible(text[entity.start : entity.end])}' {entity.start}-{entity.end}"
        for side, entity in (("gold", mark.gold), ("predicted", mark.predicted))
        if entity is not None
    ]
    return line.append(", ".join(parts))


# ---- stance ---------------------------------------------------------------------------------------------------------


def _stances(examples: Sequence[Example], opened: "Reopened", errors: bool) -> "list[Text | str]":
    from rich.text import Text

    lines: list[Text | str] = []
    before: object = object()
    for example in examples:
        asked = example.input
        if not isinstance(asked, StanceInput) or not isinstance(example.gold, Stance):
            continue
        answer, reading = _read(example, opened)
        predicted = reading.predicted.label if isinstance(reading.predicted, Stance) else None
        sign = "N" if predicted is None else "C" if predicted == example.gold.label else "W"
        state = answer_state(answer, reading)
        if errors and sign == "C":
            continue
        if asked.sentence != before:
            before = asked.sentence
            lines += [f"  {visible(asked.sentence or 'whole document')}", *_folded(Text(visible(asked.text)), 4)]
        given = f"predicted {visible(predicted)}" if predicted is not None else (state or "no answer")
        if predicted is not None and answer.scores:
            given += f" ({answer.scores.get(predicted, 0.0):.2f})"
        judged = Text(sign, SIGNS[sign][1]).append(f" gold {visible(example.gold.label)}, ")
        judged.append(given, SIGNS[sign][1]).append(f"  {visible(asked.target.text)}", "dim")
        lines += _folded(judged, 6)
    return lines


# ---- summaries ------------------------------------------------------------------------------------------------------


def _summary(example: Example, opened: "Reopened", errors: bool, scores: str) -> "list[Text | str]":
    from rich.text import Text

    gold = example.gold
    if not isinstance(gold, References):
        return []
    answer, reading = _read(example, opened)
    summary = reading.predicted if isinstance(reading.predicted, Summary) else None
    problems = [state] if (state := answer_state(answer, reading)) else []
    words = len(summary.text.split()) if summary else 0
    if summary is not None and gold.style != "extract":
        if not words:
            problems.append("empty")
        elif gold.max_words is not None and words > gold.max_words:
            problems.append(f"{words} words, at most {gold.max_words} were asked for")
        elif words < (gold.min_words or 0):
            problems.append(f"{words} words, at least {gold.min_words} were asked for")
    if errors and not problems:
        return []
    lines: list[Text | str] = [Text(f"  style {visible(gold.style)}", "bold")]
    for text in gold.texts:
        lines += _labelled("gold", "green", text)
    for extract in gold.extracts:
        lines += _labelled("gold", "green", " ".join(extract))
    if summary is not None:
        chosen = " ".join(summary.sentences or ())
        lines += _labelled("predicted", "cyan", chosen if gold.style == "extract" else summary.text)
    lines += [Text(f"    {problem}", "red") for problem in problems]
    lines += [f"    {line}" for line in _how_read(example, answer)]
    return [*lines, *(f"    {line}" for line in wrapped(scores, width() - 4))] if scores else lines


def _labelled(name: str, style: str, text: str) -> "list[Text | str]":
    from rich.text import Text

    # A summary's own line breaks are its sentences, so they stay.
    lines = [line for part in text.split("\n") for line in _folded(Text(visible(part)), 14)]
    head = Text(f"    {name:10}", style)
    return [head + Text(str(line)[14:]) if number == 0 else line for number, line in enumerate(lines)]


def _document_scores(opened: "Reopened") -> dict[str, str]:
    """Scores of each example by itself, from its stored counts."""
    found: dict[str, list[str]] = {}
    for row in all_rows(stored_counts(opened.run.folder).values()):
        metric = opened.metrics.get(row.metric)
        if metric is None or not row.state:
            continue
        for key, value in sorted(metric.compute(row.state).items()):
            fraction = key.metric.endswith(".f1")
            if key.slice == "all" and value == value and (fraction or key.metric == "length.words"):
                shown = f"{float(value) * 100:.1f}" if fraction else f"{float(value):g}"
                found.setdefault(row.example, []).append(f"{visible(key.metric)} {shown}")
    return {example: f"scores × 100: {', '.join(scores)}" for example, scores in found.items()}


def _folded(text: "Text", indent: int) -> "list[Text | str]":
    from rich.console import Console
    from rich.text import Text

    console = Console(width=width(), markup=False, emoji=False, highlight=False)
    lines = text.wrap(console, max(20, width() - indent), tab_size=1)
    for line in lines:
        line.rstrip()
    return [Text(" " * indent).append_text(line) for line in lines]
