"""From the command line to configurations: Hydra composes, and everything is checked before anything acts.

Hydra acts on some keys before a job begins (callbacks, loggers, output folders), so the configuration of every job is
composed and checked first, and only then handed to `hydra.main`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from harness.config import (
    CALLABLE_KEYS,
    RunConfig,
    is_secret_key,
    nearest,
    refuse_forbidden,
    refuse_secret,
    typed_config,
)
from harness.errors import ConfigError, UsageError
from harness.prompt_files import expanded
from harness.records import TASKS
from harness.required import needs_value
from harness.resources import shipped

CONFIG_NAME = "evaluate"
# What a reference configuration has where the user must give a value.
UNSET = "<to be set>"
# Flags that are passed on to Hydra; each with whether a value follows.
_FLAGS = {
    "-m": False, "--multirun": False, "--config-dir": True, "-cd": True, "--cfg": True, "-c": True, "--resolve": False,
    "--package": True, "-p": True, "--info": True, "-i": True,
}  # fmt: skip
# Of Hydra's own settings only those that say where and how jobs run.
_HYDRA_KEYS = re.compile(r"[+~]{0,2}hydra(/|\.)(launcher|sweeper)\b.*|hydra\.(mode|verbose)")
# Values that are paths, which may hold characters that mean something to Hydra.
_PATH_KEY = re.compile(
    r"\+{0,2}(results|data\.(documents|gold)|model(\.\w+)*\.(path|prompt)|metric\.\w+\.judge(\.\w+)*\.(path|prompt))"
)
# Parameters that only a kind knows.
_OPTION = re.compile(r"(data|model)\.(\w+\.)?options\.\w+|metric\.\w+\.judge(\.\w+)+")
# What leaves model, task and the other parameters of the data as their files have them.
_CHANGES_NO_FILE = re.compile(
    r"data|task|model|metric|engine|results|fresh|dry_run|energy|slices|hydra\b.*|data\.(name|about|documents|gold)"
    r"|(engine|interval|fail_on_error)\..*"
)
# A value that the user quoted already.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
# What Hydra raises at some malformed overrides instead of an exception of its own.
_SLIPS = (ValueError, TypeError, AttributeError, AssertionError, RecursionError)


@dataclass(frozen=True)
class CommandLine:
    """The arguments of a run, sorted and quoted.

    Args:
        flags: Hydra's own flags with their values.
        overrides: `key=value`, paths quoted.
        multirun: Whether `-m` was given.
        config_dir: The user's own configurations.
    """

    flags: tuple[str, ...]
    overrides: tuple[str, ...]
    multirun: bool
    config_dir: str | None


@dataclass(frozen=True)
class Composed:
    """One job's configuration, checked.

    Args:
        config: Typed.
        raw: The same as plain values, resolved, without Hydra's part.
        reference: The plain values that the chosen files have when nothing is overridden.
        explicit_tasks: Whether the tasks were named on the command line or by a recipe.
        explicit_metrics: Whether the metrics were named on the command line.
    """

    config: RunConfig
    raw: dict[str, Any]
    reference: dict[str, Any] = field(default_factory=dict)
    explicit_tasks: bool = False
    explicit_metrics: bool = False


def parse_arguments(arguments: Sequence[str]) -> CommandLine:
    """Sorts the arguments of a run; refuses unknown flags, callables and secrets before Hydra sees them.

    Raises:
        UsageError: An unknown flag, or an argument that is no override.
        ConfigError: A forbidden key or a secret.
    """
    flags: list[str] = []
    overrides: list[str] = []
    config_dir = None
    waiting = list(arguments)
    multirun = False
    while waiting:
        argument = waiting.pop(0)
        name, has_value, value = argument.partition("=")
        _refuse_unwritable(argument)
        refuse_secret(name, "the command line")
        refuse_secret(value, name)
        if argument.startswith("-"):
            if name not in _FLAGS:
                raise UsageError(f"{name}: unknown option{nearest(name, _FLAGS)}; see `python -m harness --help`")
            if _FLAGS[name] and not has_value:
                if not waiting:
                    raise UsageError(f"{name}: needs a value")
                value = waiting.pop(0)
            if name in ("-m", "--multirun"):
                multirun = True
            if name in ("--config-dir", "-cd"):
                _refuse_unwritable(value)
                refuse_secret(value, name)
                if not Path(value).is_dir():
                    raise UsageError(f"--config-dir: no such folder: {value}")
                config_dir = value
            flags += [name, value] if _FLAGS[name] else [name]
            continue
        bare = name.lstrip("+~")
        if not bare.strip() or (not has_value and not argument.startswith("~")):
            raise UsageError(f"{argument!r}: expected key=value; see `python -m harness --help`")
        parts = re.split(r"[./@:]", bare)
        if "callbacks" in parts or any(part in CALLABLE_KEYS for part in parts):
            raise ConfigError(f"{name}: a configuration cannot name a callable; choose a `kind` instead")
        if is_secret_key(parts[-1]) and value:
            raise ConfigError(
                f"{name}: keys and passwords never stand in a configuration; put it into an environment variable"
            )
        if bare.split(".")[0].split("/")[0] == "hydra" and not _HYDRA_KEYS.fullmatch(name):
            raise ConfigError(
                f"{name}: of Hydra's settings only hydra/launcher, hydra.launcher.*, hydra/sweeper and hydra.verbose "
                "can be set"
            )
        if argument == "hydra.mode=MULTIRUN":
            multirun = True
        # Each format has its own `options`, each kind of judge its own parameters; so no `+` is asked for.
        overrides.append(f"++{argument}" if _OPTION.fullmatch(name) else argument)
    return CommandLine(tuple(flags), tuple(quote_path(o, multirun=multirun) for o in overrides), multirun, config_dir)


def quote_path(override: str, *, multirun: bool) -> str:
    """Quotes a path-valued override, so that blanks, commas, parentheses and `=` in it mean nothing to Hydra.

    In a sweep a comma separates values, unless the whole value is an existing path.
    """
    key, _, value = override.partition("=")
    if not _PATH_KEY.fullmatch(key) or _QUOTED.fullmatch(value) or value in ("", "null", "???"):
        return override
    if multirun and "," in value and not Path(value).expanduser().exists():
        return override
    return f"{key}={quoted(value)}"


def quoted(value: str) -> str:
    """A text as a value that means itself, whatever is in it.

    Two grammars read it, OmegaConf's of interpolations and, around it, Hydra's of quoted strings; in both a backslash
    counts only before what it protects.
    """
    return _quoted(re.sub(r"(\\*)\$\{", lambda found: found.group(1) * 2 + "\\${", value))


def _quoted(value: str) -> str:
    value = re.sub(r"(\\*)'", lambda found: found.group(1) * 2 + "\\'", value)
    return "'" + re.sub(r"\\+\Z", lambda found: found.group(0) * 2, value) + "'"


def _refuse_unwritable(argument: str) -> None:
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            f"{argument.encode('utf-8', 'backslashreplace').decode()}: not UTF-8, so it cannot be recorded; rename it"
        ) from None


def compose_jobs(line: CommandLine) -> list[Composed]:
    """Every job of a command line, composed and checked; one for a single run.

    Raises:
        ConfigError: With Hydra's message and the nearest known key, or what the checks found.
    """
    return [_checked(_compose(job, line.config_dir), line) for job in _split(line)]


def compose_job(line: CommandLine, number: int) -> Composed:
    """One job of a sweep, for the worker in another process that carries it out."""
    return _checked(_compose(_split(line)[number], line.config_dir), line)


def compose_option(group: str, name: str, config_dir: str | None) -> Any:
    """What a file of a group beside those of a run (`gate`) says, composed as Hydra does and resolved.

    Args:
        group: The folder in `conf/`.
        name: The file's stem.
        config_dir: The user's own configurations.

    Raises:
        ConfigError: No such file (names the nearest), or something that no configuration may hold.
    """
    if config_dir is not None and not Path(config_dir).is_dir():
        raise UsageError(f"--config-dir: no such folder: {config_dir}")
    composed = _compose([f"+{group}={name}"], config_dir)
    refuse_forbidden(OmegaConf.to_container(composed, resolve=False))
    return _plain({group: composed[group]})[group]


def _split(line: CommandLine) -> list[list[str]]:
    """The overrides of each job, as Hydra's own sweeper splits them."""
    given = _parse(line.overrides, line.config_dir)
    swept: list[str] = []
    multirun = line.multirun
    if multirun or any(override.startswith("+") for override in line.overrides):
        # Only a whole composition says whether a recipe asks for a sweep; each sweep is cut to its first value for it.
        first = _compose(_jobs(given)[0] if multirun else line.overrides, line.config_dir)
        refuse_forbidden(OmegaConf.to_container(first, resolve=False))
        multirun = multirun or str(first.hydra.mode).endswith("MULTIRUN")
        parameters = first.hydra.sweeper.params if multirun else None
        if parameters is not None:
            items = OmegaConf.to_container(parameters, resolve=False)
            assert isinstance(items, dict)
            swept = [f"{key!s}={value}" for key, value in items.items()]
    return _jobs([*_parse(swept, line.config_dir), *given]) if multirun else [list(line.overrides)]


