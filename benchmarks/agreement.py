"""`python -m benchmarks.agreement --data FOLDER`: our own metrics held to people; writes docs/agreement.md's tables.

The rules were worked out on the development half of each corpus (every other document, the first among them); what is
reported is the other half. XSum's spans were used for nothing but the report.
"""

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.metric.fact_recall import FactRecall, supported, weighted_contents
from harness.metric.fragments import Fragments
from harness.metric.invented import Invented
from harness.metric.novel_ngrams import NovelNgrams
from harness.metric.quantities import Quantities, quantities
from harness.records import Answer, Context, Document, Example, Fact, References, Summary, SummaryInput
from harness.statistics.correlation import Coefficient, Correlation, Level, auc, correlate

PAGE = Path(__file__).parents[1] / "docs" / "agreement.md"
START, END = "<!-- table: start -->", "<!-- table: end -->"
RESAMPLES = 10_000
RNG_SEED = 0
# Of three raters of a fact, a sentence or a span.
MAJORITY = 2
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall")
LEVELS: tuple[Level, ...] = ("pooled", "summary", "system")

Matrix = NDArray[np.float64]


# ---- facts: REALSumm ------------------------------------------------------------------------------------------------


@dataclass
class Rated:
    """What the crowd said of one system's summary of one document.

    Args:
        text: The summary.
        votes: Of each content unit, in the corpus' order, whether each rater found it in the summary.
    """

    text: str = ""
    votes: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))


def realsumm(data: Path) -> dict[str, dict[int, Rated]]:
    """Summaries and votes by system and document; 25 systems, 100 documents."""
    folder = data / "summ" / "realsumm" / "human_annotations" / "SCUs_and_annotations"
    found: dict[str, dict[int, Rated]] = {}
    for path in sorted(folder.glob("*/*.csv")):
        # BART stands in both folders, as an abstractive and as an extractive system.
        kind = "ext" if "_ext_" in path.parent.name else "abs"
        documents: dict[int, Rated] = defaultdict(Rated)
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                rated = documents[int(row["Input.eventId"].removeprefix("cnndm"))]
                rated.text = row["Input.summary_text"]
                for n in range(1, 17):
                    unit = row[f"Input.statement_{n}"]
                    if unit != "BLANK":
                        rated.votes[f"{n}: {unit}"].append(row[f"Answer.S{n}Answer"] == "p")
        found[f"{kind}/{path.stem.partition('_Batch')[0]}"] = dict(documents)
    return found


def covered(votes: Sequence[bool]) -> bool:
    """Whether more than half of the raters found it; the mean over units is the published lite-pyramid recall."""
    return 2 * sum(votes) > len(votes)


def people_recall(systems: dict[str, dict[int, Rated]], documents: Sequence[int]) -> Matrix:
    """Share of the units that people found, by system and document."""
    return np.array(
        [
            [np.mean([covered(votes) for votes in rated[one].votes.values()]) for one in documents]
            for rated in systems.values()
        ]
    )


def fact_recalls(systems: dict[str, dict[int, Rated]], documents: Sequence[int]) -> dict[str, Matrix]:
    """Our recalls of the same units, each of weight 1, by row of the metric."""
    metric = FactRecall()
    rows: dict[str, list[list[float]]] = {"unweighted": [], "soft": []}
    for rated in systems.values():
        counts = [metric.count(References("default"), Summary(rated[d].text), facts_of(rated[d])) for d in documents]
        for row, values in rows.items():
            values.append([one[row] for one in counts])
    return {row: np.array(values) for row, values in rows.items()}


def facts_of(rated: Rated) -> Context:
    """A context that holds the content units as facts of weight 1."""
    facts = tuple(Fact(unit.partition(": ")[2], 1.0) for unit in rated.votes)
    example = Example("d", "d", "d", SummaryInput("d", "d", "", "default", ()))
    return Context(example, Answer(), Document("d", ""), facts=facts)


