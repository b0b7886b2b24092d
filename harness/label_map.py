"""Maps from fine label schemes to coarse ones, applied to gold and predictions alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness.errors import ConfigError
from harness.files import sha256
from harness.resources import shipped


@dataclass(frozen=True)
class LabelMap:
    """Directed and many-to-one: `mapping` sends a label to a coarser one, or to None, which drops it.

    A label that is itself the end of an arrow stays as it is, so gold in the coarse scheme meets predictions in the
    fine one under the same map.

    Args:
        name: What signatures say: the file's name and a hash of its content, or `none`.
        mapping: From label to label or None.
    """

    name: str
    mapping: Mapping[str, str | None]

    def knows(self, label: str) -> bool:
        """Whether `label` has a place in the map; the empty map knows every label."""
        return not self.mapping or label in self.mapping or label in self.mapping.values()

    def apply(self, label: str) -> str | None:
        """The label's image, or None where the map drops it."""
        return self.mapping.get(label, label)


NO_MAP = LabelMap("none", {})


def maps_of(task: object, of_model: str | Iterable[str] | None) -> LabelMap:
    """The maps of a task and of its model joined; `strict`, which a model may say instead of a map, is none."""
    names = [of_model] if isinstance(of_model, str) else list(of_model or ())
    return load_label_map(dict.fromkeys([*getattr(task, "label_map", ()), *(n for n in names if n != "strict")]))


def load_label_map(names: Iterable[str]) -> LabelMap:
    """Joins shipped maps (`ontonotes_to_conll`) and YAML files of the user's into one map.

    Raises:
        ConfigError: A map that does not exist, is no map of strings, or contradicts another.
    """
    joined: dict[str, str | None] = {}
    titles = []
    for name in names:
        path = shipped("conf") / "label_map" / f"{name}.yaml"
        if not path.exists():
            path = Path(name).expanduser()
        if not path.is_file():
            known = sorted(found.stem for found in (shipped("conf") / "label_map").glob("*.yaml"))
            raise ConfigError(f"label_map: no shipped map and no file {name!r}; shipped: {', '.join(known)}")
        for fine, image in _read(path).items():
            if joined.get(fine, image) != image:
                raise ConfigError(f"{path}: sends {fine!r} to {image!r}, another map sends it to {joined[fine]!r}")
            joined[fine] = image
        titles.append(path.stem)
    if not titles:
        return NO_MAP
    for fine, image in joined.items():
        if image is not None and joined.get(image, image) != image:
            raise ConfigError(
                f"label_map {'+'.join(titles)}: sends {fine!r} to {image!r} and {image!r} to {joined[image]!r}; "
                "a label is mapped once, so say for each where it ends"
            )
    return LabelMap(f"{'+'.join(titles)}:{sha256(joined)[:8]}", joined)


def _read(path: Path) -> dict[str, str | None]:
    """The arrows of one file. Every scalar is a string: a label NO must not become False; a bare `null` drops."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ConfigError(f"{path}: expected YAML lines `FINE: COARSE`, found {error}") from None
    found: dict[str, str | None] = {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}: expected lines `FINE: COARSE` or `FINE: null`")
    for key, value in node.value:
        where = f"{path}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ConfigError(f"{where}: expected `FINE: COARSE` or `FINE: null`")
        if key.value in found:
            raise ConfigError(f"{where}: {key.value!r} stands twice")
        bare = value.style is None
        found[key.value] = None if bare and value.value.lower() in ("null", "~", "") else value.value
    return found
