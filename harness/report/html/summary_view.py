"""Summaries of a document beside their references: what is copied, what is invented, which facts are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.metric.fact_recall import FactRecall, reaches
from harness.metric.fragments import Fragments
from harness.metric.invented import Invented
from harness.records import Fact, References, Summary
from harness.report.html.shown_document import Codes, Given, Kind, Part, Shown
from harness.task.summarization import body_sentences

KINDS = (
    Kind("N", "no answer"),
    Kind("I", "invented name"),
    Kind("#", "invented number"),
    Kind("M", "fact not told"),
    Kind("S", "sentence of no reference"),
)
_NONE, _NAME, _NUMBER, _MISSED, _SENTENCE = range(5)


@dataclass(frozen=True)
class SummaryRules:
    """The metrics whose rules mark a summary: those of the runs, or the usual ones."""

    fragments: Fragments
    invented: Invented
    facts: FactRecall

    def marks(self, text: str, source: str) -> list[list[int]]:
        """Copied fragments as start, end, words in turn, and what is invented as start, end, 1 for a name or 2."""
        copied = [number for span in self.fragments.spans(text, source) for number in span]
        invented: list[int] = []
        for start, end, kind in self.invented.spans(text, source):
            invented += (start, end, 1 if kind == "name" else 2)
        return [copied, invented]

    def told(self, text: str, part: Part) -> str:
        """Per fact of the document `1` where the text tells it, else `0`."""
        facts = _facts(part)
        if not facts:
            return ""
        supports = self.facts.lexical_supports(text, facts)
        return "".join("01"[reaches(support, self.facts.threshold)] for support in supports)


def summaries_of(part: Part, rules: SummaryRules) -> Shown:
    """The document's summaries.

    `gold`: the facts as weight and text, the ids of body sentences, and per style its number, the references as text,
    marks and facts told, and the reference extracts by sentence. A run, per style: text, marks, facts told, chosen
    sentences, state, words; null where it was not asked for the style.
    """
    facts = [[fact.weight, fact.text if part.text else ""] for fact in _facts(part)]
    chosen = _Sentences(part)
    styles = []
    for example in part.examples.values():
        gold = example.gold
        if not isinstance(gold, References):
            continue
        texts = [_text(text, gold.source, part, rules) for text in gold.texts if text.strip()]
        styles.append([part.labels.of(gold.style), texts, [chosen.of(extract) for extract in gold.extracts]])
    shown = Shown([facts, styles])
    for given in part.given:
        run, codes = (None, None) if given is None else _run(given, part, rules, chosen)
        shown.runs.append(run)
        shown.codes.append(codes)
    return shown


def _run(given: Mapping[str, Given], part: Part, rules: SummaryRules, chosen: "_Sentences") -> tuple[list[Any], Codes]:
    rows: list[Any] = []
    codes = Codes()
    for example in part.examples.values():
        gold, one = example.gold, given.get(example.id)
        if not isinstance(gold, References):
            continue
        if one is None:
            rows.append(None)
            continue
        style = part.labels.of(gold.style)
        state = one.state(part.text) or ""
        summary = one.reading.predicted
        if not isinstance(summary, Summary):
            codes[_NONE, style, style] += 1
            rows.append([0, 0, "", [], state])
        elif gold.style == "extract":
            known = {name for extract in gold.extracts for name in extract}
            names = summary.sentences or ()
            codes[_SENTENCE, style, style] += sum(name not in known for name in names)
            rows.append([0, 0, "", chosen.of(names), state])
        else:
            text, marks, told = _text(summary.text, gold.source, part, rules)
            kinds = marks[1][2::3]
            codes[_NAME, style, style] += kinds.count(1)
            codes[_NUMBER, style, style] += kinds.count(2)
            codes[_MISSED, style, style] += told.count("0")
            words = len(summary.text.split())
            rows.append([text, marks, told, [], "; ".join(filter(None, (state, _problem(words, gold)))), words])
    return rows, codes


def _facts(part: Part) -> list[Fact]:
    """The document's facts that count."""
    return [fact for fact in part.corpus.facts.get(part.doc, ()) if fact.weight > 0]


def _text(text: str, source: str, part: Part, rules: SummaryRules) -> list[Any]:
    return [text if part.text else 0, rules.marks(text, source), rules.told(text, part)]


def _problem(words: int, gold: References) -> str:
    if not words:
        return "empty"
    if gold.max_words is not None and words > gold.max_words:
        return f"at most {gold.max_words} words were asked for"
    return f"at least {gold.min_words} words were asked for" if words < (gold.min_words or 0) else ""


class _Sentences:
    """The body sentences of a document, by number among those that the tasks share."""

    def __init__(self, part: Part) -> None:
        self._places: dict[str, tuple[str, int, int, str]] = {}
        self._part = part

    def of(self, names: tuple[str, ...]) -> list[int]:
        """The numbers of sentences by id; -1 for an id that the document does not have."""
        if names and not self._places:
            doc = self._part.doc
            body = body_sentences(self._part.corpus.documents[doc], self._part.corpus.sentences.get(doc, ()))
            self._places = {one.id: (one.id, one.start, one.end, one.zone) for one in body}
        return [self._part.sentences.of(self._places[name]) if name in self._places else -1 for name in names]