def units(systems: dict[str, dict[int, Rated]], documents: Sequence[int]) -> tuple[Matrix, Matrix]:
    """Each unit's lexical support and whether people found it: shape (systems x places, documents), NaN where none is.

    A row is a system and a place in the list, so that drawing documents draws all of their units together.
    """
    most = max(len(rated[one].votes) for rated in systems.values() for one in documents)
    support = np.full((len(systems) * most, len(documents)), np.nan)
    found = support.copy()
    window = FactRecall().window
    for s, rated in enumerate(systems.values()):
        for d, one in enumerate(documents):
            contents = weighted_contents([unit.partition(": ")[2] for unit in rated[one].votes])
            shares = supported(rated[one].text, contents, window)
            size = len(shares)
            support[s * most : s * most + size, d] = shares
            found[s * most : s * most + size, d] = [covered(votes) for votes in rated[one].votes.values()]
    return support, found


def agreement_of_units(support: Matrix, found: Matrix, threshold: float) -> Iterator[tuple[str, float, float, float]]:
    """Accuracy and Cohen's kappa of the rule with the crowd's majority, with intervals over documents."""
    there = ~np.isnan(found)
    ours = support >= threshold - 1e-9
    cells = np.stack([(there & (ours == a) & (found == b)).sum(axis=0) for a in (0, 1) for b in (0, 1)])
    drawn = np.random.default_rng(RNG_SEED).integers(0, cells.shape[1], size=(RESAMPLES, cells.shape[1]))
    tables = np.concatenate([cells.sum(axis=1)[None], cells[:, drawn].sum(axis=2).T]).astype(float)
    n = tables.sum(axis=1)
    same = (tables[:, 0] + tables[:, 3]) / n
    ours_yes, theirs_yes = (tables[:, 2] + tables[:, 3]) / n, (tables[:, 1] + tables[:, 3]) / n
    chance = ours_yes * theirs_yes + (1 - ours_yes) * (1 - theirs_yes)
    for name, values in (("accuracy", same), ("kappa", (same - chance) / (1 - chance))):
        low, high = np.quantile(values[1:], [0.025, 0.975])
        yield name, float(values[0]), float(low), float(high)


def agreement_of_raters(systems: dict[str, dict[int, Rated]], documents: Sequence[int]) -> tuple[float, float]:
    """How often two raters of one unit say the same, and their kappa: what the crowd itself reaches."""
    same = pairs = yes = votes_given = 0
    for rated in systems.values():
        for one in documents:
            for votes in rated[one].votes.values():
                n, k = len(votes), sum(votes)
                pairs += n * (n - 1) // 2
                same += k * (k - 1) // 2 + (n - k) * (n - k - 1) // 2
                yes, votes_given = yes + k, votes_given + n
    share = yes / votes_given
    chance = share**2 + (1 - share) ** 2
    return same / pairs, (same / pairs - chance) / (1 - chance)


