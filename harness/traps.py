"""Inputs that known tools score wrongly or ambiguously, each with the number that is right and how ours comes about.

A trap runs both ways: `ours` through this package's own metrics, `theirs` through the other tool where it is
installed. `expected` follows from the definition that `about` names, not from either of them.
"""

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.config import build
from harness.metric.base import Key
from harness.records import (
    Answer,
    Context,
    Document,
    Entity,
    Example,
    NerInput,
    References,
    Stance,
    Summary,
    TaggedSentence,
)
from harness.statistics.resample import intervals

Measured = Mapping[str, float | str]

# How far apart two numbers may be that are the same but for rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Trap:
    """One input, the number that is right, and what gives it.

    Args:
        id: T1, T2, ...
        library: The other tool: the name of its package, or of the project where no package of it is compared with.
        about: The input, and why the expected number is right.
        expected: What each named number must be.
        ours: Measures it with this package.
        theirs: Measures it with the other tool; raises ImportError where it is not installed. None where the tool has
            no function to call; `reported` then says what was observed.
        reported: What the other tool was observed to do, for those that are not called.
        tolerance: How far ours may be from the expected number; more than rounding only for simulations.
    """

    id: str
    library: str
    about: str
    expected: Measured
    ours: Callable[[], Measured]
    theirs: Callable[[], Measured] | None = None
    reported: str = ""
    tolerance: float = ROUNDING

    @property
    def simulated(self) -> bool:
        """Whether ours is an estimate, which need not be the expected number to the last digit."""
        return self.tolerance > ROUNDING


# ---- entities -------------------------------------------------------------------------------------------------------


def _entity(metric: str, key: Key, gold: list[Entity], predicted: list[Entity]) -> float:
    built = build("metric", {"kind": metric}, metric)
    return float(built.compute(built.count(gold, predicted))[key])


def _nervaluate(mode: str, gold: list[Entity], predicted: list[Entity], last: int = 1) -> float:
    """nervaluate's F1; `last` = 1 gives it the inclusive ends that it wants, 0 the end-exclusive ones that it gets."""
    evaluator = importlib.import_module("nervaluate").Evaluator
    sides = [[[{"label": e.label, "start": e.start, "end": e.end - last} for e in side]] for side in (gold, predicted)]
    return float(evaluator(*sides, tags=["LOC", "ORG", "PER"], loader="dict").evaluate()["overall"][mode].f1)


_NESTED = [Entity(0, 13, "LOC"), Entity(9, 13, "PER")]
_INNER = [Entity(9, 13, "PER")]
_WRONG_FIRST = [Entity(0, 3, "PER"), Entity(0, 5, "PER")]
_BOTH = [Entity(0, 5, "PER"), Entity(0, 5, "ORG")]
_TYPE, _STRICT = Key("entity_type.f1", "micro"), Key("entity.f1", "micro")


def _two_orders(score: Callable[[list[Entity]], float], spans: list[Entity]) -> Measured:
    return {"as listed": score(spans), "reversed": score(spans[::-1])}


def _touching(score: Callable[[str, str], float]) -> Measured:
    return {"type F1": score("entity_type.f1", "ent_type"), "partial F1": score("entity_partial.f1", "partial")}


def _tags_ours() -> Measured:
    whole, tokens = (Entity(0, 7, "PER"),), ((0, 3), (4, 7))
    example = Example("e", "d", "d", NerInput("e", "d", "Ann Lee"), whole)
    context = Context(
        example,
        Answer(entities=whole, tags=("I-PER", "I-PER")),
        Document("d", "Ann Lee"),
        tagged=(TaggedSentence(0, 7, tokens, ("B-PER", "I-PER")),),
    )
    metric = build("metric", {"kind": "dialects"}, "dialects")
    scores = metric.compute(metric.count(whole, whole, context))
    names = {"conlleval's reading": "conlleval", "strict IOB2": "seqeval_strict_iob2"}
    return {name: float(scores[Key(f"dialect.{dialect}.f1", "micro")]) for name, dialect in names.items()}


