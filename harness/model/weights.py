"""Where a transformers checkpoint lies and what identifies it: safetensors only, offline by default.

Nothing here imports torch or transformers, so that a signature (the key under which answers are kept) can be had
without them.
"""

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, ResourceError
from harness.model.file_hashes import content_sha256
from harness.resources import PREFIX, resolve

HUB_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?", re.ASCII)
# What is read beside the weights; each may move an answer, so each is in the fingerprint.
READ = (
    "config.json",
    "generation_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "added_tokens.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "bpe.codes",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
    "source.spm",
    "target.spm",
)
# Any of these makes a tokenizer.
TOKENIZERS = frozenset(READ[READ.index("tokenizer.json") :])
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
PROBE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """A checkpoint on this machine.

    Args:
        folder: Holds config.json, tokenizer files and `*.safetensors`.
        name: What the configuration calls it.
        commit: The commit that a hub name resolved to; None for a folder.
    """

    folder: Path
    name: str
    commit: str | None = None

    def files(self) -> list[Path]:
        """Every file that can move an answer, by name."""
        named = [self.folder / name for name in (*READ, INDEX)]
        return sorted({*filter(Path.is_file, named), *self.folder.glob("*.safetensors")}, key=lambda file: file.name)

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON object of the checkpoint; empty where there is no such file."""
        file = self.folder / name
        if not file.is_file():
            return {}
        try:
            found = json.loads(file.read_bytes())
        except ValueError as fault:
            raise ResourceError(f"{file}: not JSON: {fault}") from fault
        if not isinstance(found, dict):
            raise ResourceError(f"{file}: expected a JSON object, found {type(found).__name__}")
        return found


def locate(path: str, revision: str | None = None, download: bool = False, *, task: str = "<task>") -> StoredWeights:
    """Finds a checkpoint without touching the network, unless `download` allows one attempt.

    Args:
        path: A folder, `package:weights/NAME`, or a hub name, which is looked up in the local cache alone.
        revision: Branch, tag or commit of a hub name; a folder has none.
        download: Whether a hub name that is not in the cache may be fetched.
        task: Whose key the messages name.

    Raises:
        ResourceError: It is not on this machine, or holds no weights in safetensors.
    """
    folder = resolve(path) if path else None
    if folder is not None and folder.is_dir():
        found = StoredWeights(folder.resolve(), path)
        _inspect(found)
        return found
    if folder is not None and folder.is_file():
        raise ResourceError(f"model.{task}.path: {path!r} is a file; expected a checkpoint's folder or a hub name")
    if path.startswith(PREFIX) or not HUB_NAME.fullmatch(path):
        raise ResourceError(f"model.{task}.path: {path!r} is no folder on this machine")
    cached = _cached(path, revision)
    if cached is None and download:
        cached = _fetch(path, revision, task)
    if cached is None:
        raise ResourceError(_absent(path, revision, task))
    _inspect(cached, hint=_absent(path, revision, task))
    return cached


def fingerprint(weights: StoredWeights) -> str:
    """SHA-256 over the names and contents of configuration, tokenizer and weights."""
    total = hashlib.sha256()
    for file in weights.files():
        total.update(f"{file.name}\0{content_sha256(file)}\n".encode())
    return total.hexdigest()


def _absent(name: str, revision: str | None, task: str, why: str = "") -> str:
    at = f" --revision {revision}" if revision else ""
    cause = f" and could not be fetched ({why})" if why else ""
    return (
        f"model {name!r} is neither a folder nor in the local Hugging Face cache{cause}: run 'hf download {name}{at}', "
        f"or allow it with model.{task}.download=true, or set model.{task}.path to a folder that holds it"
    )


def _cached(name: str, revision: str | None) -> StoredWeights | None:
    _set_environment()
    from huggingface_hub import try_to_load_from_cache

    try:
        config = try_to_load_from_cache(name, "config.json", revision=revision)
    except ValueError:  # a name or revision that the hub itself would refuse
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return StoredWeights(folder, name, folder.name)


def _fetch(name: str, revision: str | None, task: str) -> StoredWeights:
    _set_environment()
    from huggingface_hub import HfApi, snapshot_download

    with quiet():
        try:
            # Asked first, with a short limit: the download itself would retry for minutes on a dead network.
            info = HfApi().model_info(name, revision=revision, timeout=PROBE_SECONDS)
            held = {file.rfilename for file in info.siblings or ()}
            if not any(file.endswith(".safetensors") and "/" not in file for file in held):
                raise ResourceError(_pickled(name, sorted(file for file in held if file.endswith(".bin"))))
            folder = Path(
                snapshot_download(
                    name,
                    revision=info.sha or revision,
                    allow_patterns=[*READ, INDEX, "*.safetensors"],
                    ignore_patterns=["*/*"],
                    etag_timeout=PROBE_SECONDS,
                )
            )
        except HarnessError:
            raise
        except Exception as fault:  # whatever the network stack raises means the same here
            raise ResourceError(_absent(name, revision, task, type(fault).__name__)) from fault
    return StoredWeights(folder, name, folder.name)


def _pickled(name: str, files: Sequence[str]) -> str:
    held = f"holds {', '.join(files[:3])}" if files else "holds none"
    return (
        f"{name}: safetensors required, but it {held} (pickled weights can run code and are never read); "
        "name a folder or a revision with *.safetensors"
    )


def _inspect(weights: StoredWeights, hint: str | None = None) -> None:
    """Refuses a folder that is incomplete, or that would load something else than its own safetensors."""
    name, folder = weights.name, weights.folder
    if not (folder / "config.json").is_file():
        raise ResourceError(f"{name}: no config.json, so this is no transformers checkpoint")
    config = weights.read_json("config.json")
    if (folder / "adapter_config.json").exists():
        raise ResourceError(f"{name}: is a PEFT adapter (adapter_config.json); merge it into its base model first")
    shards = sorted(file.name for file in folder.glob("*.safetensors"))
    if not shards:
        pickles = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
        raise ResourceError(hint if hint and not pickles else _pickled(name, pickles))
    # Both may name a file of another kind, which transformers would then unpickle.
    named = {str(config["transformers_weights"])} if config.get("transformers_weights") else set()
    mapped = weights.read_json(INDEX).get("weight_map", {})
    named |= {str(file) for file in mapped.values()} if isinstance(mapped, dict) else {f"a broken {INDEX}"}
    for file in sorted(named - {INDEX}):
        if file not in shards:
            raise ResourceError(hint or f"{name}: config or index names weights in {file!r}, expected one of {shards}")
    if not any((folder / file).is_file() for file in TOKENIZERS):
        raise ResourceError(hint or f"{name}: no tokenizer files (tokenizer.json, vocab.txt, *.model)")


def _set_environment() -> None:
    for key, value in {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    }.items():
        os.environ.setdefault(key, value)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps warnings and progress bars of the libraries off the user's terminal: what matters is raised or counted."""
    _set_environment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from huggingface_hub import utils

        utils.disable_progress_bars()  # type: ignore[attr-defined]
        yield
