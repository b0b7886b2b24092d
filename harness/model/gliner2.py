"""GLiNER2: entities of any label scheme without training, the labels given to the model in words."""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.config import nearest
from harness.errors import ConfigError, ResourceError
from harness.model.base import GoldUse
from harness.model.file_hashes import content_sha256
from harness.model.weights import PROBE_SECONDS, StoredWeights, fingerprint, locate, quiet
from harness.model.windows import chars_read, merged, word_windows
from harness.records import Answer, Entity, Example, Input, TaskName
from harness.said import shortened

if TYPE_CHECKING:
    from harness.gold import Corpus

ENCODER = "encoder_config/config.json"
# What the model is asked for a label of the common schemes, whose names mean little to it.
WORDS = {
    "PER": "person", "PERSON": "person", "ORG": "organization", "LOC": "location", "MISC": "miscellaneous name",
    "NORP": "nationality, religious or political group", "FAC": "facility", "GPE": "country, city or state",
    "PRODUCT": "product", "EVENT": "event", "WORK_OF_ART": "work of art", "LAW": "law", "LANGUAGE": "language",
    "DATE": "date", "TIME": "time", "PERCENT": "percentage", "MONEY": "amount of money", "QUANTITY": "quantity",
    "ORDINAL": "ordinal number", "CARDINAL": "cardinal number",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Gliner2:
    """Entities from a GLiNER2 or GLiNER2.5 checkpoint; the labels are those of the gold's scheme.

    A label is put to the model in words: those of `words`, else the ones that are known for common schemes (`GPE`:
    country, city or state), else the label in lower case with spaces for underscores. `descriptions` say more.

    A text of more than `max_words` words is read in windows that share `stride` words; where they disagree, the one
    speaks that saw the stretch farther from a cut. Words are what the checkpoint's word splitter takes for words.

    Args:
        path: A folder, or a hub name (looked up in the local cache), with model.safetensors.
        revision: Branch, tag or commit of a hub name; the commit it resolved to is in the signature.
        threshold: The least score of an entity.
        words: Label -> what the model is asked.
        descriptions: Label -> what it means, in a sentence.
        nested: Whether entities may overlap; otherwise of those that do the one with the highest score is kept.
        device: `auto` (cuda, then mps, then cpu) or a torch device such as `cuda:1`.
        batch_size: Windows in one forward pass; never moves an answer.
        max_words: Words read at once.
        overlong: `window` reads everything, `truncate` reads the beginning and counts what is cut, `error` refuses.
        stride: Words that two windows share; at most half a window.
        download: Whether a hub name that is not in the cache may be fetched.
    """

    path: str
    revision: str | None = None
    threshold: float = 0.5
    words: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    nested: bool = False
    device: str = "auto"
    batch_size: int = 8
    max_words: int = 384
    overlong: Literal["window", "truncate", "error"] = "window"
    stride: int = 64
    download: bool = False

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner",)
    gold: ClassVar[GoldUse] = "none"
    neutral: ClassVar[frozenset[str]] = frozenset({"download"})

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ValueError("path must name a folder or a hub model, got an empty string")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must lie between 0 and 1, got {self.threshold}")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.max_words < 2:
            raise ValueError(f"max_words must be at least 2, got {self.max_words}")
        if self.stride < 0:
            raise ValueError(f"stride must not be negative, got {self.stride}")
        for name in ("words", "descriptions"):
            for label, said in getattr(self, name).items():
                if not said.strip():
                    raise ValueError(f"{name}.{label} must not be empty")

    def prepare(self, examples: Sequence[Example], corpus: "Corpus") -> None:
        """Takes the label scheme.

        Raises:
            ConfigError: There is none, a parameter names a label that is not in it, or two labels have the same words.
        """
        labels = corpus.entity_labels
        if not labels:
            raise ConfigError("data.labels.entities: model kind 'gliner2' has to be told the labels; name them")
        for name in ("words", "descriptions"):
            foreign = [label for label in getattr(self, name) if label not in labels]
            if foreign:
                raise ConfigError(
                    f"model.ner.{name}: {foreign[0]!r} is not in the scheme ({', '.join(labels)})"
                    f"{nearest(foreign[0], labels)}"
                )
        asked: dict[str, str] = {}
        for label in labels:
            said = self.words.get(label) or WORDS.get(label.upper()) or label.replace("_", " ").lower()
            if said in asked:
                raise ConfigError(
                    f"model.ner.words: {asked[said]} and {label} are both {said!r}; say what each is: "
                    f"model.ner.words.{label}=..."
                )
            asked[said] = label
        self.__dict__["_asked"] = asked

    def signature(self) -> dict[str, Any]:
        """Parameters, the labels in words, and the weights' fingerprint; neither torch nor gliner2 is imported."""
        return {
            "kind": "gliner2",
            "path": self.path,
            "revision": self._weights.commit or self.revision,
            "threshold": self.threshold,
            "labels": {label: said for said, label in self._labels.items()},
            "descriptions": dict(self.descriptions),
            "nested": self.nested,
            "max_words": self.max_words,
            "overlong": self.overlong,
            "stride": self.stride,
            "weights": fingerprint(self._weights),
            "encoder": content_sha256(self._weights.folder / ENCODER),
            "gliner2": _installed(),
        }

    def load(self) -> None:
        """Loads the weights.

        Raises:
            ResourceError: They, a package or the device are not on this machine.
        """
        _ = self._extractor

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.overlong != "error":
            return []
        lengths = [len(self._split(one.text)) for one in inputs]
        return [
            f"example {one.id!r}: its input has {length} words, more than max_words={self.max_words} "
            "(model.ner.overlong=error; 'window' reads all of it)"
            for one, length in zip(inputs, lengths, strict=True)
            if length > self.max_words
        ]

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Entities of each text, in the same order."""
        split = [self._split(one.text) for one in inputs]
        windows = [self._windows(words) for words in split]
        places = [(i, window) for i, of in enumerate(windows) for window in of]
        found = self._extract([inputs[i].text[start:end] for i, (start, end) in places])
        answers = []
        for i, one in enumerate(inputs):
            of = [entities for (owner, _), entities in zip(places, found, strict=True) if owner == i]
            answers.append(self._answer(one.text, split[i], windows[i], of))
        return answers

    def _windows(self, words: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        windows = word_windows(words, self.max_words, self.stride)
        if len(windows) == 1 or self.overlong == "window":
            return windows
        return windows[:1] if self.overlong == "truncate" else []

    def _answer(
        self,
        text: str,
        words: Sequence[tuple[int, int]],
        windows: Sequence[tuple[int, int]],
        found: Sequence[list[Entity] | None],
    ) -> Answer:
        lengths = self._lengths([text[start:end] for start, end in words])
        if words and not windows:
            reason = f"overlong: the input has {len(words)} words, more than max_words={self.max_words}"
            return Answer(bin="failed", reason=reason, tokens_read=0, tokens_cut=sum(lengths))
        seen = [length for (_, end), length in zip(words, lengths, strict=True) if windows and end <= windows[-1][1]]
        counted: dict[str, Any] = {"tokens_read": sum(seen), "tokens_cut": sum(lengths) - sum(seen)}
        counted |= {"windows": max(1, len(windows)), "chars_read": chars_read(words, len(seen))}
        if any(one is None for one in found):
            return Answer(bin="nonfinite", reason="the model's scores are not finite numbers", **counted)
        shifted = [
            [entity.shifted(start) for entity in of or ()] for (start, _), of in zip(windows, found, strict=True)
        ]
        entities = merged(windows, shifted) if windows else []
        return Answer(entities=tuple(entities if self.nested else flat(entities)), **counted)

    def _extract(self, texts: Sequence[str]) -> list[list[Entity] | None]:
        """The entities of each window; None where the model's states are no numbers."""
        found: list[list[Entity] | None] = [[] for _ in texts]
        # Windows of like length waste the least on padding.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for first in range(0, len(order), self.batch_size):
            chosen = order[first : first + self.batch_size]
            results, finite = self._forward([texts[i] for i in chosen])
            if not finite and len(chosen) > 1:
                alone = [self._forward([texts[i]]) for i in chosen]
                results, sound = [one[0] for one, _ in alone], [finite for _, finite in alone]
            else:
                sound = [finite] * len(chosen)
            for i, result, good in zip(chosen, results, sound, strict=True):
                found[i] = list(self._read(texts[i], result)) if good else None
        return found

    def _forward(self, texts: list[str]) -> tuple[list[Mapping[str, Any]], bool]:
        extractor = self._extractor
        schema = extractor.create_schema().entities(
            {
                said: {"description": self.descriptions[label]} if label in self.descriptions else {}
                for said, label in self._labels.items()
            }
        )
        self.__dict__["_finite"] = True
        with quiet():
            results = extractor.batch_extract(
                texts,
                schema,
                batch_size=len(texts),
                threshold=self.threshold,
                include_confidence=True,
                include_spans=True,
                overlap_policy="nested" if self.nested else None,
            )
        return results, bool(self.__dict__["_finite"])

    def _read(self, text: str, result: Mapping[str, Any]) -> Iterator[Entity]:
        for said, spans in result["entities"].items():
            for span in spans:
                # The library ends a text with a full stop of its own where it has none.
                start, end = int(span["start"]), min(int(span["end"]), len(text))
                if start < end:
                    score = min(1.0, max(0.0, float(span["confidence"])))
                    yield Entity(start, end, self._labels[said], text[start:end], score)

    def _split(self, text: str) -> list[tuple[int, int]]:
        return [(start, end) for _, start, end in self._extractor.processor.word_splitter(text, lower=True)]

    def _lengths(self, words: list[str]) -> list[int]:
        """Tokens of each word, as the model reads it."""
        if not words:
            return []
        encoded = self._extractor.processor.tokenizer([word.lower() for word in words], add_special_tokens=False)
        return [len(ids) for ids in encoded["input_ids"]]

    @property
    def _labels(self) -> dict[str, str]:
        """What the model is asked -> the label."""
        asked: dict[str, str] = self.__dict__.get("_asked", {})
        return asked

    @cached_property
    def _weights(self) -> StoredWeights:
        """The checkpoint's folder, with nothing in it that would run code."""
        found = locate(self.path, self.revision, self.download, task="ner")
        if not (found.folder / ENCODER).is_file() and self.download and found.commit:
            _fetch_encoder(self.path, found.commit)
        if not (found.folder / ENCODER).is_file():
            raise ResourceError(f"{self.path}: no {ENCODER}, so this is no GLiNER2 checkpoint")
        if not (found.folder / "model.safetensors").is_file():
            raise ResourceError(f"{self.path}: no model.safetensors, and no other weights are read")
        # The library itself allows a checkpoint's own code.
        for name in ("config.json", ENCODER, "tokenizer_config.json"):
            if "auto_map" in json.dumps(found.read_json(name)):
                raise ResourceError(
                    f"{self.path}: {name} asks for code of its own (auto_map), and code from a model's folder is "
                    "never run"
                )
        return found

    @cached_property
    def _extractor(self) -> Any:
        folder = self._weights.folder
        try:
            torch = importlib.import_module("torch")
            library = importlib.import_module("gliner2")
            extractor_class = library.AutoExtractor
        except (ImportError, AttributeError) as fault:
            raise ResourceError(
                f"model kind 'gliner2' needs gliner2 2.1 or later and torch: pip install 'gliner2[local]' ({fault})"
            ) from fault
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        with quiet():
            transformers = importlib.import_module("transformers")
            transformers.logging.set_verbosity_error()
            try:
                model = extractor_class.from_pretrained(str(folder), local_files_only=True)
            except MemoryError:
                raise
            except Exception as fault:  # a damaged folder may raise anything
                raise ResourceError(f"{self.path}: gliner2 cannot load it: {shortened(fault)}") from fault
            try:
                model = model.eval().to(device)
            except torch.OutOfMemoryError:
                raise
            except (RuntimeError, AssertionError) as fault:
                said = shortened(fault)
                raise ResourceError(f"model.ner.device: {device!r} cannot be used here: {said}") from fault
        if not all(bool(torch.isfinite(weights).all()) for weights in model.parameters()):
            raise ResourceError(f"{self.path}: its weights hold numbers that are not finite")

        def look(_module: Any, _given: Any, states: Any) -> None:
            # A score that is no number is below any threshold: the text would be scored as one without entities.
            if not bool(torch.isfinite(states.last_hidden_state).all()):
                self.__dict__["_finite"] = False

        model.encoder.register_forward_hook(look)
        return model


def flat(entities: Sequence[Entity]) -> list[Entity]:
    """Entities without overlaps: the highest score first, then the longest, then the first.

    Example:
        >>> flat([Entity(0, 3, "P", score=0.6), Entity(2, 9, "Q", score=0.9), Entity(9, 12, "P", score=0.5)])
        [Entity(start=2, end=9, label='Q', text='', score=0.9, parts=()), \
Entity(start=9, end=12, label='P', text='', score=0.5, parts=())]
    """
    kept: list[Entity] = []
    # Places that are taken: looking each up is quick however many entities there are.
    taken: set[int] = set()
    ranked = sorted(entities, key=lambda one: (-(one.score or 0.0), one.start - one.end, one.start, one.label))
    for entity in ranked:
        if taken.isdisjoint(range(entity.start, entity.end)):
            taken.update(range(entity.start, entity.end))
            kept.append(entity)
    return sorted(kept)


def _installed() -> str:
    try:
        return version("gliner2")
    except PackageNotFoundError:
        raise ResourceError(
            "model kind 'gliner2' needs gliner2, which is not installed: pip install 'gliner2[local]'"
        ) from None


def _fetch_encoder(name: str, commit: str) -> None:
    """Fetches the one file in a folder of its own, which a checkpoint of transformers has not."""
    from huggingface_hub import hf_hub_download

    with quiet():
        try:
            hf_hub_download(name, ENCODER, revision=commit, etag_timeout=PROBE_SECONDS)
        except Exception as fault:  # whatever the network stack raises means the same here
            raise ResourceError(f"{name}: {ENCODER} could not be fetched ({type(fault).__name__})") from fault