def _tags_theirs() -> Measured:
    metrics, scheme = (importlib.import_module(f"seqeval.{name}") for name in ("metrics", "scheme"))
    gold, predicted = [["B-PER", "I-PER"]], [["I-PER", "I-PER"]]
    strict = metrics.f1_score(gold, predicted, mode="strict", scheme=scheme.IOB2, zero_division=0)
    return {"conlleval's reading": float(metrics.f1_score(gold, predicted)), "strict IOB2": float(strict)}


_INSIDE_TOKEN = [Entity(4, 8, "ORG"), Entity(20, 25, "PER")]


def _spacy_recall() -> Measured:
    import warnings

    spacy, training = importlib.import_module("spacy"), importlib.import_module("spacy.training")
    scorer = importlib.import_module("spacy.scorer")
    language = spacy.blank("en")
    text = "antiNATO forces met Putin."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = training.Example.from_dict(
            language.make_doc(text), {"entities": [(e.start, e.end, e.label) for e in _INSIDE_TOKEN]}
        )
        example.predicted.set_ents([example.predicted.char_span(20, 25, label="PER")])
        found = scorer.get_ner_prf([example])
    return {"recall": float(found["ents_r"])}


def _cut_short() -> Measured:
    gold = [Entity(0, 4, "ORG"), Entity(90, 95, "PER")]
    return {"recall": _entity("entity_f1", Key("entity.recall", "micro"), gold, [Entity(0, 4, "ORG")])}


def _evaluate_cut_short() -> Measured:
    # The metric that `evaluate` wraps; `evaluate.load` itself would fetch code from a hub.
    f1_score = importlib.import_module("seqeval.metrics").f1_score
    try:
        return {"recall": float(f1_score([["B-ORG", "O", "O", "B-PER"]], [["B-ORG", "O"]]))}
    except (IndexError, ValueError) as error:
        return {"recall": f"{type(error).__name__}"}


# ---- summaries ------------------------------------------------------------------------------------------------------

_SCRIPTS = {
    "Russian": "Министерство обороны сообщило о потерях.",
    "Thai": "กระทรวงกลาโหมรายงานความสูญเสีย",
    "Arabic": "أعلنت وزارة الدفاع عن الخسائر",
    "Chinese": "国防部报告了损失。",
}
_GERMAN = ("Müller übt Fußball Öl", "Möller ebt Fuball Al")


def _rouge(name: str, summary: str, reference: str, **parameters: Any) -> float:
    metric = build("metric", {"kind": "rouge", "types": [name], **parameters}, "rouge")
    counts = metric.count(References("default", texts=(reference,)), Summary(summary))
    return float(metric.compute(counts)[Key(f"{name}.f1", "mean")])


def _rouge_score(name: str, summary: str, reference: str) -> float:
    scorer = importlib.import_module("rouge_score.rouge_scorer").RougeScorer([name], use_stemmer=True)
    return float(scorer.score(reference, summary)[name].fmeasure)


def _scripts(score: Callable[[str, str], float]) -> Measured:
    return {name: score(text, text) for name, text in _SCRIPTS.items()} | {"German, 4 other words": score(*_GERMAN)}


_REFERENCE = "Police raided a market.\nThey took forty men to the army.\nThe ministry said nothing."
_SUMMARY = "The ministry said nothing.\nPolice raided a market in Moscow.\nForty men were taken."


def _newlines(score: Callable[[str, str], float]) -> Measured:
    joined = [text.replace("\n", " ") for text in (_SUMMARY, _REFERENCE)]
    return {"one sentence a line": score(_SUMMARY, _REFERENCE), "on one line": score(*joined)}


# ---- statistics -----------------------------------------------------------------------------------------------------


