"""spaCy pipelines for named entities: an installed package or a folder."""

import importlib.util
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal

from harness.errors import ConfigError, ResourceError
from harness.model.base import GoldUse
from harness.model.file_hashes import folder_sha256
from harness.model.windows import character_windows, merged
from harness.records import Answer, Entity, Input, TaskName
from harness.resources import resolve
from harness.said import shortened


@dataclass(frozen=True, kw_only=True)
class Spacy:
    """Entities from a spaCy pipeline: what its components write to `doc.ents`.

    The pipeline is loaded from its folder, so a package's own `__init__` is not run. spaCy gives entities no score.

    A text longer than the pipeline reads (its `max_length`, a million characters unless it says otherwise) is read in
    windows that share `stride` characters; where they disagree, the one speaks that saw the stretch farther from a cut.

    Args:
        path: The name of an installed pipeline (`en_core_web_sm`), or a folder that `nlp.to_disk` wrote.
        exclude: Components that are not loaded; those that the entities do not need may cost most of the time.
        batch_size: Texts per call; never moves an answer.
        max_length: Characters read at once; None takes the pipeline's own.
        overlong: `window` reads everything, `truncate` reads the beginning and counts what is cut, `error` refuses.
        stride: Characters that two windows share, at least; at most a quarter of a window.
    """

    path: str
    exclude: tuple[str, ...] = ()
    batch_size: int = 64
    max_length: int | None = None
    overlong: Literal["window", "truncate", "error"] = "window"
    stride: int = 1000

    tasks: ClassVar[tuple[TaskName, ...]] = ("ner",)
    gold: ClassVar[GoldUse] = "none"

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ValueError("path must name a spaCy pipeline or a folder, got an empty string")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.max_length is not None and self.max_length < 2:
            raise ValueError(f"max_length must be at least 2, got {self.max_length}")
        if self.stride < 0:
            raise ValueError(f"stride must not be negative, got {self.stride}")

    def signature(self) -> dict[str, Any]:
        """Parameters, the pipeline's name and version, and a hash of its files; spaCy is not imported."""
        try:
            installed = version("spacy")
        except PackageNotFoundError:
            raise ResourceError("model kind 'spacy' needs spaCy, which is not installed: pip install spacy") from None
        meta = _meta(self._folder)
        return {
            "kind": "spacy",
            "path": self.path,
            "exclude": sorted(self.exclude),
            "max_length": self.max_length,
            "overlong": self.overlong,
            "stride": self.stride,
            "pipeline": {key: str(meta.get(key, "")) for key in ("lang", "name", "version")},
            "files": folder_sha256(self._folder),
            "spacy": installed,
        }

    def load(self) -> None:
        """Loads the pipeline.

        Raises:
            ResourceError: It is not on this machine, is none, or has no component that finds entities.
        """
        _ = self._pipeline

    def check(self, inputs: Sequence[Input]) -> list[str]:
        """Inputs that are too long, where `overlong` is `error`: one line each, before anything is asked."""
        if self.overlong != "error":
            return []
        return [
            f"example {one.id!r}: its input has {len(one.text)} characters, {self.path} reads at most {self._limit} "
            "(model.ner.overlong=error; 'window' reads all of it)"
            for one in inputs
            if len(one.text) > self._limit
        ]

    def answer(self, inputs: Sequence[Input]) -> list[Answer]:
        """Entities of each text, in the same order."""
        windows = [self._windows(one.text) for one in inputs]
        texts = [one.text[start:end] for one, of in zip(inputs, windows, strict=True) for start, end in of]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            docs = iter(list(self._pipeline.pipe(texts, batch_size=self.batch_size)))
        return [self._answer(one.text, of, [next(docs) for _ in of]) for one, of in zip(inputs, windows, strict=True)]

    def _windows(self, text: str) -> list[tuple[int, int]]:
        if len(text) <= self._limit:
            return [(0, len(text))]
        if self.overlong == "error":
            return []
        windows = character_windows(text, self._limit, self.stride)
        return windows if self.overlong == "window" else windows[:1]

    def _answer(self, text: str, windows: Sequence[tuple[int, int]], docs: Sequence[Any]) -> Answer:
        if not windows:
            reason = f"overlong: the input has {len(text)} characters, {self.path} reads {self._limit}"
            return Answer(bin="failed", reason=reason, tokens_read=0, tokens_cut=self._count(text))
        found = [
            [
                Entity(start + span.start_char, start + span.end_char, span.label_, span.text)
                for span in doc.ents
                if span.label_
            ]
            for (start, _), doc in zip(windows, docs, strict=True)
        ]
        read = len(docs[0]) if len(windows) == 1 else self._count(text)
        cut = self._count(text[windows[-1][1] :])
        return Answer(
            entities=tuple(merged(windows, found)),
            tokens_read=read,
            tokens_cut=cut,
            windows=len(windows),
            chars_read=windows[-1][1] if cut else None,
        )

    def _count(self, text: str) -> int:
        return len(self._pipeline.make_doc(text)) if text else 0

    @cached_property
    def _limit(self) -> int:
        own = int(self._pipeline.max_length)
        if self.max_length is not None and self.max_length > own:
            raise ConfigError(f"model.ner.max_length: {self.path} reads {own} characters, got {self.max_length}")
        return self.max_length or own

    @cached_property
    def _folder(self) -> Path:
        """Where meta.json and config.cfg lie; no package is imported to find out."""
        folder = resolve(self.path)
        if not folder.is_dir() and self.path.isidentifier():
            spec = importlib.util.find_spec(self.path)
            if spec is not None and spec.origin:
                folder = Path(spec.origin).parent
                meta = _meta(folder)
                folder = folder / f"{meta.get('lang')}_{meta.get('name')}-{meta.get('version')}"
        if not (folder / "meta.json").is_file() or not (folder / "config.cfg").is_file():
            raise ResourceError(
                f"model.ner.path: {self.path!r} is neither an installed spaCy pipeline nor a folder with meta.json and "
                f"config.cfg; install one with 'python -m spacy download {self.path}', or name a folder that "
                "nlp.to_disk wrote"
            )
        return folder.resolve()

    @cached_property
    def _pipeline(self) -> Any:
        try:
            import spacy
        except ImportError:
            raise ResourceError("model kind 'spacy' needs spaCy, which is not installed: pip install spacy") from None
        known = _meta(self._folder).get("components", _meta(self._folder).get("pipeline", ()))
        foreign = sorted(set(self.exclude) - set(known))
        if foreign:
            raise ConfigError(f"model.ner.exclude: {self.path} has no {', '.join(foreign)}; it has {', '.join(known)}")
        try:
            with warnings.catch_warnings():
                # Such as that it was trained with another version: that version is in its signature.
                warnings.simplefilter("ignore")
                pipeline = spacy.load(self._folder, exclude=list(self.exclude))
        except MemoryError:
            raise
        except Exception as fault:  # a damaged folder may raise anything
            raise ResourceError(f"{self.path}: spaCy cannot load it: {shortened(fault)}") from fault
        if not any(_finds(pipeline, name) for name in pipeline.pipe_names):
            has = ", ".join(pipeline.pipe_names) or "none at all"
            raise ResourceError(f"{self.path}: none of its components finds entities; it has {has}")
        if not all(map(_finite, (component for _, component in pipeline.pipeline))):
            raise ResourceError(f"{self.path}: its weights hold numbers that are not finite")
        return pipeline


def _meta(folder: Path) -> dict[str, Any]:
    """The meta.json of a folder; empty where it is none."""
    try:
        found = json.loads((folder / "meta.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _finds(pipeline: Any, name: str) -> bool:
    """Whether a component may write `doc.ents`; of components from elsewhere that is not known."""
    component = pipeline.get_pipe(name)
    own = type(component).__module__.startswith("spacy.")
    return "doc.ents" in pipeline.get_pipe_meta(name).assigns or bool(getattr(component, "annotate_ents", not own))


def _finite(component: Any) -> bool:
    """Whether all weights of a component are numbers: with others it would find nothing, and that would be scored."""
    model: Any = getattr(component, "model", None)
    if not hasattr(model, "walk"):
        return True
    return all(
        bool(node.ops.xp.isfinite(node.get_param(name)).all())
        for node in model.walk()
        for name in node.param_names
        if node.has_param(name) is True
    )