def _jobs(overrides: list[Any]) -> list[list[str]]:
    try:
        return [list(job) for batch in BasicSweeper.split_arguments(overrides, None) for job in batch]
    except HydraException as error:
        raise ConfigError(str(error)) from None


def _parse(overrides: Iterable[str], config_dir: str | None) -> list[Any]:
    # `glob(...)` asks the loader which options there are.
    search = create_config_search_path(str(shipped("conf")))
    if config_dir is not None:
        search.append("command-line", f"file://{Path(config_dir).resolve()}")
    try:
        parser = OverridesParser.create(ConfigLoaderImpl(config_search_path=search))
        return list(parser.parse_overrides(list(overrides)))
    except HydraException as error:
        said = " ".join(str(error).split("See https")[0].split())
        # What the parser calls its own classes says nothing to a user.
        said = re.sub(r"^\w+Exception: ", "not understood: ", said)
        raise ConfigError(f"{said}; quote values with special characters: key='\"a,b\"'") from None


def _compose(overrides: Iterable[str], config_dir: str | None) -> DictConfig:
    chosen = list(overrides)
    if config_dir is not None:
        # Hydra reads this one as it stands, without interpolations.
        chosen.append(f"hydra.searchpath=[{_quoted(f'file://{Path(config_dir).resolve()}')}]")
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(shipped("conf")), version_base="1.3"):
            return compose(CONFIG_NAME, overrides=chosen, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, *_SLIPS) as error:
        raise ConfigError(_explained(error, chosen, config_dir)) from None


