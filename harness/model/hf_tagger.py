"""Token classification with any transformers checkpoint, over texts of any length."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from harness.errors import ResourceError
from harness.model.base import GoldUse
from harness.model.batching import ahead, keys, pad, rows, stretches
from harness.model.budget import overlapped
from harness.model.checkpoint import NOT_FINITE
from harness.model.classifier import HfClassifier
from harness.model.windows import chars_read, own_parts, windows_of
from harness.records import Answer, Entity, Input, TaskName

PREFIXED = re.compile(r"([BIMELSU])-(.+)", re.DOTALL)
UNNAMED = re.compile(r"LABEL_\d+")
ALONE = frozenset("SU")
LAST = frozenset("ELSU")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text: its first sub-token's index, and its span without surrounding space."""

    first: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as tokens: as they are, and in the rows that the model reads.

    Args:
        texts: The texts.
        plain: Their tokens and offsets, without special tokens.
        windowed: The rows.
        masks: Which columns of each row are special tokens.
    """

    texts: list[str]
    plain: Any
    windowed: list[dict[str, list[int]]]
    masks: list[list[int]]


class Pass(NamedTuple):
    """A forward pass: its rows, and at each of their positions the label, its probability and whether all are finite.

    Tensors, which a GPU may still be at work on: fetched when all passes are on their way.
    """

    chosen: list[int]
    ids: Any
    probabilities: Any
    finite: Any


@dataclass(frozen=True, slots=True)
class Tagged:
    """A word's span with its label (prefix and type; `O` has no type) and the probability of that label."""

    start: int
    end: int
    prefix: str
    type: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class HfTagger(HfClassifier):
    """Entities from a token-classification checkpoint.

    A word has the label of its first sub-token. Words are what the checkpoint's own tokenizer takes for words, with
    punctuation at their edges cut off where the tokenizer leaves it on (SentencePiece: `Paris,`). Words become spans as
    conlleval reads them: B-, S- and U- begin an entity; I-, E- and L- go on with one of the same type and begin one
    otherwise; E-, L-, S- and U- end it. Labels without prefixes are read as I-. A span's score is the mean probability
    of its words' labels.

    A text longer than the model reads is read in windows that share `stride` tokens (at most half a window); a word
    seen in two windows has its label from the one where it stands farther from a cut.

    Args:
        aggregation: Which sub-token speaks for a word.
        overlong: `window` reads everything, `truncate` reads the beginning and counts what is cut, `error` refuses.
        stride: Tokens that two windows share.
    """

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner",)
    gold: ClassVar[GoldUse] = "none"
    kind: ClassVar[str] = "hf_tagger"
    auto_class: ClassVar[str] = "AutoModelForTokenClassification"
    task: ClassVar[str] = "ner"

    aggregation: Literal["first"] = "first"
    overlong: Literal["window", "truncate", "error"] = "window"
    stride: int = 64

    def __post_init__(self) -> None:
        """Refuses values that cannot be meant."""
        super().__post_init__()
        if self.stride < 0:
            raise ValueError(f"stride must not be negative, got {self.stride}")

    def load(self) -> None:
        """Loads everything now, the labels' names included."""
        super().load()
        _ = self.labels

    @cached_property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Prefix and type of each label id; O is `("O", "")`, a label without prefix counts as inside."""
        names = [str(self.config.id2label[i]) for i in range(self.config.num_labels)]
        if all(UNNAMED.fullmatch(name) for name in names):
            raise ResourceError(
                f"{self.path}: its {len(names)} labels have no names ({names[0]}, ...), and a label_map cannot guess "
                "them; write id2label into its config.json"
            )
        # `E-mail` is a type, not the end of a `mail`, in a scheme that has no beginnings and insides.
        prefixed = any(name.startswith(("B-", "I-")) for name in names)
        found = []
        for name in names:
            match = PREFIXED.fullmatch(name) if prefixed else None
            if name.upper() == "O":
                found.append(("O", ""))
            elif match:
                found.append((match[1], match[2]))
            else:
                found.append(("I", name))
        return tuple(found)

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.overlong != "error" or not inputs:
            return []
        return self.overlong_faults(inputs, [len(ids) for ids in self._full(inputs)], "'window' reads all of it")

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Entities of each text, in the same order."""
        if not inputs:
            return []
        if self.overlong != "error" or self.limit is None:
            return self._tag([one.text for one in inputs])
        lengths = [len(ids) for ids in self._full(inputs)]
        asked = [i for i, length in enumerate(lengths) if length <= self.limit]
        answers = [self.overlong_answer(length) for length in lengths]
        for i, answer in zip(asked, self._tag([inputs[i].text for i in asked]), strict=True):
            answers[i] = answer
        return answers

    def _full(self, inputs: Sequence[Input]) -> list[Sequence[int]]:
        encoded = self.tokenizer([one.text for one in inputs], return_attention_mask=False, verbose=False)
        return list(encoded["input_ids"])

    def _tag(self, texts: list[str]) -> list[Answer]:
        # Needed by the thread that reads ahead, and not to be made there.
        _ = self.network, self.filler
        begun = (self._begin(read) for read in ahead(self._read, stretches(texts)))
        return [answer for read, passes in overlapped(begun) for answer in self._tagged(read, passes)]

    def _read(self, texts: list[str]) -> Read:
        plain = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return Read(texts, plain, *self._rows(texts))

    def _begin(self, read: Read) -> tuple[tuple[Read, list[Pass]], Callable[[], None]]:
        """The passes over these texts, and what waits for them."""
        import torch

        passes: list[Pass] = []

        def forward(chosen: list[int]) -> None:
            tensors = pad([read.windowed[i] for i in chosen], self.filler, self.network.device)
            with torch.inference_mode():
                logits = self.forward(**tensors).logits.float()
                probabilities, ids = logits.softmax(-1).max(-1)
                passes.append(Pass(chosen, ids, probabilities, torch.isfinite(logits).all(-1)))

        lengths = [len(row["input_ids"]) for row in read.windowed]
        return (read, passes), self.budget.begin(lengths, self.batch_size, forward)

    def _tagged(self, read: Read, passes: Sequence[Pass]) -> list[Answer]:
        predicted = zip(read.masks, _by_row(read.windowed, passes), strict=True)
        answers = []
        for i, text in enumerate(read.texts):
            offsets = read.plain["offset_mapping"][i]
            windows = self._windows(len(offsets))
            # Label id and probability of each token that was read.
            seen: list[tuple[int, float]] = []
            sound = True
            for (begin, _), (first, end) in zip(windows, own_parts(windows), strict=True):
                mask, (ids, probabilities, finite) = next(predicted)
                columns = [column for column, special in enumerate(mask) if not special]
                seen += [(ids[column], probabilities[column]) for column in columns[first - begin : end - begin]]
                sound &= finite
            counted: dict[str, Any] = {"tokens_read": len(seen), "tokens_cut": len(offsets) - len(seen)}
            counted |= {"windows": len(windows), "chars_read": chars_read(offsets, len(seen))}
            if not sound:
                answers.append(Answer(bin="nonfinite", reason=NOT_FINITE, **counted))
                continue
            tagged = []
            for word in words(text, offsets, read.plain.word_ids(i)):
                if word.first < len(seen):
                    label, probability = seen[word.first]
                    tagged.append(Tagged(word.start, word.end, *self.labels[label], probability))
            answers.append(Answer(entities=tuple(spans(text, tagged)), **counted))
        return answers

    def _windows(self, tokens: int) -> list[tuple[int, int]]:
        """The stretches in which a text of so many tokens is read."""
        if self.limit is None:
            return [(0, tokens)]
        capacity = self.limit - self.tokenizer.num_special_tokens_to_add()
        windows = windows_of(tokens, capacity, self.stride)
        return windows if self.overlong == "window" else windows[:1]

    def _rows(self, texts: list[str]) -> tuple[list[dict[str, list[int]]], list[list[int]]]:
        """Rows to read, one for each window of each text, and which of their columns are special tokens."""
        given: dict[str, Any] = {"return_special_tokens_mask": True, "verbose": False}
        if self.limit is not None:
            given |= {"truncation": True, "max_length": self.limit}
            if self.overlong == "window":
                shared = min(self.stride, (self.limit - self.tokenizer.num_special_tokens_to_add()) // 2)
                given |= {"return_overflowing_tokens": True, "stride": shared}
        encoded = self.tokenizer(texts, **given)
        return rows(encoded, keys(self.network, self.tokenizer)), list(encoded["special_tokens_mask"])


def _by_row(
    windowed: Sequence[dict[str, list[int]]], passes: Sequence[Pass]
) -> list[tuple[list[int], list[float], bool]]:
    """Label ids and their probabilities at each position of each row, and whether all scores are finite."""
    found: list[tuple[list[int], list[float], bool]] = [([], [], True)] * len(windowed)
    for one in passes:
        results = (several.tolist() for several in (one.ids, one.probabilities, one.finite))
        for i, ids, probabilities, finite in zip(one.chosen, *results, strict=True):
            n = len(windowed[i]["input_ids"])
            found[i] = (ids[:n], probabilities[:n], all(finite[:n]))
    return found


def words(text: str, offsets: Sequence[tuple[int, int]], numbers: Sequence[int | None]) -> list[Word]:
    """Words of a text from its sub-tokens' offsets and the tokenizer's word numbers.

    Example:
        >>> words("Bob, hi", [(0, 2), (2, 3), (3, 4), (4, 7)], [0, 0, 0, 1])
        [Word(first=0, start=0, end=3), Word(first=2, start=3, end=4), Word(first=3, start=5, end=7)]
    """
    groups: list[list[int]] = []
    blank = False  # whether the last group has nothing but spaces yet
    for i, (start, end) in enumerate(offsets):
        # Some tokenizers take a whole text for one word, so a space begins a word too.
        begins = i == 0 or numbers[i] != numbers[i - 1] or _spaced(text, start)
        if begins and not (blank and not _spaced(text, start, before=False)):
            groups.append([])
            blank = True
        groups[-1].append(i)
        blank = blank and not text[start:end].strip()
    found: list[Word] = []
    for group in groups:
        for part in _parts(text, offsets, group):
            start, end = offsets[part[0]][0], max(offsets[i][1] for i in part)
            while start < end and text[start].isspace():
                start += 1
            while start < end and text[end - 1].isspace():
                end -= 1
            if start < end and (not found or start >= found[-1].end):
                found.append(Word(part[0], start, end))
    return found


def _spaced(text: str, start: int, before: bool = True) -> bool:
    return text[start : start + 1].isspace() or (before and text[start - 1 : start].isspace())


def _parts(text: str, offsets: Sequence[tuple[int, int]], group: list[int]) -> list[list[int]]:
    """A tokenizer's word in parts: punctuation at its edges, a sub-token each, and what lies between."""
    if len(group) == 1:
        return [group]
    pieces = [text[offsets[i][0] : offsets[i][1]].strip() for i in group]
    marks = [bool(piece) and all(unicodedata.category(c)[0] in "PS" for c in piece) for piece in pieces]
    inner = [j for j, (piece, mark) in enumerate(zip(pieces, marks, strict=True)) if piece and not mark]
    if not inner:
        return [group]
    first, last = inner[0], inner[-1]
    parts: list[list[int]] = []
    waiting: list[int] = []
    for j in range(first):
        waiting.append(group[j])
        if marks[j]:
            parts.append(waiting)
            waiting = []
    parts.append([*waiting, *group[first : last + 1]])
    for j in range(last + 1, len(group)):
        if marks[j]:
            parts.append([group[j]])
        else:
            parts[-1].append(group[j])
    return parts


def spans(text: str, tagged: Sequence[Tagged]) -> list[Entity]:
    """Labelled words as entities, read as conlleval does.

    Example:
        >>> spans("Ann Lee met Bo", [Tagged(0, 3, "B", "PER", 0.5), Tagged(4, 7, "I", "PER", 1.0)])
        [Entity(start=0, end=7, label='PER', text='Ann Lee', score=0.75, parts=())]
    """
    groups: list[list[Tagged]] = []
    before: Tagged | None = None
    for word in tagged:
        if word.prefix != "O":
            goes_on = (
                before is not None
                and before.prefix not in LAST
                and before.type == word.type
                and word.prefix != "B"
                and word.prefix not in ALONE
            )
            if not goes_on:
                groups.append([])
            groups[-1].append(word)
        before = word
    return [
        Entity(
            group[0].start,
            group[-1].end,
            group[0].type,
            text[group[0].start : group[-1].end],
            sum(word.probability for word in group) / len(group),
        )
        for group in groups
    ]
