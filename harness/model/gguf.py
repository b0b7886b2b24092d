"""Where a GGUF file lies and what identifies it: one file that holds configuration, tokenizer and weights."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.errors import ResourceError
from harness.model.weights import HUB_NAME, StoredWeights, quiet
from harness.resources import resolve

SUFFIX = ".gguf"
_MAGIC = b"GGUF"
# transformers reads GGUF files with the help of these.
NEEDED = ("gguf", "accelerate")


@dataclass(frozen=True, slots=True)
class GgufFile(StoredWeights):
    """A GGUF file on this machine.

    Args:
        file: Its name in the folder.
    """

    file: str = ""

    def files(self) -> list[Path]:
        """The file: nothing else is read."""
        return [self.folder / self.file]


def locate_gguf(path: str, file: str | None, revision: str | None, download: bool, *, task: str) -> GgufFile:
    """Finds a GGUF file without touching the network, unless `download` allows it.

    Args:
        path: The file itself, the folder that holds it, or a hub name, looked up in the local cache.
        file: Its name; None where `path` is the file.
        revision: Branch, tag or commit of a hub name.
        download: Whether a hub name that is not in the cache may be fetched.
        task: Whose key the messages name.

    Raises:
        ResourceError: It is not on this machine, or is no GGUF file.
    """
    place = resolve(path)
    if file is None:
        file, place = place.name, place.parent
    elif Path(file).name != file:
        raise ResourceError(f"model.{task}.gguf_file: expected a file name, got {file!r}")
    if place.is_dir():
        if not (place / file).is_file():
            held = sorted(found.name for found in place.glob(f"*{SUFFIX}"))
            there = f"; there are {', '.join(held[:10])}" if held else ""
            raise ResourceError(f"model.{task}.gguf_file: {place} holds no {file!r}{there}")
        found = GgufFile(place.resolve(), path, None, file)
    elif HUB_NAME.fullmatch(path):
        found = _from_hub(path, file, revision, download, task)
    else:
        raise ResourceError(f"model.{task}.path: {path!r} is no folder on this machine")
    if (found.folder / "adapter_config.json").exists():
        # transformers would put it on the file's weights where peft is installed, and the signature would not say so.
        raise ResourceError(
            f"{found.folder}: holds a PEFT adapter (adapter_config.json) beside {file}; put the file into a folder of "
            "its own"
        )
    with (found.folder / file).open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise ResourceError(f"{found.folder / file}: is no GGUF file")
    return found


def require_packages(kind: str) -> None:
    """Refuses to go on where a package is missing that GGUF files are read with."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ResourceError(
            f"model kind {kind!r} needs {' and '.join(missing)} to read GGUF files, the extra `gguf` of this package: "
            f"pip install {' '.join(missing)}"
        )


def _from_hub(name: str, file: str, revision: str | None, download: bool, task: str) -> GgufFile:
    with quiet():
        from huggingface_hub import hf_hub_download, try_to_load_from_cache

        try:
            cached = try_to_load_from_cache(name, file, revision=revision)
            if not isinstance(cached, str) and download:
                cached = hf_hub_download(name, file, revision=revision, etag_timeout=3)
        except Exception as fault:  # whatever the network stack raises means the same here
            raise ResourceError(f"model {name!r}: {file} could not be fetched ({type(fault).__name__})") from fault
    if not isinstance(cached, str):
        at = f" --revision {revision}" if revision else ""
        raise ResourceError(
            f"model {name!r}: {file} is not in the local Hugging Face cache: run 'hf download {name} {file}{at}', or "
            f"allow it with model.{task}.download=true, or set model.{task}.path to the file"
        )
    folder = Path(cached).parent
    return GgufFile(folder, name, folder.name, file)
