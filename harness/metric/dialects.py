"""One set of predictions as each tool scores it: conlleval, seqeval, SemEval-2013, WNUT-2017, tokens, and ours."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from harness.metric.base import Additive, Array, Counts, Key, Sums, total
from harness.metric.dialect_notes import differences
from harness.metric.dialect_readings import (
    conlleval,
    foreign,
    parts_of,
    seqeval_default,
    strict_iob2,
    strict_iobes,
)
from harness.metric.dialect_tags import SIDES, Side, Tagged, Tags, tags_of_example
from harness.metric.prf import PRF, precision_recall_f1, rows
from harness.metric.spans import marks, match, without_article
from harness.records import Context, Entity, TaskName
from harness.tags import SCHEMES, Scheme, TagSpan, count_invalid, spans_of, tags_of

_MODES = ("strict", "exact", "partial", "type")
# Which tool's number each dialect equals, and what it does that moves the number.
_TOOLS = {
    "conlleval": "tool:conlleval-2004|read:lenient",
    "seqeval": "tool:seqeval-1.2.2|mode:default|read:lenient",
    "seqeval_strict_iob2": "tool:seqeval-1.2.2|mode:strict|scheme:IOB2",
    "seqeval_strict_iobes": "tool:seqeval-1.2.2|mode:strict|scheme:IOBES|bilou:as_iobes",
    **{f"semeval2013_{mode}": f"tool:nervaluate-1.2.1|match:{mode}|pairs:max_weight" for mode in _MODES},
    "wnut_entity": "tool:wnuteval-2017|read:lenient|labels:any",
    "wnut_surface": "tool:wnuteval-2017|read:lenient|labels:any|set:corpus|case:kept",
    "token": "tool:scikit-learn-1.9.1|avg_over:labelled_tokens",
    "no_article": "tool:harness|match:strict|dup:once|article:ignore",
    "harness": "tool:harness|match:strict|dup:once",
}
# No other tool's number: undefined where there is nothing to find and nothing was found.
_OURS = ("harness", "no_article")
# Those that look at spans, whatever the tags say.
_ON_SPANS = (*_OURS, *(f"semeval2013_{mode}" for mode in _MODES))
_REFUSING = ("seqeval_strict_iob2", "wnut_entity", "wnut_surface")
_PREFIXES = "BIESLU"
# BILOU forbids what IOBES forbids.
_COUNTED: tuple[Scheme, ...] = ("iob1", "iob2", "iobes")


@dataclass(frozen=True, kw_only=True)
class Dialects(Additive):
    """One prediction file scored side by side as different tools score it, with the reason why each differs.

    Read from token tags where gold and predictions were given as tags, else from tags made of the spans (in the gold
    file's scheme, else IOB2): the longest of overlapping spans, widened to whole tokens; how many were left out or
    widened is in the notes. Tags whose span the ledger or the label map took away count as O.

    - `conlleval`: the perl script of 2004-01-26. `I-X` after O or after another label begins an entity. Its flaws are
      kept: `E-X B-X` and adjacent `S-X S-X` are no break.
    - `seqeval`: without a mode; the same on IOB1 and IOB2.
    - `seqeval_strict_iob2`, `seqeval_strict_iobes`: what the scheme forbids is dropped, whichever scheme the file is
      in: IOB1 under strict IOB2 keeps only entities that begin with `B-`. A prefix that IOB2 does not have is an error
      in the tool and null here. BILOU is read as IOBES.
    - `semeval2013_strict`, `_exact`, `_partial`, `_type`: on spans, paired one to one by maximum weight.
    - `wnut_entity`, `wnut_surface`: the script of WNUT-2017; surface is over the SET of distinct (string, label) pairs
      of all documents, right where at least one mention is right in place. It refuses prefixes beyond B and I (null).
    - `token`: labelled tokens, micro-averaged.
    - `no_article`: the strict score of `entity_f1` with `article: ignore`: a leading `the`, `a` or `an` does not count.
    - `harness`: the strict score of `entity_f1`.

    `dialect.invalid_transitions` counts what each side's scheme forbids (IOB2: `I-X` after neither `B-X` nor `I-X`),
    the scheme being found out from all tags: prefixes, then whichever of IOB1 and IOB2 breaks less.

        P = correct / predicted    R = correct / gold    F1 = 2 correct / (predicted + gold)

    Range: fractions in [0, 1], higher is better.
    Bad input: one side empty: 0. Both empty: `harness` and `no_article` are undefined, the others are 0, as their tools
        print; undefined where nothing was scored at all. A missing answer counts as an empty one, an entity given twice
        once. What never gets here: `harness.metric.base`.
    Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419; Nakayama 2018,
        https://github.com/chakki-works/seqeval; Segura-Bedmar et al. 2013, https://aclanthology.org/S13-2056;
        Derczynski et al. 2017, https://aclanthology.org/W17-4418.
    Checked against: seqeval 1.2.2 (default and strict); nervaluate 1.2.1 where no span overlaps two of the other side;
        scikit-learn 1.9.1; the published WNUT-2017 scores of three submissions (entity and surface); conlleval's rules
        written down a second time.

    Args:
        surfaces: Whether `wnut_surface` is scored. It keeps a count for each distinct string, which for hundreds of
            thousands of distinct strings takes gigabytes where scores are resampled.

    Example:
        >>> from harness.metric.dialect_readings import seqeval_default, strict_iob2
        >>> seqeval_default(["I-PER", "I-PER"]) == seqeval_default(["B-PER", "I-PER"]), strict_iob2(["I-PER", "I-PER"])
        (True, set())
    """

    surfaces: bool = True

    task: ClassVar[TaskName] = "ner"
    headline: ClassVar[str] = "dialect.conlleval.f1"
    # Offsets alone have neither tokens nor tags.
    needs_context: ClassVar[bool] = True

    def count(self, gold: Collection[Entity], predicted: Collection[Entity] | None, context: Context) -> Counts:
        """`correct`, `gold` and `predicted` by dialect (`conlleval|gold`), tags by kind, and `surface=...` strings."""
        given = predicted or ()
        tags = tags_of_example(gold, given, context)
        counts: Counter[str] = Counter(_NOTHING)
        _count_spans(counts, gold, given)
        _count_without_articles(counts, gold, given, context.document.text)
        _count_tags(counts, tags)
        for sentence in tags.sentences:
            counts["tokens"] += len(sentence.words)
            # Most sentences of most files have no entity on either side.
            if any(tag != "O" for side in (sentence.gold, sentence.predicted) for tag in side):
                self._count_sentence(counts, sentence, tags)
        return {name: float(count) for name, count in counts.items()}

    def _count_sentence(self, counts: Counter[str], sentence: Tagged, tags: Tags) -> None:
        both = (sentence.gold, sentence.predicted)
        lenient = tuple(set(spans_of(one)) for one in both)
        if any(map(foreign, both)):
            _add(counts, "conlleval", *conlleval(*both))
            _compare(counts, "seqeval", *map(seqeval_default, both))
        else:
            # On B, I and O alone the lenient readings are one.
            _compare(counts, "conlleval", *lenient)
            _compare(counts, "seqeval", *lenient)
        _compare(counts, "wnut_entity", *lenient)
        _compare(counts, "seqeval_strict_iob2", *map(strict_iob2, both))
        _compare(counts, "seqeval_strict_iobes", *(strict_iobes(_as_iobes(one, tags)) for one in both))
        _count_tokens(counts, sentence)
        if self.surfaces:
            _count_surfaces(counts, sentence, *lenient)

    def compute(self, counts: Sums) -> dict[Key, Array]:
        """`dialect.*`, `micro`, and `dialect.invalid_transitions`, `count`, of gold and of predicted tags."""
        scores: dict[Key, Array] = {}
        for name, values in self._scores(counts).items():
            scores |= rows(f"dialect.{name}", "micro", values)
        # A count of nothing is no row: only where examples were scored is there anything that could be invalid.
        if "tokens" in counts:
            for side in SIDES:
                scores[Key("dialect.invalid_transitions", "count", f"side={side}")] = _invalid(counts, side)
        return scores

    def support(self, key: Key, counts: Sums) -> float:
        """What recall is divided by; for invalid transitions the tags of that side that are not O."""
        if key.metric == "dialect.invalid_transitions":
            side = key.slice.partition("=")[2]
            return float(sum(float(total(counts, f"prefix|{side}|{prefix}")) for prefix in _PREFIXES))
        name = key.metric.split(".")[1]
        return float(_sides(counts, name)[1])

    def signature(self, key: Key) -> str:
        """The tool whose number it is, and the choices in which tools differ."""
        if key.metric == "dialect.invalid_transitions":
            return f"{key.metric}|avg:{key.average}|scheme:found_out|v:1"
        name = key.metric.split(".")[1]
        tokens = "" if name in _ON_SPANS else "|tokens:as_tagged|untagged:words+marks|overlap:longest|cover:any"
        empty = "undefined" if name in _OURS else "0"
        return f"{key.metric}|avg:{key.average}|{_TOOLS[name]}{tokens}|empty:{empty}|v:1"

    def note(self, key: Key, counts: Sums) -> str | None:
        """Why this dialect's F1 differs from the strict one in these data; for transitions, what the tags are."""
        if key.metric == "dialect.invalid_transitions":
            return _said_of(counts, key.slice.partition("=")[2])
        name, _, field = key.metric.removeprefix("dialect.").partition(".")
        if field != "f1":
            return None
        values = {dialect: None if np.isnan(prf.f1) else float(prf.f1) for dialect, prf in self._scores(counts).items()}
        numbers = {name: float(np.asarray(value)) for name, value in counts.items() if not name.startswith("surface=")}
        for side in SIDES:
            numbers[f"invalid|{side}"] = float(_invalid(counts, side))
        for kind, value in zip(_KINDS, _sides(counts, "wnut_surface"), strict=True):
            numbers[f"wnut_surface|{kind}"] = float(value)
        return differences(numbers, values, {side: _scheme_of(counts, side) for side in SIDES})[name]

    def _scores(self, counts: Sums) -> dict[str, PRF]:
        tokens, refused = total(counts, "tokens"), total(counts, "foreign|gold") + total(counts, "foreign|predicted")
        found = {}
        for name in _TOOLS:
            if name == "wnut_surface" and not self.surfaces:
                continue
            correct, gold, predicted = _sides(counts, name)
            scores = precision_recall_f1(correct, gold, predicted)
            if name not in _OURS:
                # The tools print 0 where there is nothing to find and nothing was found.
                nothing = (gold == 0) & (predicted == 0) & (tokens > 0)
                scores = PRF(*(np.where(nothing, 0.0, one) for one in scores))
            if name in _REFUSING:
                scores = PRF(*(np.where(refused > 0, np.nan, one) for one in scores))
            found[name] = scores
        return found


_KINDS = ("correct", "gold", "predicted")
# Kept although they are 0, so that sums of any data have a shape.
_NOTHING = dict.fromkeys(("tokens", *(f"{name}|{kind}" for name in _TOOLS for kind in _KINDS)), 0)


def _add(counts: Counter[str], name: str, *numbers: int) -> None:
    for kind, number in zip(_KINDS, numbers, strict=True):
        counts[f"{name}|{kind}"] += number


def _compare(counts: Counter[str], name: str, gold: set[TagSpan], predicted: set[TagSpan]) -> None:
    _add(counts, name, len(gold & predicted), len(gold), len(predicted))


def _as_iobes(tags: tuple[str, ...], of: Tags) -> Sequence[str]:
    """Tags that nobody wrote are in whatever scheme is asked for."""
    return tags_of(spans_of(tags), len(tags), "iobes") if of.scheme is None else tags


def _count_spans(counts: Counter[str], gold: Collection[Entity], predicted: Collection[Entity]) -> None:
    matching = match(gold, predicted)
    golden = len(matching.pairs) + len(matching.missed)
    given = len(matching.pairs) + len(matching.spurious)
    correct: Counter[str] = Counter()
    for wanted, answer in matching.pairs:
        same_span = wanted.stretches == answer.stretches
        same_label = wanted.label == answer.label
        correct.update(
            strict=same_span and same_label, exact=same_span, partial=same_span, type=same_label, half=not same_span
        )
    _add(counts, "harness", correct["strict"], golden, given)
    for mode in _MODES:
        _add(counts, f"semeval2013_{mode}", correct[mode], golden, given)
    counts["semeval2013_partial|half"] += correct["half"]


def _count_without_articles(
    counts: Counter[str], gold: Collection[Entity], predicted: Collection[Entity], text: str
) -> None:
    sides = []
    for side, entities in zip(SIDES, (gold, predicted), strict=True):
        # A span may come without its text, which is that of the document.
        said = [
            one if one.text else replace(one, text=" ".join(text[s:e] for s, e in one.stretches)) for one in entities
        ]
        bare = {one: without_article(one) if one.text else one for one in said}
        counts[f"article|{side}"] += len(marks([one for one, cut in bare.items() if cut is not one]))
        sides.append(marks(bare.values()))
    _add(counts, "no_article", len(sides[0] & sides[1]), *map(len, sides))


def _count_tags(counts: Counter[str], tags: Tags) -> None:
    for side in SIDES:
        counts[f"foreign|{side}"] += sum(foreign(getattr(one, side)) for one in tags.sentences)
        counts[f"flattened|{side}"] += tags.flattened[side]
        counts[f"widened|{side}"] += tags.widened[side]
        for one in tags.raw.get(side, ()):
            if side == "gold" and tags.scheme is not None:
                counts[f"stated|{tags.scheme}"] += len(one)
            if all(tag == "O" for tag in one):
                continue
            counts.update(f"prefix|{side}|{tag[0]}" for tag in one if tag[0] in _PREFIXES)
            for scheme in _COUNTED:
                counts[f"invalid|{side}|{scheme}"] += count_invalid(one, scheme)


def _count_tokens(counts: Counter[str], sentence: Tagged) -> None:
    for wanted, given in zip(sentence.gold, sentence.predicted, strict=True):
        if wanted != "O" or given != "O":
            label, answer = parts_of(wanted)[1], parts_of(given)[1]
            _add(counts, "token", label != "" and label == answer, label != "", answer != "")


def _count_surfaces(counts: Counter[str], sentence: Tagged, gold: set[TagSpan], predicted: set[TagSpan]) -> None:
    for kind, spans in zip(_KINDS, (gold & predicted, gold, predicted), strict=True):
        for span in spans:
            counts[f"surface={span.label}\t{' '.join(sentence.words[span.start : span.end])}|{kind}"] += 1


def _sides(counts: Sums, name: str) -> tuple[Array, Array, Array]:
    """Correct, gold and predicted of a dialect."""
    if name == "wnut_surface":
        found = {kind: np.zeros_like(total(counts, "tokens")) for kind in _KINDS}
        for counted, value in _surfaces(counts):
            found[counted] = found[counted] + (np.asarray(value) > 0)
        return found["correct"], found["gold"], found["predicted"]
    correct = total(counts, f"{name}|correct")
    if name == "semeval2013_partial":
        correct = correct + total(counts, "semeval2013_partial|half") / 2
    return correct, total(counts, f"{name}|gold"), total(counts, f"{name}|predicted")


def _surfaces(counts: Sums) -> Iterator[tuple[str, Array]]:
    for name, value in counts.items():
        if name.startswith("surface="):
            yield name.rpartition("|")[2], np.asarray(value, dtype=np.float64)


def _invalid(counts: Sums, side: Side) -> Array:
    """Invalid transitions under the scheme of the side's tags; 0 where it has none."""
    by_scheme = {scheme: total(counts, f"invalid|{side}|{scheme}") for scheme in _COUNTED}
    by_scheme["bilou"] = by_scheme["iobes"]
    whole = sum((total(counts, f"prefix|{side}|{prefix}") for prefix in "ESLU"), np.zeros_like(by_scheme["iob2"]))
    found = np.where(whole > 0, by_scheme["iobes"], np.minimum(by_scheme["iob1"], by_scheme["iob2"]))
    if side == "gold":
        for scheme, value in by_scheme.items():
            found = np.where(total(counts, f"stated|{scheme}") > 0, value, found)
    return found


def _scheme_of(counts: Sums, side: str) -> str:
    """The scheme of a side's tags; `spans` where they were made of spans."""
    prefixes = {prefix for prefix in _PREFIXES if total(counts, f"prefix|{side}|{prefix}") > 0}
    if side == "gold":
        for scheme in SCHEMES:
            if total(counts, f"stated|{scheme}") > 0:
                return scheme
    if not prefixes:
        return "spans"
    if prefixes & {"L", "U"}:
        return "bilou"
    if prefixes & {"E", "S"}:
        return "iobes"
    broken = {scheme: float(total(counts, f"invalid|{side}|{scheme}")) for scheme in ("iob1", "iob2")}
    return "iob1" if broken["iob1"] < broken["iob2"] else "iob2"


def _said_of(counts: Sums, side: str) -> str:
    scheme = _scheme_of(counts, side)
    if scheme == "spans":
        return "given as spans, not as tags: tags made of spans are never invalid"
    return f"tags are {scheme}"