def _explained(error: Exception, overrides: Sequence[str], config_dir: str | None) -> str:
    """Hydra's message in one line, with the nearest known option or key."""
    text = str(error)
    several = re.search(r"Ambiguous value for argument '([^']+)'", text)
    if several:
        key, _, values = several.group(1).partition("=")
        return f"{several.group(1)}: several values are a sweep, which needs -m; for a list write {key}=[{values}]"
    option = re.search(r"Could not (?:find|load) '([\w/-]+)/([^'/]+)'", text)
    if option:
        group, name = option.groups()
        if group.partition("/")[0] == "prompt" and (name.endswith((".yaml", ".yml")) or "/" in group):
            file = f"{group.partition('/')[2]}/{name}" if "/" in group else name
            return (
                f"prompt={file}: no such option; prompt= takes a name of conf/prompt, a file is given for each task: "
                f"model.TASK.prompt={file}"
            )
        places = [shipped("conf"), *([Path(config_dir)] if config_dir else [])]
        known = sorted({path.stem for place in places for path in (place / group).glob("*.yaml")})
        if group.startswith("hydra/"):
            known = re.findall(r"^\t(\w+)$", text, re.MULTILINE)
        choose = f"; there are {', '.join(known)}" if known else ""
        own = f"; for a corpus of yours: data=local data.name={name} data.documents=DIR data.gold=DIR"
        return f"{group}={name}: no such option{nearest(name, known)}{choose}{own if group == 'data' else ''}"
    unknown = re.search(r"Could not override '([^']+)'", text)
    inner = re.search(r"Key '([^']+)' is not in struct", text)
    if unknown or inner:
        parts = [found.group(1) for found in (unknown, inner) if found]
        key = parts[0] if parts[0].rpartition(".")[2] == parts[-1] else ".".join(parts)
        known = _known_keys(overrides, config_dir)
        if key in known:
            return f"{key}: has no such part; to add it, write +{key}=..."
        return f"{key}: unknown key{nearest(key, known)}; `python -m harness --cfg job` prints every key"
    group = re.search(r"Could not override '?([\w/]+)'?\. *\n?No match in the defaults list", text)
    if group:
        return f"{group.group(1)}: no such group; there are data, task, model, metric, engine, prompt and +experiment"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:3])


