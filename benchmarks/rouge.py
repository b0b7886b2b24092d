"""How fast ROUGE is counted: our metric, from texts to counts, and the package rouge_score, in turn.

Processor time, of all threads, so that neither other processes nor the second core count.
"""

import gc
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import Score

from harness.metric.rouge import Rouge
from harness.metric.rouge_texts import Mode, written
from harness.metric.span_batch import ManyCounts
from harness.records import References, Summary

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
Pair = tuple[str, str]


@dataclass(frozen=True)
class Claim:
    """Texts, a mode, and how many times as fast as rouge_score it is said to be; None claims nothing."""

    what: str
    sentences: int
    words: int
    mode: Mode
    at_least: float | None = None


CLAIMS = (
    Claim("highlights: 4 sentences of 14 words", 4, 14, "rouge_score", 50.0),
    # What rouge_score takes for a subsequence grows with the square of the length, so short texts gain least.
    Claim("one sentence of 21 words", 1, 21, "rouge_score", 50.0),
    Claim("highlights", 4, 14, "rouge155"),
    Claim("highlights", 4, 14, "unicode"),
)
COMMON = ("the", "of", "to", "in", "and", "a", "was", "on", "for", "he")
# Ours takes more of them a round, or its time would be too short to measure beside other processes.
PAIRS, MORE = 200, 30
# Words of a text repeat, as they do in the language; so do their stems.
VOCABULARY = 5000


def table(rounds: int) -> list[str]:
    """Markdown lines: pairs a second and the median of the rounds' ratios, after one warm-up round."""
    lines = [
        f"## ROUGE-1, 2, L and Lsum, stemmed ({rounds} rounds)",
        "",
        "Processor seconds of all threads; harness scores on every core, rouge_score on one. No text is seen twice:",
        "of texts nothing is remembered from one round to the next.",
        "",
        "| texts | mode | pairs a second | rouge_score | median ratio | lowest | at least | same scores | holds |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for claim in CLAIMS:
        metric, peer = Rouge(types=TYPES, mode=claim.mode), RougeScorer(list(TYPES), use_stemmer=True)
        draw = random.Random(2026)
        words = [made_up(draw) for _ in range(VOCABULARY)]
        ours, theirs, same = [], [], True
        for number in range(rounds + 1):
            pairs = [pair(draw, words, claim) for _ in range(PAIRS * MORE)]
            gold = [References("default", texts=(one,)) for one, _ in pairs]
            predicted = [Summary(two) for _, two in pairs]
            written.cache_clear()
            gc.collect()
            began = time.process_time()
            counts = metric.count_many(gold, predicted)
            turned = time.process_time()
            scores = [peer.score(one, two) for one, two in pairs[:PAIRS]]
            ended = time.process_time()
            same &= are_equal(counts, scores)
            if number:
                ours.append((turned - began) / len(pairs))
                theirs.append((ended - turned) / PAIRS)
        ratios = [slow / fast for fast, slow in zip(ours, theirs, strict=True)]
        ratio = statistics.median(ratios)
        if claim.at_least is None:
            verdict = f"- | {('yes' if same else 'no') if claim.mode == 'rouge_score' else 'other rules'} | -"
        else:
            holds = "yes" if ratio >= claim.at_least and same else "**no**"
            verdict = f"{claim.at_least:.0f} | {'yes' if same else 'no'} | {holds}"
        speed, peer_speed = 1 / statistics.median(ours), 1 / statistics.median(theirs)
        lines.append(
            f"| {claim.what} | {claim.mode} | {speed:,.0f} | {peer_speed:,.0f} "
            f"| {ratio:.0f} | {min(ratios):.0f} | {verdict} |"
        )
    return lines


def are_equal(counts: ManyCounts, scores: Sequence[Mapping[str, Score]]) -> bool:
    """Whether the first examples have these scores, to 12 digits."""
    for number, score in enumerate(scores):
        entries = slice(counts.offsets[number], counts.offsets[number + 1])
        names = (counts.names[column] for column in counts.columns[entries])
        found = dict(zip(names, counts.values[entries].tolist(), strict=True))
        for name in TYPES:
            parts = zip(("precision", "recall", "f1"), score[name], strict=True)
            if any(abs(found[f"{name}.{part}"] - value) > 1e-12 for part, value in parts):
                return False
    return True


def pair(draw: random.Random, words: list[str], claim: Claim) -> Pair:
    """A made-up reference and a summary that has some of its words, one sentence a line."""

    def word() -> str:
        return draw.choice(COMMON if draw.random() < 0.4 else words)

    reference = [[word() for _ in range(claim.words)] for _ in range(claim.sentences)]
    summary = [[other if draw.random() < 0.4 else word() for other in line] for line in reference]
    draw.shuffle(summary)
    return lines_of(reference), lines_of(summary)


def lines_of(sentences: list[list[str]]) -> str:
    """Sentences with a capital and a full stop."""
    return "\n".join(" ".join(words).capitalize() + "." for words in sentences)


def made_up(draw: random.Random) -> str:
    """A word as long as English ones are, often with an ending that a stemmer takes off."""
    stem = "".join(draw.choice("bcdfghlmnprstvw") + draw.choice("aeiou") for _ in range(draw.randrange(1, 4)))
    return stem + draw.choice(("", "n", "s", "ed", "ing", "ation", "ly", "ment"))


if __name__ == "__main__":
    print("\n".join(table(rounds=7)))
