"""Texts of the data folder, and splits that keep near-duplicates on one side.

News stories are copied between outlets, so a split by article leaks. Articles are therefore grouped by event first:
two articles belong together when one headline is about both (Fake News Challenge stances) or when they share a
stretch of text. Groups are held out whole.
"""

import csv
import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

csv.field_size_limit(10**8)

SHARED = 0.15  # of the 5-word stretches of the shorter text: above this two texts count as near-duplicates


@dataclass(frozen=True)
class Article:
    """A text, the corpus it comes from and the group it must not be parted from."""

    id: str
    corpus: str
    text: str
    group: str


@dataclass(frozen=True)
class Pair:
    """A text and a target with the stance of one towards the other: ``favor``, ``against`` or ``none``."""

    corpus: str
    text: str
    target: str
    label: str


def digest(text: str) -> str:
    """A short stable name of a text, blind to case, punctuation and spacing."""
    return hashlib.sha256(" ".join(words(text)).encode()).hexdigest()[:16]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def stretches(text: str, size: int = 5) -> frozenset[str]:
    """All runs of ``size`` words of a text."""
    found = words(text)
    return frozenset(" ".join(found[i : i + size]) for i in range(max(1, len(found) - size + 1)))


def near_duplicates(texts: Sequence[str], others: Sequence[str]) -> set[int]:
    """Indices of the ``texts`` that share a beginning or a good part of their stretches with one of ``others``."""
    beginnings = {tuple(words(other)[:12]) for other in others}
    index: dict[str, list[int]] = defaultdict(list)
    sizes = []
    for i, other in enumerate(others):
        found = stretches(other)
        sizes.append(len(found))
        for stretch in found:
            index[stretch].append(i)
    close = set()
    for i, text in enumerate(texts):
        found = stretches(text)
        shared: dict[int, int] = defaultdict(int)
        for stretch in found:
            for j in index.get(stretch, ()):
                shared[j] += 1
        if tuple(words(text)[:12]) in beginnings or any(
            n > SHARED * min(len(found), sizes[j]) for j, n in shared.items()
        ):
            close.add(i)
    return close


def fnc_articles(data: Path) -> list[Article]:
    """Bodies of the Fake News Challenge test set; the group is the event."""
    folder = data / "stance" / "fnc1"
    bodies = {row["Body ID"]: row["articleBody"] for row in _rows(folder / "competition_test_bodies.csv")}
    groups = _Groups()
    for row in _rows(folder / "competition_test_stances.csv"):
        if row["Stance"] != "unrelated":
            groups.join("headline " + digest(row["Headline"]), row["Body ID"])
    holders: dict[str, str] = {}
    shared: dict[tuple[str, str], int] = defaultdict(int)
    runs = {body: stretches(text) for body, text in bodies.items()}
    for body, found in runs.items():
        for stretch in found:
            if stretch in holders:
                shared[holders[stretch], body] += 1
            else:
                holders[stretch] = body
    for (one, two), n in shared.items():
        if n > SHARED * min(len(runs[one]), len(runs[two])):
            groups.join(one, two)
    return [Article(f"fnc1-{body}", "fnc1", text, groups.root(body)) for body, text in bodies.items()]


def qags_articles(data: Path) -> list[Article]:
    """Articles of QAGS (CNN/DailyMail and XSum), lower-cased at the source."""
    return [
        Article(f"{name}-{i}", f"qags_{name}", json.loads(line)["article"], f"{name}-{i}")
        for name in ("cnndm", "xsum")
        for i, line in enumerate(
            (data / "summ" / "qags" / f"mturk_{name}.jsonl").read_text(encoding="utf-8").splitlines()
        )
    ]


def gum_articles(data: Path) -> list[Article]:
    """GUM documents: sentences one a line."""
    articles = []
    for path in sorted((data / "gum" / "dep").glob("*.conllu")):
        text = "\n".join(_comments(path, "# text = "))
        articles.append(Article(path.stem, "gum", text, path.stem))
    return articles


def web_sentences(data: Path) -> list[Article]:
    """Sentences of the English Web Treebank (dev and test), each on its own."""
    return [
        Article(f"ewt-{part}-{i}", "ewt", text, f"ewt-{part}-{i}")
        for part in ("dev", "test")
        for i, text in enumerate(_comments(data / "ner" / "uner_ewt" / f"en_ewt-ud-{part}.iob2", "# text = "))
    ]


def vast_pairs(data: Path, part: str) -> list[Pair]:
    """VAST, comments of readers on news: ``val`` is the whole dev part, ``test`` the zero-shot subset of the test."""
    rows = _rows(data / "stance" / "vast" / f"raw_{part}_all_onecol.csv")
    return [Pair("vast", _line(row["Tweet"]), _line(row["Target 1"]), row["Stance 1"].lower()) for row in rows]


def semeval_pairs(data: Path) -> list[Pair]:
    """SemEval-2016 Task 6 trial and training tweets, less the task's own hashtag."""
    pairs = []
    for name in ("trialdata", "trainingdata"):
        path = data / "stance" / "semeval2016" / f"{name}-all-annotations.txt"
        for row in csv.DictReader(path.read_text("cp1252").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            text = _line(row["Tweet"].replace("#SemST", ""))
            pairs.append(Pair("semeval2016", text, row["Target"], row["Stance"].lower()))
    return pairs


def realsumm(data: Path) -> tuple[list[str], list[str]]:
    """The 100 CNN/DailyMail documents of REALSumm and their references, in the order of the files."""
    folder = data / "summ" / "realsumm" / "selected_docs_for_human_eval" / "abs"
    sources = [_untag(line) for line in (folder / "ptr_generator" / "src.txt").read_text("utf-8").splitlines()]
    references = [_untag(line) for line in (folder / "t5" / "ref.txt").read_text("utf-8").splitlines()]
    return sources, references


def hold_out(groups: Iterable[str], share: float, rng_seed: int) -> set[str]:
    """A seeded choice of whole groups."""
    ordered = sorted(set(groups))
    random.Random(rng_seed).shuffle(ordered)
    return set(ordered[: round(share * len(ordered))])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _comments(path: Path, start: str) -> list[str]:
    return [line[len(start) :] for line in path.read_text("utf-8").splitlines() if line.startswith(start)]


def _line(text: str) -> str:
    return " ".join(text.split())


def _untag(text: str) -> str:
    return _line(re.sub(r"</?t>", " ", text))


class _Groups:
    """Disjoint sets of names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, name: str) -> str:
        self._parent.setdefault(name, name)
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, one: str, two: str) -> None:
        self._parent[self.root(one)] = self.root(two)