def facts_table(data: Path) -> Iterator[str]:
    """Fact recall beside the crowd's."""
    systems = realsumm(data)
    documents = sorted(next(iter(systems.values())))
    halves = documents[::2], documents[1::2]
    yield "### Facts: REALSumm's crowd"
    yield ""
    yield f"{len(systems)} systems; {len(halves[0])} documents for development, {len(halves[1])} held out."
    yield ""
    yield "| row | level | coefficient | development | held out | 95 % interval |"
    yield "| --- | --- | --- | ---: | ---: | --- |"
    people = [people_recall(systems, half) for half in halves]
    ours = [fact_recalls(systems, half) for half in halves]
    for row in ("unweighted", "soft"):
        for level in LEVELS:
            for coefficient in COEFFICIENTS:
                tried = correlate(ours[0][row], people[0], level, coefficient, resampled="none")
                kept = correlate(ours[1][row], people[1], level, coefficient, resamples=RESAMPLES, rng_seed=RNG_SEED)
                cells = (f"`fact_recall.{row}`", level, coefficient, shown(tried), shown(kept), interval(kept))
                yield f"| {' | '.join(cells)} |"
    yield ""
    yield "Each unit of each summary by itself (intervals over documents):"
    yield ""
    yield "| | development | held out | 95 % interval |"
    yield "| --- | ---: | ---: | --- |"
    of_units = [units(systems, half) for half in halves]
    tried, kept = (auc(*one, resampled="inputs", resamples=RESAMPLES, rng_seed=RNG_SEED) for one in of_units)
    yield f"| AUC of the support | {shown(tried)} | {shown(kept)} | {interval(kept)} |"
    threshold = FactRecall().threshold
    first, second = (list(agreement_of_units(*one, threshold)) for one in of_units)
    for (name, value, _, _), (_, other, low, high) in zip(first, second, strict=True):
        yield f"| {name} of `covered` | {figure(value)} | {figure(other)} | {figure(low)} to {figure(high)} |"
    raters = [agreement_of_raters(systems, half) for half in halves]
    for place, name in enumerate(("agreement", "kappa")):
        yield f"| {name} of two raters with each other | {figure(raters[0][place])} | {figure(raters[1][place])} | |"


# ---- invention: QAGS ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """A summary, its article, and the share of its sentences that most raters found consistent with the article."""

    article: str
    summary: str
    consistent: float


def qags(data: Path, part: str) -> list[Checked]:
    """The summaries of one part, `cnndm` or `xsum`, in the order of the file."""
    found = []
    path = data / "summ" / "qags" / f"mturk_{part}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        right = [
            sum(one["response"] == "yes" for one in sentence["responses"]) >= MAJORITY
            for sentence in row["summary_sentences"]
        ]
        text = " ".join(sentence["sentence"] for sentence in row["summary_sentences"])
        found.append(Checked(row["article"], text, float(np.mean(right))))
    return found


def invention(checked: Iterable[Checked]) -> tuple[dict[str, Matrix], Matrix]:
    """Rows of the metrics, and the consistency, by summary: shape (1, summaries)."""
    metrics: dict[str, Invented | NovelNgrams | Fragments] = {
        "": Invented(),
        " (`names: words`)": Invented(names="words"),
        "novel_ngrams": NovelNgrams(),
        "fragments": Fragments(),
    }
    rows: dict[str, list[float]] = defaultdict(list)
    consistent = []
    for one in checked:
        gold, given = References("default", source=one.article), Summary(one.summary)
        consistent.append(one.consistent)
        for name, metric in metrics.items():
            counts = metric.count(gold, given)
            if isinstance(metric, Invented):
                wanted = ("entities", "any") if name else ("told", "numbers", "any_number", "entities", "any")
                for row in wanted:
                    rows[f"`invented.{row}`{name}"].append(counts.get(row, np.nan))
            else:
                for row in ("n1", "n2") if name == "novel_ngrams" else ("coverage", "density"):
                    rows[f"`{name}.{row}`"].append(counts.get(row, np.nan))
    return {name: np.array([values]) for name, values in rows.items()}, np.array([consistent])


def invention_table(data: Path) -> Iterator[str]:
    """Invented names and numbers beside the raters' consistency."""
    yield "### Invention: QAGS's raters"
    for part, title in (("cnndm", "CNN/DM"), ("xsum", "XSum")):
        checked = qags(data, part)
        halves = [invention(checked[place::2]) for place in (0, 1)]
        told = [float(half[0].pop("`invented.told`").mean()) for half in halves]
        wrong = [float((half[1] < 1).mean()) for half in halves]
        yield ""
        yield (
            f"{title}: {len(checked)} summaries, every other one held out. {figure(wrong[1])} of these have a "
            f"sentence that is not consistent; names can be told by their capitals in {figure(told[1])} of them."
        )
        yield ""
        yield "| row | n | mean | AUC, development | AUC, held out | 95 % interval | Pearson | 95 % interval |"
        yield "| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |"
        for row, values in halves[1][0].items():
            if np.isnan(values).all():
                continue
            # Coverage and density are high for what is copied: turned round, so that more than 0.5 is right for all.
            sign = -1.0 if "fragments" in row else 1.0
            before, after = (
                auc(sign * half[0][row], half[1] < 1, resamples=RESAMPLES, rng_seed=RNG_SEED) for half in halves
            )
            r = correlate(values, halves[1][1], "pooled", "pearson", resamples=RESAMPLES, rng_seed=RNG_SEED)
            size = int((~np.isnan(values)).sum())
            mean = figure(float(np.nanmean(values)))
            cells = (size, mean, shown(before), shown(after), interval(after), shown(r), interval(r))
            yield f"| {row} | {' | '.join(map(str, cells))} |"