def _coverage(low_high: Callable[[np.random.Generator, Any], tuple[float, float]], runs: int) -> Measured:
    """Share of simulated samples (n = 1,000, 70 % correct) whose 95 % interval holds the 70 %."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(runs):
        low, high = low_high(generator, (generator.random(1000) < 0.7).astype(np.float64))
        held += low <= 0.7 <= high
    return {"coverage": held / runs}


def _our_interval(_: np.random.Generator, correct: Any) -> tuple[float, float]:
    matrix, key = np.column_stack([correct, np.ones(len(correct))]), Key("accuracy", "micro")
    values = {key: float(correct.mean())}
    found = intervals(
        matrix, ["c", "n"], lambda sums: {key: np.asarray(sums["c"]) / np.asarray(sums["n"])}, values, resamples=1000
    )[key]
    if found.low is None or found.high is None:
        raise ValueError(f"no interval: {found.method}")
    return found.low, found.high


def _ten_bootstrap_means(generator: np.random.Generator, correct: Any) -> tuple[float, float]:
    means = correct[generator.integers(0, len(correct), size=(10, len(correct)))].mean(axis=1)
    half = 1.96 * means.std(ddof=1) / np.sqrt(10)
    return float(means.mean() - half), float(means.mean() + half)


# ---- stance ---------------------------------------------------------------------------------------------------------

# Target a: 3 favor all right, 1 against missed; target b: 1 favor missed, 3 against all right.
_STANCE = [
    *[("a", "favor", "favor")] * 3,
    ("a", "against", "favor"),
    ("b", "favor", "against"),
    *[("b", "against", "against")] * 3,
]


def _favg() -> Measured:
    metric = build("metric", {"kind": "stance_favg"}, "stance_favg")
    sums: dict[str, float] = {}
    for target, gold, predicted in _STANCE:
        for name, value in metric.count(Stance(target, gold), Stance(target, predicted)).items():
            sums[name] = sums.get(name, 0.0) + value
    scores = metric.compute(sums)
    return {average: float(scores[Key("stance.favg", average)]) for average in ("pooled", "macro_target")}


# ---- runs -----------------------------------------------------------------------------------------------------------


def _harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments], capture_output=True, text=True, check=False, env={**os.environ}
    )


def _shared_store() -> Measured:
    """Two models that answer the same documents into one results folder, the second after the first."""
    from harness.prediction_file import read_predictions
    from harness.run_folder import find_runs

    with tempfile.TemporaryDirectory() as folder:
        for model in ("lead", "random_sentences"):
            _harness(f"model={model}", "task=summarization", f"results={folder}", "metric=[length]")
        texts = {run.name: [row.answer.text for row in read_predictions(run)] for run in find_runs(Path(folder))}
    same = float(texts["lead"] == texts["random_sentences"])
    return {"models run": len(texts), "second repeats the first": same}


def _absent_metric() -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        missing = str(Path(folder) / "no-weights-here")
        ran = _harness(
            "model=lead",
            "task=summarization",
            f"results={folder}/r",
            "metric=[faithfulness]",
            f"metric.faithfulness.judge.path={missing}",
        )
        written = (Path(folder) / "r").exists()
    # A refusal for another reason would be none of this.
    return {"exit code": ran.returncode, "files written": float(written), "path named": float(missing in ran.stderr)}


TRAPS = (
    Trap(
        "T1",
        "nervaluate",
        "A gold entity inside another, the inner one predicted: type F1 is 2/3, in whichever order the gold is listed",
        {"as listed": 2 / 3, "reversed": 2 / 3},
        lambda: _two_orders(lambda gold: _entity("entity_overlap", _TYPE, gold, _INNER), _NESTED),
        lambda: _two_orders(lambda gold: _nervaluate("ent_type", gold, _INNER), _NESTED),
    ),
    Trap(
        "T2",
        "nervaluate",
        "An exact prediction listed after one that overlaps: it is still exact, so strict F1 is 2/3 in either order",
        {"as listed": 2 / 3, "reversed": 2 / 3},
        lambda: _two_orders(lambda given: _entity("entity_f1", _STRICT, _WRONG_FIRST[1:], given), _WRONG_FIRST),
        lambda: _two_orders(lambda given: _nervaluate("strict", _WRONG_FIRST[1:], given), _WRONG_FIRST),
    ),
    Trap(
        "T3",
        "nervaluate",
        "Gold [0, 5) and predicted [5, 9), end-exclusive: they share no character, so nothing is right",
        {"type F1": 0.0, "partial F1": 0.0},
        lambda: _touching(
            lambda name, _: _entity("entity_overlap", Key(name, "micro"), [Entity(0, 5, "PER")], [Entity(5, 9, "PER")])
        ),
        lambda: _touching(lambda _, mode: _nervaluate(mode, [Entity(0, 5, "PER")], [Entity(5, 9, "PER")], last=0)),
    ),
    Trap(
        "T4",
        "nervaluate",
        "One span with two labels, both predicted, in the other order: strict F1 is 1",
        {"as listed": 1.0, "reversed": 1.0},
        lambda: _two_orders(lambda given: _entity("entity_f1", _STRICT, _BOTH, given), _BOTH),
        lambda: _two_orders(lambda given: _nervaluate("strict", _BOTH, given), _BOTH),
    ),
    Trap(
        "T5",
        "seqeval",
        "Gold B-PER I-PER, predicted I-PER I-PER: right as conlleval reads tags, nothing under IOB2; both have a name",
        {"conlleval's reading": 1.0, "strict IOB2": 0.0},
        _tags_ours,
        _tags_theirs,
    ),
    Trap(
        "T6",
        "rouge_score",
        "A text against itself is 1 in any script, and four words against four others are 0 (ROUGE-1 F1, mode unicode)",
        {**dict.fromkeys(_SCRIPTS, 1.0), "German, 4 other words": 0.0},
        lambda: _scripts(lambda one, other: _rouge("rouge1", one, other, mode="unicode", stem=False)),
        lambda: _scripts(lambda one, other: _rouge_score("rouge1", one, other)),
    ),
    Trap(
        "T7",
        "rouge_score",
        "ROUGE-Lsum compares sentences, so it must not hang on whether each stands on a line of its own",
        {"one sentence a line": 20 / 29, "on one line": 20 / 29},
        lambda: _newlines(lambda one, other: _rouge("rougeLsum", one, other)),
        lambda: _newlines(lambda one, other: _rouge_score("rougeLsum", one, other)),
    ),
    Trap(
        "T8",
        "spacy",
        "Gold entities NATO (inside the token antiNATO) and Putin; the model finds Putin: recall is 1/2",
        {"recall": 0.5},
        lambda: {"recall": _entity("entity_f1", Key("entity.recall", "micro"), _INSIDE_TOKEN, [Entity(20, 25, "PER")])},
        _spacy_recall,
    ),
    Trap(
        "T9",
        "seqeval",
        "The predictions stop before the document does: what they did not reach is missed, so recall is 1/2",
        {"recall": 0.5},
        _cut_short,
        _evaluate_cut_short,
        reported="as wrapped by `evaluate`",
    ),
    Trap(
        "T10",
        "EuroEval",
        "95 % intervals of an accuracy (n = 1,000, 70 % correct) hold the true value in 95 % of samples",
        {"coverage": 0.95},
        lambda: _coverage(_our_interval, 400),
        lambda: _coverage(_ten_bootstrap_means, 400),
        reported="its formula, ten bootstrap means +- 1.96 sd / sqrt(10)",
        tolerance=0.025,
    ),
    Trap(
        "T11",
        "TweetEval",
        "Favg over two targets: .75 with counts pooled, .4286 as the mean over targets; two rows, each with its name",
        {"pooled": 0.75, "macro_target": 3 / 7},
        _favg,
        reported="pools the targets, other code averages over them; both call it the SemEval-2016 score",
    ),
    Trap(
        "T12",
        "lm-evaluation-harness",
        "Two models, one store of answers, the same documents: the second is asked too",
        {"models run": 2.0, "second repeats the first": 0.0},
        _shared_store,
        reported="with a shared --use_cache the second model never runs and gets the first one's answers",
    ),
    Trap(
        "T13",
        "HELM",
        "A metric whose model is not on the machine: the run is refused before anything is written (exit 2)",
        {"exit code": 2.0, "files written": 0.0, "path named": 1.0},
        _absent_metric,
        reported="with device=cpu faithfulness and BERTScore are absent from the results, without an error",
    ),
)