def _known_keys(overrides: Sequence[str], config_dir: str | None) -> list[str]:
    """Every key that the chosen files have, or the default ones where the choice itself is at fault."""
    choices = [override for override in overrides if re.match(r"(data|task|model|metric|engine)=", override)]
    for chosen in (choices, []):
        with (
            suppress(HydraException, OmegaConfBaseException, *_SLIPS),
            initialize_config_dir(str(shipped("conf")), version_base="1.3"),
        ):
            plain = OmegaConf.to_container(compose(CONFIG_NAME, overrides=chosen), resolve=False)
            return [key for key, _ in _flat(plain)]
    return []


def _flat(value: Any, place: str = "") -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = f"{place}.{key}" if place else str(key)
            yield name, inner
            yield from _flat(inner, name)


def _checked(composed: DictConfig, line: CommandLine) -> Composed:
    refuse_forbidden(OmegaConf.to_container(composed, resolve=False))
    own = _own(composed)
    if isinstance(own.get("prompt"), dict):
        own["prompt"].setdefault("name", str(composed.hydra.runtime.choices["prompt"]))
    for name, values in own.get("metric", {}).items():
        if set(values or ()) == {"judge"}:
            raise ConfigError(f"metric.{name}.judge: metric {name!r} is not among those chosen; add it to metric=[...]")
    flat = dict(_flat(own))
    missing = sorted(key for key, value in flat.items() if value == "???")
    if missing:
        raise ConfigError("; ".join(needs_value(key, _kind_beside(key, flat)) for key in missing))
    raw = _whole(own, line.config_dir)
    config = typed_config(raw)
    named = [override.partition("=")[0] for override in line.overrides]
    reference = raw
    if not all(_CHANGES_NO_FILE.fullmatch(name) for name in named):
        choices = composed.hydra.runtime.choices
        reference = _reference(str(choices["data"]), str(choices["model"]), line.config_dir)
    # A recipe may sweep models that answer one task each, so only the user's own word is an order.
    return Composed(config, raw, reference, explicit_tasks="task" in named, explicit_metrics="metric" in named)


def _whole(own: dict[str, Any], config_dir: str | None) -> dict[str, Any]:
    """The plain values, with what the files of prompts say in place of their names."""
    return expanded(_plain(own), lambda where, name: _prompt(where, name, config_dir))


@lru_cache(maxsize=256)
def _prompt(where: str, name: str, config_dir: str | None) -> dict[str, Any]:
    places = [shipped("conf"), *([Path(config_dir)] if config_dir else [])]
    known = sorted({path.stem for place in places for path in (place / "prompt").glob("*.yaml")})
    if name not in known:
        raise ConfigError(
            f"{where}: no prompt {name!r}{nearest(name, known)}; there are {', '.join(known)}; "
            "a file of your own ends in .yaml"
        )
    composed = _compose([f"prompt={name}"], config_dir)
    refuse_forbidden(OmegaConf.to_container(composed, resolve=False))
    return dict(_plain({"prompt": OmegaConf.to_container(composed.prompt, resolve=False)})["prompt"])


def _kind_beside(key: str, flat: Mapping[str, Any]) -> str | None:
    """The kind that a key is a parameter of; of one that the tasks of a model share, the kind of the first of them."""
    place = key.rpartition(".")[0]
    kinds = [flat[name] for name in (f"{place}.kind", *(f"{place}.{task}.kind" for task in TASKS)) if name in flat]
    return str(kinds[0]) if kinds else None


@lru_cache(maxsize=256)
def _reference(data: str, model: str, config_dir: str | None) -> dict[str, Any]:
    """What the chosen files say when nothing is overridden; what the user has yet to set reads `UNSET`."""
    own = _own(_compose([f"data={data}", f"model={model}"], config_dir))
    # An interpolation to a missing value could not be resolved.
    return _whole(_with_unset(own), config_dir)


def _with_unset(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_unset(inner) for key, inner in value.items()}
    return UNSET if value == "???" else value


def _own(composed: DictConfig) -> dict[str, Any]:
    """The configuration without Hydra's part, interpolations as they stand."""
    whole = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(whole, dict)
    return {str(key): value for key, value in whole.items() if key != "hydra"}


def _plain(own: dict[str, Any]) -> dict[str, Any]:
    try:
        plain = OmegaConf.to_container(OmegaConf.create(own), resolve=True)
    except OmegaConfBaseException as error:
        where = f"{error.full_key}: " if error.full_key else ""
        raise ConfigError(f"{where}{str(error).splitlines()[0]}") from None
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