# ---- invention: the spans of XSum -----------------------------------------------------------------------------------


@dataclass
class Marked:
    """A summary and, for each rater, which of its characters are marked as not in the article, by kind."""

    text: str
    marks: dict[str, dict[str, NDArray[np.bool_]]] = field(default_factory=lambda: defaultdict(dict))

    def votes(self, start: int, end: int, kind: str | None = None) -> int:
        """How many raters marked any character of a stretch."""
        return sum(
            any(where[start:end].any() for name, where in by_kind.items() if kind is None or name == kind)
            for by_kind in self.marks.values()
        )

    def unmarked(self) -> str:
        """The text with blanks for what any rater marked."""
        there = [
            any(one[place] for by in self.marks.values() for one in by.values()) for place in range(len(self.text))
        ]
        return "".join(" " if marked else c for c, marked in zip(self.text, there, strict=True))


def xsum_spans(data: Path) -> tuple[dict[tuple[str, str], Marked], int]:
    """Summaries with their spans by document and system, and how many spans are not where they are said to be."""
    found: dict[tuple[str, str], Marked] = {}
    lost = 0
    path = data / "summ" / "xsum_hallucination" / "hallucination_annotations_xsum_summaries.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            # Apostrophes stand behind a backslash, which the offsets do not count.
            text, span = (row[name].replace("\\'", "'") for name in ("summary", "hallucinated_span"))
            one = found.setdefault((row["bbcid"], row["system"]), Marked(text))
            if row["hallucination_type"] not in ("extrinsic", "intrinsic"):
                continue
            start = int(row["hallucinated_span_start"]) - 1
            if text[start : start + len(span)] != span:
                start = text.find(span)
            if start < 0:
                lost += 1
                continue
            where = one.marks[row["worker_id"]].setdefault(row["hallucination_type"], np.zeros(len(text), bool))
            where[start : start + len(span)] = True
    return found, lost


def spans_table(data: Path) -> Iterator[str]:
    """What the spans say about numbers, without the articles."""
    marked, lost = xsum_spans(data)
    systems = sorted({system for _, system in marked})
    documents = sorted({document for document, _ in marked})
    extrinsic = numbers = 0
    values = np.full((len(systems), len(documents)), np.nan)
    labels = values.copy()
    said = wrong = 0
    for (document, system), one in marked.items():
        found = quantities(one.text)
        if any(one.votes(place, place + 1, "extrinsic") >= MAJORITY for place in range(len(one.text))):
            extrinsic += 1
            numbers += any(one.votes(n.start, n.end, "extrinsic") >= MAJORITY for n in found)
        if not found:
            continue
        bad = [one.votes(n.start, n.end) >= MAJORITY for n in found]
        said, wrong = said + len(found), wrong + sum(bad)
        others = (marked[document, name].unmarked() for name in systems if name != system)
        known = Quantities(n for text in others for n in quantities(text))
        place = systems.index(system), documents.index(document)
        values[place] = not all(known.has(n, Invented().tolerance) for n in found)
        labels[place] = any(bad)
    made = [name != "Gold" for name in systems]
    yield "### Invention: the spans of XSum's raters"
    yield ""
    yield (
        f"{len(marked)} summaries of {len(documents)} articles by {len(systems)} systems, the references among them; "
        f"{lost} spans could not be found in their summary."
    )
    yield ""
    yield "| | |"
    yield "| --- | ---: |"
    yield f"| summaries with something that most raters marked as extrinsic | {extrinsic} of {len(marked)} |"
    yield f"| of these, with a number or date in it | {numbers} ({figure(numbers / extrinsic)}) |"
    yield f"| numbers and dates that most raters marked, of either kind | {wrong} of {said} ({figure(wrong / said)}) |"
    for title, rows in (("all systems", slice(None)), ("without the references", made)):
        kept = auc(values[rows], labels[rows], resamples=RESAMPLES, rng_seed=RNG_SEED)
        name = f"AUC of `invented.any_number` with the stand-in, {title}, {kept.pairs} summaries"
        yield f"| {name} | {shown(kept)} ({interval(kept)}) |"


