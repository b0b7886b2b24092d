"""Token classification with any transformers checkpoint, over texts of any length."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from harness.errors import ResourceError
from harness.model.base import GoldUse
from harness.model.batching import TOKENS_PER_ROW, batches, keys, pad, rows
from harness.model.checkpoint import HfModel
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
class Tagged:
    """A word's span with its label (prefix and type; `O` has no type) and the probability of that label."""

    start: int
    end: int
    prefix: str
    type: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class HfTagger(HfModel):
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
        if not texts:
            return []
        plain = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        lengths = [len(ids) for ids in plain["input_ids"]]
        windowed, owners, masks = self._windows(texts)
        predicted = self._predict(windowed)

        # Of each text and token: label id, probability and how far from a cut that window saw it.
        best: list[list[tuple[int, float, float] | None]] = [[None] * n for n in lengths]
        finite = [True] * len(texts)
        begun = [0] * len(texts)
        for owner, mask, (ids, probabilities, sound) in zip(owners, masks, predicted, strict=True):
            columns = [column for column, special in enumerate(mask) if not special]
            begin, n = begun[owner], lengths[owner]
            end = begin + len(columns)
            finite[owner] &= sound
            for j, column in enumerate(columns):
                # The text's own ends are no cuts.
                left = float("inf") if begin == 0 else j
                right = float("inf") if end == n else len(columns) - 1 - j
                distance = min(left, right)
                kept = best[owner][begin + j]
                if kept is None or distance > kept[2]:
                    best[owner][begin + j] = (ids[column], probabilities[column], distance)
            begun[owner] = end if end == n else end - self._shared(len(columns))

        answers = []
        for i, text in enumerate(texts):
            read = sum(one is not None for one in best[i])
            counted: dict[str, Any] = {"tokens_read": read, "tokens_cut": lengths[i] - read}
            if not finite[i]:
                answers.append(Answer(bin="nonfinite", reason="the model's scores are not finite numbers", **counted))
                continue
            tagged = []
            for word in words(text, plain["offset_mapping"][i], plain.word_ids(i)):
                seen = best[i][word.first]
                if seen is not None:
                    prefix, kind = self.labels[seen[0]]
                    tagged.append(Tagged(word.start, word.end, prefix, kind, seen[1]))
            answers.append(Answer(entities=tuple(spans(text, tagged)), **counted))
        return answers

    def _shared(self, capacity: int) -> int:
        return min(self.stride, capacity // 2)

    def _windows(self, texts: list[str]) -> tuple[list[dict[str, list[int]]], list[int], list[list[int]]]:
        """Rows to read, which text each is of, and which of its columns are special tokens."""
        given: dict[str, Any] = {"return_special_tokens_mask": True, "verbose": False}
        if self.limit is not None:
            given |= {"truncation": True, "max_length": self.limit}
            if self.overlong == "window":
                capacity = self.limit - self.tokenizer.num_special_tokens_to_add()
                given |= {"return_overflowing_tokens": True, "stride": self._shared(capacity)}
        encoded = self.tokenizer(texts, **given)
        owners = encoded["overflow_to_sample_mapping"] if "overflow_to_sample_mapping" in encoded else range(len(texts))
        kept = keys(self.network, self.tokenizer)
        return rows(encoded, kept), list(owners), list(encoded["special_tokens_mask"])

    def _predict(self, windowed: Sequence[dict[str, list[int]]]) -> list[tuple[list[int], list[float], bool]]:
        """Label ids and their probabilities at each position of each row, and whether all scores are finite."""
        import torch

        lengths = [len(row["input_ids"]) for row in windowed]
        found: list[tuple[list[int], list[float], bool]] = [([], [], True)] * len(windowed)
        for chosen in batches([*lengths], self.batch_size, TOKENS_PER_ROW * self.batch_size):
            if not lengths[chosen[0]]:
                continue
            chosen = [i for i in chosen if lengths[i]]
            tensors = pad([windowed[i] for i in chosen], self.tokenizer.pad_token_id, self.network.device)
            with torch.inference_mode():
                logits = self.network(**tensors).logits.float()
                probabilities, ids = logits.softmax(-1).max(-1)
                sound = torch.isfinite(logits).all(-1)
            for row, i in enumerate(chosen):
                n = lengths[i]
                found[i] = (ids[row, :n].tolist(), probabilities[row, :n].tolist(), bool(sound[row, :n].all()))
        return found


def words(text: str, offsets: Sequence[tuple[int, int]], numbers: Sequence[int | None]) -> list[Word]:
    """Words of a text from its sub-tokens' offsets and the tokenizer's word numbers.

    Example:
        >>> words("Bob, hi", [(0, 2), (2, 3), (3, 4), (4, 7)], [0, 0, 0, 1])
        [Word(first=0, start=0, end=3), Word(first=2, start=3, end=4), Word(first=3, start=5, end=7)]
    """
    groups: list[list[int]] = []
    for i, (start, _) in enumerate(offsets):
        # Some tokenizers take a whole text for one word, so a space begins a word too.
        begins = i == 0 or numbers[i] != numbers[i - 1] or _spaced(text, start)
        if begins and not (groups and _blank(text, offsets, groups[-1]) and not _spaced(text, start, before=False)):
            groups.append([])
        groups[-1].append(i)
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


def _blank(text: str, offsets: Sequence[tuple[int, int]], group: Iterable[int]) -> bool:
    return not any(text[offsets[i][0] : offsets[i][1]].strip() for i in group)


def _parts(text: str, offsets: Sequence[tuple[int, int]], group: list[int]) -> list[list[int]]:
    """A tokenizer's word in parts: punctuation at its edges, a sub-token each, and what lies between."""
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
