"""Where the shipped configuration, seed text, gold and weights lie, in a checkout and in an installed wheel alike."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# Paths in a configuration may start with this; so a stored configuration says the same on every machine.
PREFIX = "package:"


def shipped(name: str) -> Path:
    """Absolute path of a shipped folder or file, for instance `conf`, `seeds/x.txt` or `weights/tiny_ner`."""
    inside = PACKAGE / name
    installed = PACKAGE / "_data" / name
    if name.split("/")[0] == "weights":
        return inside
    return installed if (PACKAGE / "_data").is_dir() else PACKAGE.parent / name


def resolve(path: str) -> Path:
    """A path as configurations write it: `package:NAME` is shipped, anything else is relative to the working folder."""
    if path.startswith(PREFIX):
        return shipped(path.removeprefix(PREFIX))
    return Path(path).expanduser()