# ---- invention: what cannot be invented -----------------------------------------------------------------------------


def false_alarms(data: Path) -> Iterator[str]:
    """How often extracts, which invent nothing, are said to invent; and how often another document's summary is."""
    folder = data / "summ" / "realsumm" / "selected_docs_for_human_eval"
    articles = [plain(line) for line in read(folder / "abs" / "ptr_generator" / "src.txt")]
    yield "### Invention: extracts, and summaries of another document"
    yield ""
    yield "| system | names told | extract: any invented | number invented | of another document: any | number |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name in ("ext/bart/out.txt", "ext/refresh/out.txt", "abs/neusumm/out.txt", "ext/matchsumm/out.txt"):
        summaries = [plain(line) for line in read(folder / name)]
        cells = []
        for shift in (0, 1):
            counts = [
                Invented().count(References("default", source=articles[(n + shift) % len(articles)]), Summary(text))
                for n, text in enumerate(summaries)
            ]
            rows = ("told", "any", "any_number") if not shift else ("any", "any_number")
            cells += [share([one[row] for one in counts if row in one]) for row in rows]
        yield f"| {name.removesuffix('/out.txt')} | {' | '.join(cells)} |"


def read(path: Path) -> list[str]:
    """The lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def plain(line: str) -> str:
    """A tokenized line as text, a sentence a line."""
    text = re.sub(r"\s*(?:</t>\s*<t>|</?t>)\s*", "\n", line)
    text = re.sub(r"(?i)-lrb-", "(", re.sub(r"(?i)-rrb-", ")", text))
    text = re.sub(r" (['’](?:s|re|ve|ll|d|m|t)\b|n['’]t\b)", r"\1", text)
    return re.sub(r" ([.,;:?!%)])", r"\1", text).strip()


# ---- the page -------------------------------------------------------------------------------------------------------


def share(values: Sequence[float]) -> str:
    """A mean with the number it is over."""
    return f"{figure(float(np.mean(values)))} (n={len(values)})" if values else "-"


def shown(found: Correlation) -> str:
    """The value, or a dash."""
    return "-" if found.value is None else figure(found.value)


def interval(found: Correlation) -> str:
    """The bounds, or a dash."""
    return "-" if found.low is None or found.high is None else f"{figure(found.low)} to {figure(found.high)}"


def figure(value: float) -> str:
    """Three decimals, with a true minus."""
    return f"{value:.3f}".replace("-", "−")


def lines(data: Path) -> Iterator[str]:
    """The generated part of the page."""
    for number, part in enumerate((facts_table, invention_table, spans_table, false_alarms)):
        yield from [""] * (number > 0)
        yield from part(data)


def main() -> None:
    """Measures, prints the tables and writes them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="with summ/realsumm, summ/qags, ...")
    found = list(lines(parser.parse_args().data))
    print("\n".join(found))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text("\n".join([before + START, *found, END + rest.partition(END)[2]]), encoding="utf-8")


if __name__ == "__main__":
    main()
