"""ROUGE: overlap of a summary's words with the references'."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.records import References, Summary, TaskName
from harness.sentences import summary_sentences

_PARTS = ("precision", "recall", "f1")
_TYPE = re.compile(r"rouge([1-9]|L|Lsum)")
# What rouge_score can make a token of; all else is a separator to it, letters of other scripts included.
_TOKEN = re.compile(r"[a-z0-9]")


class _Score(Protocol):
    precision: float
    recall: float
    fmeasure: float


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> Mapping[str, _Score]: ...


@dataclass(frozen=True, kw_only=True)
class Rouge:
    """Precision, recall and F1 of n-grams (ROUGE-N) and longest common subsequences (ROUGE-L, ROUGE-Lsum).

    An n-gram of the summary is correct as often as the reference has it. ROUGE-L is the longest common subsequence of
    the whole texts; ROUGE-Lsum is, for each reference sentence, the union of its longest common subsequences with the
    summary's sentences, so it hangs on where sentences end.

        P = hits / n-grams of the summary    R = hits / n-grams of the reference    F1 = 2 P R / (P + R)

    The score is the mean over documents, and a document's styles (`headline`, `highlights`, ...) are averaged first.
    Words are runs of the letters a-z and digits of the lower-cased text: text in another script has none.

    Range: fractions in [0, 1], higher is better. One side without words: 0. Both sides: undefined and left out of the
    mean. Style `extract` has no texts and is left out.
    Source: Lin 2004, https://aclanthology.org/W04-1013; as the package rouge-score 0.1.2 has it.
    Checked against: rouge_score 0.1.2, with and without stemmer, one and several references; it is some tenths of a
    point below ROUGE-1.5.5, which has a table of irregular words.
    Agreement with people: on SummEval (1,600 news summaries, mean over 11 references) the Spearman correlation within
    a document is .17 with coherence, .16 with consistency, .12 with fluency and .33 with relevance (ROUGE-1); on
    REALSumm (24 systems) recall correlates .50 (ROUGE-1) with what content people found covered. Weak evidence about
    one summary, fair evidence about systems that are far apart, and blind to facts that are wrong.

    Args:
        types: Any of `rouge1` to `rouge9`, `rougeL` and `rougeLsum`.
        stem: Whether words longer than three letters are stemmed (Porter, English).
        refs: With several references: `max` takes, for each type, the one with the best F1; `mean` averages.
        mode: Whose tokens and rules: those of the Python package rouge_score.
        split: Where sentences end for `rougeLsum`: `sentences` keeps a text's own line breaks where it has any inside
            and splits any other text; `newline` leaves texts as they are.

    Example:
        >>> metric = Rouge(types=("rouge1",))
        >>> gold = References("default", texts=("The cat sat.",))
        >>> counts = metric.count(gold, Summary("A cat sat down there."))
        >>> {key.metric: float(value) for key, value in metric.compute(counts).items()}
        {'rouge1.precision': 0.4, 'rouge1.recall': 0.6666666666666666, 'rouge1.f1': 0.5}
    """

    task: ClassVar[TaskName] = "summarization"
    level: ClassVar[Literal["example", "document"]] = "example"

    types: tuple[str, ...] = ("rouge1", "rouge2", "rougeL", "rougeLsum")
    stem: bool = True
    refs: Literal["max", "mean"] = "max"
    mode: Literal["rouge_score"] = "rouge_score"
    split: Literal["sentences", "newline"] = "sentences"

    def __post_init__(self) -> None:
        """Refuses what the scorer would refuse only at the first example."""
        wrong = [name for name in self.types if not _TYPE.fullmatch(name)]
        if wrong or not self.types or len(set(self.types)) < len(self.types):
            raise ValueError(
                "Rouge: types must be distinct names among 'rouge1' to 'rouge9', 'rougeL' and 'rougeLsum', "
                f"got {list(self.types)!r}"
            )

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """Precision, recall and F1 of each type, and `n` = 1; nothing where they are undefined."""
        summary = predicted.text if predicted else ""
        if gold.style == "extract":
            return {}
        # A reference without words is no yardstick of a summary without words, but any other summary fails on it.
        texts = [text for text in gold.texts if _has_words(text) or _has_words(summary)]
        if not texts:
            return {}
        summary = self._marked(summary)
        scores = [self._scorer.score(self._marked(text), summary) for text in texts]
        counts = {"n": 1.0}
        for name in self.types:
            found = [(score[name].precision, score[name].recall, score[name].fmeasure) for score in scores]
            values = max(found, key=lambda parts: parts[2]) if self.refs == "max" else np.mean(found, axis=0)
            counts |= {f"{name}.{part}": float(value) for part, value in zip(_PARTS, values, strict=True)}
        return counts

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The mean over a document's styles; `n` becomes 1, or 0 where none was defined."""
        n = np.maximum(total(counts, "n"), 1.0)
        return {name: np.asarray(values, dtype=np.float64) / n for name, values in counts.items()}

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        n = total(counts, "n")
        names = (f"{name}.{part}" for name in self.types for part in _PARTS)
        return {Key(name, "mean"): divide(total(counts, name), n) for name in names}

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) whose score is defined."""
        return float(total(counts, "n"))

    def signature(self, key: Key) -> str:
        """The parameters, as sacreBLEU writes them."""
        stem = "yes" if self.stem else "no"
        return f"{key.metric}|mode:{self.mode}|stem:{stem}|refs:{self.refs}|split:{self.split}|v:1"

    @cached_property
    def _scorer(self) -> _Scorer:
        scorer: _Scorer = _scorer_class()(list(self.types), use_stemmer=self.stem)
        return scorer

    def _marked(self, text: str) -> str:
        """The text with a newline after each sentence, which only `rougeLsum` looks at."""
        if self.split == "newline" or "rougeLsum" not in self.types:
            return text
        return "\n".join(summary_sentences(text))


def _scorer_class() -> Any:
    # The same numbers from both (tests/metric/test_rouge.py), but rouge_score takes seconds to import (nltk) and a
    # hundred times as long to score; it stays for platforms that rouge_score_rs has no wheel for.
    try:
        module = importlib.import_module("rouge_score_rs")
    except ImportError:
        module = importlib.import_module("rouge_score.rouge_scorer")
    return module.RougeScorer


def _has_words(text: str) -> bool:
    return _TOKEN.search(text.lower()) is not None
