"""Token classification with any transformers checkpoint, over texts of any length."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from harness.errors import ResourceError
from harness.model.base import GoldUse
from harness.model.batching import ahead, keys, pad, stretches
from harness.model.budget import overlapped
from harness.model.checkpoint import NOT_FINITE
from harness.model.classifier import HfClassifier
from harness.model.token_words import Array, spans, words
from harness.model.windows import chars_read, own_parts, windows_of
from harness.records import Answer, Entity, Input, TaskName

PREFIXED = re.compile(r"([BIMELSU])-(.+)", re.DOTALL)
UNNAMED = re.compile(r"LABEL_\d+")
# A tokenizer's names for what models read. All of a row is attended to.
COLUMNS = {"input_ids": "ids", "token_type_ids": "type_ids"}


class Row(NamedTuple):
    """A row that the model reads, and what it speaks for.

    Args:
        columns: By the names that the model has for them.
        text: The number of its text.
        tokens: The tokens that it speaks for, among those of all texts one after the other.
        own: Where they stand in the row.
    """

    columns: dict[str, list[int]]
    text: int
    tokens: slice
    own: slice


class Pass(NamedTuple):
    """A forward pass: its rows, and at each of their positions the label, its probability and whether all are finite.

    Tensors, which a GPU may still be at work on: fetched when all passes are on their way.
    """

    chosen: list[int]
    ids: Any
    probabilities: Any
    finite: Any


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as tokens: as they are, and in the rows that the model reads.

    Args:
        texts: The texts.
        offsets: Of each text where its tokens stand, without special tokens.
        numbers: Of each text which of the tokenizer's words its tokens belong to.
        windows: Of each text the stretches of tokens in which it is read.
        rows: One for each window.
    """

    texts: list[str]
    offsets: list[list[tuple[int, int]]]
    numbers: list[list[int | None]]
    windows: list[list[tuple[int, int]]]
    rows: list[Row]


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
        _ = self.network, self.filler, self._capacity
        begun = (self._begin(read) for read in ahead(self._read, stretches(texts)))
        return [answer for read, passes in overlapped(begun) for answer in self._tagged(read, passes)]

    def _read(self, texts: list[str]) -> Read:
        bare = {"return_attention_mask": False, "return_token_type_ids": False}
        encodings = self.tokenizer(texts, add_special_tokens=False, verbose=False, **bare).encodings
        read = Read(texts, [one.offsets for one in encodings], [one.word_ids for one in encodings], [], [])
        taken = [key for key in keys(self.network, self.tokenizer) if key in COLUMNS]
        before = 0
        for text, (encoding, offsets) in enumerate(zip(encodings, read.offsets, strict=True)):
            windows = self._windows(len(offsets))
            read.windows.append(windows)
            framed = self._framed(encoding)
            for (begin, _), (first, end), row in zip(windows, own_parts(windows), framed, strict=True):
                column = row.special_tokens_mask.index(0) + first - begin if first < end else 0
                own = slice(column, column + end - first)
                columns = {key: getattr(row, COLUMNS[key]) for key in taken}
                read.rows.append(Row(columns, text, slice(before + first, before + end), own))
            before += len(offsets)
        return read

    def _framed(self, encoding: Any) -> list[Any]:
        """A text's tokens in windows, each with the special tokens around it: what the tokenizer itself makes of it."""
        if self._capacity is not None:
            encoding.truncate(self._capacity, stride=min(self.stride, self._capacity // 2))
        framed = self.tokenizer.backend_tokenizer.post_process(encoding)
        return [framed, *framed.overflowing] if self.overlong == "window" else [framed]

    def _begin(self, read: Read) -> tuple[tuple[Read, list[Pass]], Callable[[], None]]:
        """The passes over these texts, and what waits for them."""
        import torch

        passes: list[Pass] = []

        def forward(chosen: list[int]) -> None:
            tensors = pad([read.rows[i].columns for i in chosen], self.filler, self.network.device)
            with torch.inference_mode():
                logits = self.forward(**tensors).logits.float()
                probabilities, ids = logits.softmax(-1).max(-1)
                passes.append(Pass(chosen, ids, probabilities, torch.isfinite(logits).all(-1)))

        lengths = [len(row.columns["input_ids"]) for row in read.rows]
        return (read, passes), self.budget.begin(lengths, self.batch_size, forward)

    def _tagged(self, read: Read, passes: Sequence[Pass]) -> list[Answer]:
        labels, probabilities, unsound = self._predicted(read, passes)
        found = words(read.texts, read.offsets, read.numbers)
        chosen, certainty = labels[found.first], probabilities[found.first].tolist()
        # Tokens that were not read have the label after the last.
        named = (*self.labels, ("O", ""))
        label, text, start, end = (several.tolist() for several in (chosen, found.text, found.start, found.end))
        entities: list[list[Entity]] = [[] for _ in read.texts]
        for first, last in zip(*spans(named, chosen, found.text), strict=True):
            i, begin, stop = text[first], start[first], end[last - 1]
            score = sum(certainty[first:last]) / (last - first)
            entities[i].append(Entity(begin, stop, named[label[first]][1], read.texts[i][begin:stop], score))
        answers = []
        for i, (offsets, windows) in enumerate(zip(read.offsets, read.windows, strict=True)):
            seen = windows[-1][1]
            counted: dict[str, Any] = {"tokens_read": seen, "tokens_cut": len(offsets) - seen}
            counted |= {"windows": len(windows), "chars_read": chars_read(offsets, seen)}
            if i in unsound:
                answers.append(Answer(bin="nonfinite", reason=NOT_FINITE, **counted))
            else:
                answers.append(Answer(entities=tuple(entities[i]), **counted))
        return answers

    def _predicted(self, read: Read, passes: Sequence[Pass]) -> tuple[Array, Array, set[int]]:
        """Label id and probability of each token of all texts, and the texts whose scores are not all finite."""
        count = sum(map(len, read.offsets))
        labels, probabilities = np.full(count, len(self.labels)), np.zeros(count)
        unsound: set[int] = set()
        for one in passes:
            ids, certainty, finite = (each.numpy(force=True) for each in (one.ids, one.probabilities, one.finite))
            for place, i in enumerate(one.chosen):
                row = read.rows[i]
                labels[row.tokens] = ids[place, row.own]
                probabilities[row.tokens] = certainty[place, row.own]
                if not finite[place, : len(row.columns["input_ids"])].all():
                    unsound.add(row.text)
        return labels, probabilities, unsound

    @cached_property
    def _capacity(self) -> int | None:
        """Tokens of a text that the model reads at once; None where nothing limits them."""
        return None if self.limit is None else self.limit - int(self.tokenizer.num_special_tokens_to_add())

    def _windows(self, tokens: int) -> list[tuple[int, int]]:
        """The stretches in which a text of so many tokens is read."""
        if self._capacity is None:
            return [(0, tokens)]
        windows = windows_of(tokens, self._capacity, self.stride)
        return windows if self.overlong == "window" else windows[:1]
