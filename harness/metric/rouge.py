"""ROUGE: overlap of a summary's words with the references'."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import ClassVar, Literal, Protocol

import numpy as np

from harness.metric.base import Array, Counts, Key, Sums, divide, total
from harness.metric.rouge_stem import exceptions_sha256
from harness.metric.rouge_texts import Mode, Split, Written, rouge_package, written, written_many
from harness.metric.span_batch import ManyCounts, Places
from harness.records import References, Summary, TaskName

_PARTS = ("precision", "recall", "f1")
_TYPE = re.compile(r"rouge([1-9]|L|Lsum)")
_SUFFIX = re.compile(r"\w*")
# Examples whose texts are scored in one call.
_AT_ONCE = 1024

# Precision, recall and F1.
_Scores = tuple[float, ...]


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> Mapping[str, _Scores]: ...


@dataclass(frozen=True, kw_only=True)
class Rouge:
    """Precision, recall and F1 of n-grams (ROUGE-N) and longest common subsequences (ROUGE-L, ROUGE-Lsum).

    An n-gram of the summary is correct as often as the reference has it; n-grams run across sentences. ROUGE-L is the
    longest common subsequence of the whole texts; ROUGE-Lsum is, for each reference sentence, the union of its longest
    common subsequences with the summary's sentences, no word counted more often than either text has it, so it hangs on
    where sentences end. What ROUGE-1.5.5 and most papers call ROUGE-L is ROUGE-Lsum.

        P = hits / n-grams of the summary    R = hits / n-grams of the reference    F1 = 2 P R / (P + R)

    The score is the mean over documents, and a document's styles (`headline`, `highlights`, ...) are averaged first.

    What a word is, by mode:

    - `rouge_score`: a run of the letters a-z and digits of the lower-cased text, as in the Python package; stemmed by
      NLTK's extension of Porter's stemmer.
    - `rouge155`: the same, but A-Z alone are lowered, as in the Perl script ROUGE-1.5.5; stemmed (its option -m) by
      WordNet 2.0's table of irregular forms, then by the script's own Porter stemmer. Of `best` and `better`, which the
      table has twice, the adverb `well` is taken; the script takes whichever file its folder lists last.
    - `unicode`: a run of letters, digits and combining marks of any script; in scripts without spaces between words
      (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) each character with its marks. Composed (NFC) and
      case-folded, so `Straße` is `STRASSE`, and `Müller` is not `Möller`. Words of ASCII letters are stemmed as in
      `rouge155` where `stem` says so, which suits English alone. On ASCII text its words are those of `rouge155`.

    ROUGE-W, -S and -SU, stop words (-s) and limits on length (-l, -b) are left out.

    Range: fractions in [0, 1], higher is better. Style `extract` has no texts and is left out.
    Bad input: one side without words scores 0. With both sides empty the score is undefined and left out of the mean,
    and so is an n-gram score in mode `unicode` where both sides are too short for one (the other modes copy their
    tools: 0). A reference that has letters or digits but not one word that the mode can read (Russian in `rouge_score`)
    is no yardstick: it is left out, and if there is no other, the score is undefined, whatever the summary says.
    A reference without any letter or digit is left out beside a summary without words. Markup is text: `<q>` is the
    word `q`. A missing answer is an empty summary. What never gets here: `harness.metric.base`.
    Source: Lin 2004, https://aclanthology.org/W04-1013; the packages rouge-score 0.1.2 and ROUGE-1.5.5.
    Checked against: rouge_score 0.1.2 (to 1e-12), with and without stemmer, one and several references. ROUGE-1.5.5:
    its own regression set (8 systems, 25 inputs, 4 references, ROUGE-1 to 4 and L, -m, -s, -l, -b), every input's P, R
    and F at 5 decimals with -f A as `pooled`; -f B as `best_recall` against runs of the script. As the script does,
    mode `rouge155` rounds P and R to 5 decimals and makes F of these; the script's averages are of bootstrap resamples,
    ours of the data. SimCLS on XSum (11,334 texts, ROUGE-1/2/Lsum): 47.61 / 24.57 / 39.44 as published in mode
    `rouge155`, 47.38 / 24.50 / 39.31 in mode `rouge_score`. Google's stored scores of 1,992 XSum summaries: all equal
    at 4 decimals in mode `rouge155`.
    Agreement with people: on SummEval (1,600 news summaries, mean over 11 references) the Spearman correlation within
    a document is .17 with coherence, .16 with consistency, .12 with fluency and .33 with relevance (ROUGE-1); on
    REALSumm (24 systems) recall correlates .50 (ROUGE-1) with what content people found covered. Weak evidence about
    one summary, fair evidence about systems that are far apart, and blind to facts that are wrong.

    Args:
        types: Any of `rouge1` to `rouge9`, `rougeL` and `rougeLsum`.
        stem: Whether words longer than three letters are stemmed (Porter, English).
        refs: With several references: `max` takes, for each type, the one with the best F1; `mean` averages;
            `jackknife` leaves out each reference in turn, takes the best F1 among the others and averages;
            `pooled` adds up hits and n-grams over all references (ROUGE-1.5.5 -f A, its default); `best_recall` takes
            the reference with the best recall (-f B; for n-grams at 5 decimals). The first of equals is taken.
        mode: Whose words and rules: `rouge_score`, `rouge155` or `unicode`.
        split: Where sentences end for `rougeLsum`: `sentences` keeps a text's own line breaks where it has any inside
            and splits any other text; `newline` leaves texts as they are.
        suffix: Put behind each type's name, so that one run can hold several modes: `_155` makes `rouge1_155.f1`.

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
    refs: Literal["max", "mean", "jackknife", "pooled", "best_recall"] = "max"
    mode: Mode = "rouge_score"
    split: Split = "sentences"
    suffix: str = ""

    def __post_init__(self) -> None:
        """Refuses what the scorer would refuse only at the first example."""
        wrong = [name for name in self.types if not _TYPE.fullmatch(name)]
        if wrong or not self.types or len(set(self.types)) < len(self.types):
            raise ValueError(
                "Rouge: types must be distinct names among 'rouge1' to 'rouge9', 'rougeL' and 'rougeLsum', "
                f"got {list(self.types)!r}"
            )
        if not _SUFFIX.fullmatch(self.suffix):
            raise ValueError(f"Rouge: suffix must be letters, digits and underscores, got {self.suffix!r}")

    def count(self, gold: References, predicted: Summary | None) -> Counts:
        """Precision, recall and F1 of each type, and `n` = 1; nothing where they are undefined."""
        summary, references = self._chosen(gold, predicted, self._written)
        return self._counts(summary, references, [self._scorer.score(text.text, summary.text) for text in references])

    def count_many(self, gold: Sequence[References], predicted: Sequence[Summary | None]) -> ManyCounts:
        """`count` of each example; the texts of many are scored in one call, on every core."""
        place: dict[str, int] = {}
        parts = [(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))]
        for first in range(0, len(gold), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            parts.append(self._counts_of_some(gold[some], predicted[some], place))
        lengths, columns, values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return ManyCounts(tuple(place), np.cumsum(lengths), columns, values)

    def per_document(self, counts: Mapping[str, Array]) -> Mapping[str, Array]:
        """The mean over a document's styles; `n` becomes 1, or 0 where none was defined."""
        if "n" not in counts:
            return counts
        n = total(counts, "n")
        documents = {"n": np.minimum(n, 1.0)}
        for _, parts, undefined in self._names:
            defined = n - total(counts, undefined)
            documents |= {part: total(counts, part) / np.maximum(defined, 1.0) for part in parts if part in counts}
            if undefined in counts:
                documents[undefined] = documents["n"] - np.minimum(defined, 1.0)
        return documents

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """The means; NaN where nothing was defined."""
        return {
            Key(f"{name}{self.suffix}.{part}", "mean"): divide(total(counts, row), self._defined(name, counts))
            for name, rows, _ in self._names
            for part, row in zip(_PARTS, rows, strict=True)
        }

    def folded(self, key: Key, name: str) -> str | None:
        """The types know nothing of each other, nor do precision, recall and F1."""
        of_type, _, part = key.metric.rpartition(".")
        of_type = of_type.removesuffix(self.suffix)
        return name if name in ("n", f"{of_type}.{part}", f"{of_type}.undefined") else None

    def support(self, key: Key, counts: Sums) -> float:
        """Number of documents (of examples, before `per_document`) whose score is defined."""
        return float(self._defined(key.metric.rpartition(".")[0].removesuffix(self.suffix), counts))

    def signature(self, key: Key) -> str:
        """The parameters, as sacreBLEU writes them; with a table of irregular words, the beginning of its hash."""
        table = f"|exceptions:{exceptions_sha256()[:8]}" if self.stem and self.mode != "rouge_score" else ""
        stem = "yes" if self.stem else "no"
        return f"{key.metric}|mode:{self.mode}|stem:{stem}{table}|refs:{self.refs}|split:{self.split}|v:1"

    @cached_property
    def _scorer(self) -> _Scorer:
        module = importlib.import_module(f"{rouge_package().__name__}.rouge_scorer")
        # Words come stemmed.
        scorer: _Scorer = module.RougeScorer(list(self.types), use_stemmer=False)
        return scorer

    @cached_property
    def _names(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """Of each type its name, those of its counts, and that of the count of examples in which it is undefined."""
        return tuple((name, tuple(f"{name}.{part}" for part in _PARTS), f"{name}.undefined") for name in self.types)

    @cached_property
    def _flat_names(self) -> tuple[str, ...]:
        return ("n", *chain.from_iterable(parts for _, parts, _ in self._names))

    @cached_property
    def _split(self) -> Split:
        # Only rougeLsum looks at line breaks.
        return self.split if "rougeLsum" in self.types else "newline"

    def _written(self, text: str) -> Written:
        return written(text, self.mode, self.stem, self._split)

    def _chosen(
        self, gold: References, predicted: Summary | None, write: Callable[[str], Written]
    ) -> tuple[Written, list[Written]]:
        """The summary, and the references that it is scored against."""
        summary = write(predicted.text if predicted else "")
        references = [] if gold.style == "extract" else [write(text) for text in gold.texts]
        return summary, [one for one in references if one.has_words or (summary.has_words and not one.is_foreign)]

    def _counts_of_some(
        self, gold: Sequence[References], predicted: Sequence[Summary | None], place: dict[str, int]
    ) -> tuple[Places, Places, Array]:
        """How many counts each example has, their places by name, and what they are; further names get a place."""
        given = [one.text for one in predicted if one]
        rewritten = written_many(chain(("",), given, *(one.texts for one in gold)), self.mode, self.stem, self._split)
        texts = [self._chosen(*pair, rewritten.__getitem__) for pair in zip(gold, predicted, strict=True)]
        targets = [reference.text for _, references in texts for reference in references]
        summaries = [summary.text for summary, references in texts for _ in references]
        scores = self._score_all(targets, summaries)
        if targets and self.mode == "rouge_score" and all(len(references) < 2 for _, references in texts):
            # What is asked most often; its speed is claimed (benchmarks/rouge.py).
            columns = [place.setdefault(name, len(place)) for name in self._flat_names]
            parts = chain.from_iterable(map(score.__getitem__, self.types) for score in scores)
            matrix = np.ones((len(targets), len(columns)))
            matrix[:, 1:] = np.fromiter(chain.from_iterable(parts), dtype=np.float64).reshape(len(targets), -1)
            lengths = np.fromiter((len(references) for _, references in texts), dtype=np.int64)
            return lengths * len(columns), np.tile(columns, len(targets)), matrix.ravel()
        left = iter(scores)
        states = [self._counts(summary, references, [*islice(left, len(references))]) for summary, references in texts]
        return (
            np.fromiter(map(len, states), dtype=np.int64),
            np.fromiter((place.setdefault(name, len(place)) for state in states for name in state), dtype=np.int64),
            np.fromiter(chain.from_iterable(state.values() for state in states), dtype=np.float64),
        )

    def _score_all(self, targets: Sequence[str], summaries: Sequence[str]) -> Iterable[Mapping[str, _Scores]]:
        # Only the fast package has it.
        together: Callable[..., Iterable[Mapping[str, _Scores]]] | None = getattr(self._scorer, "score_batch", None)
        return together(targets, summaries) if together else map(self._scorer.score, targets, summaries)

    def _counts(
        self, summary: Written, references: Sequence[Written], scores: Sequence[Mapping[str, _Scores]]
    ) -> Counts:
        """The counts of an example, from what the package says of the summary beside each reference."""
        if not references:
            return {}
        if len(scores) == 1 and self.mode == "rouge_score":
            # What is asked most often; its speed is claimed (benchmarks/rouge.py).
            values = map(float, chain.from_iterable(map(scores[0].__getitem__, self.types)))
            return dict(zip(self._flat_names, (1.0, *values), strict=True))
        counts, lengths = {"n": 1.0}, []
        if self.mode == "unicode" or self.refs == "pooled":
            lengths = [text.length() for text in (summary, *references)]
        for name, parts, undefined in self._names:
            best = self._one(name, [score[name] for score in scores], lengths)
            if best is None:
                counts[undefined] = 1.0
            else:
                counts.update(zip(parts, map(float, best), strict=True))
        return counts

    def _defined(self, name: str, counts: Sums) -> Array:
        return total(counts, "n") - total(counts, f"{name}.undefined")

    def _one(self, name: str, scores: Sequence[_Scores], lengths: Sequence[int]) -> _Scores | None:
        """One score from those against each reference; None where it is undefined.

        Args:
            name: The type.
            scores: Precision, recall and F1 by reference.
            lengths: Number of words of the summary, then of each reference; empty where nothing hangs on it.
        """
        is_ngram = name[5:].isdigit()
        shorter = int(name[5:]) - 1 if is_ngram else 0
        size, *sizes = (max(length - shorter, 0) for length in lengths or (0,))
        if self.mode == "unicode" and size == 0:
            scores, sizes = [score for score, grams in zip(scores, sizes, strict=True) if grams], [*filter(None, sizes)]
        if not scores:
            return None
        if self.refs == "pooled":
            return self._printed(_pooled(scores, size, sizes))
        if self.refs == "best_recall":
            # The script compares recalls of n-grams as it prints them, and those of subsequences as they are.
            return self._printed(max(scores, key=lambda score: round(score[1], 5) if is_ngram else score[1]))
        printed = [self._printed(score) for score in scores]
        if self.refs == "max" or len(printed) == 1:
            return max(printed, key=_f1)
        return tuple(np.mean(printed if self.refs == "mean" else _leave_one_out(printed), axis=0))

    def _printed(self, score: _Scores) -> _Scores:
        """The score to the digits that ROUGE-1.5.5 goes on with; as it is in the other modes."""
        if self.mode != "rouge155":
            return score
        precision, recall = round(score[0], 5), round(score[1], 5)
        weighted = 0.5 * precision + 0.5 * recall
        return precision, recall, round(precision * recall / weighted, 5) if weighted else 0.0


def _f1(score: _Scores) -> float:
    return score[2]


def _leave_one_out(scores: Sequence[_Scores]) -> list[_Scores]:
    """The best scores, by F1, that are left when each reference in turn is left out."""
    return [max((*scores[:number], *scores[number + 1 :]), key=_f1) for number in range(len(scores))]


def _pooled(scores: Sequence[_Scores], size: int, sizes: Sequence[int]) -> _Scores:
    """Precision, recall and F1 of hits and n-grams added up, the summary's once for each reference.

    Hits are whole numbers, so precision gives them back exactly.
    """
    hits = sum(round(score[0] * size) for score in scores)
    given, wanted = size * len(scores), sum(sizes)
    return hits / max(given, 1), hits / max(wanted, 1), 2 * hits / max(given + wanted, 1)
