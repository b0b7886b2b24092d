"""From a composed configuration to typed objects: kinds become classes; what no configuration may hold is refused."""

import dataclasses
import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter, ValidationError

from harness.errors import ConfigError
from harness.records import TASKS, Row, TaskName
from harness.required import needs_value
from harness.resources import PACKAGE

_KIND = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class LabelsConfig:
    """The label schemes. `entities: null` takes the labels that the gold has."""

    stance: tuple[str, ...] = ("favor", "against", "none")
    entities: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which documents and gold are scored: the group `data`."""

    name: str
    about: str = ""
    format: str = "jsonl"
    documents: str | None = None
    gold: str | None = None
    encoding: str = "utf-8"
    annotator: str | None = None
    coverage: Literal["gold", "all"] = "gold"
    split: str | None = None
    limit: int | None = None
    labels: LabelsConfig = field(default_factory=LabelsConfig)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"data.limit must be at least 1, got {self.limit}")
        if not self.name.strip():
            raise ValueError("data.name must not be empty")
        if self.name == "baseline":
            raise ValueError("data.name: 'baseline' is reserved for results/baseline/; choose another name")
        if len(set(self.labels.stance)) != len(self.labels.stance) or len(self.labels.stance) < 2:
            raise ValueError(f"data.labels.stance must be two or more different labels, got {list(self.labels.stance)}")


@dataclass(frozen=True, kw_only=True)
class FailOnError:
    """How many examples may stay without a scored answer before a run counts as failed (exit 1).

    Args:
        share: Fraction of the examples in [0, 1].
        count: Number of examples; None for no limit of this kind.
    """

    share: float = 0.0
    count: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"fail_on_error.share must lie between 0 and 1, got {self.share}")
        if self.count is not None and self.count < 0:
            raise ValueError(f"fail_on_error.count must be 0 or more, got {self.count}")


@dataclass(frozen=True, kw_only=True)
class IntervalConfig:
    """How intervals are made.

    Args:
        level: Coverage that is aimed at, in (0, 1).
        resamples: Number of bootstrap resamples.
        method: `percentile`, `bca`, or `bca_t`: BCa widened for few and unequal units; see `bounds` of
            `harness.statistics.resample`.
    """

    level: float = 0.95
    resamples: int = 10_000
    method: Literal["percentile", "bca", "bca_t"] = "bca_t"

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"interval.level must lie between 0 and 1, got {self.level}")
        if self.resamples < 100:
            raise ValueError(f"interval.resamples must be at least 100, got {self.resamples}")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole configuration, typed; past this point no `DictConfig` travels on.

    Args:
        data: Documents and gold.
        task: Parameters of each chosen task, `kind` among them.
        model: `name`, `about`, and for each task that the model answers its kind and parameters.
        metric: Parameters of each chosen metric, `kind` among them.
        engine: Where batches run: a kind and its parameters.
        slices: Fields of documents or examples that every metric is also reported by.
        results: Folder of the run folders.
        rng_seed: Seed of the bootstrap and of every model that draws at random.
        interval: Intervals.
        fail_on_error: The error limit.
        dry_run: Only say what would be asked.
        fresh: Ask everything again.
        energy: Measure the electricity that answers take.
    """

    data: DataConfig
    task: dict[str, dict[str, Any]]
    model: dict[str, Any]
    metric: dict[str, dict[str, Any]]
    engine: dict[str, Any]
    slices: tuple[str, ...] = ()
    results: str = "results"
    rng_seed: int = 0
    interval: IntervalConfig = field(default_factory=IntervalConfig)
    fail_on_error: FailOnError = field(default_factory=FailOnError)
    dry_run: bool = False
    fresh: bool = False
    energy: bool = False

    def __post_init__(self) -> None:
        if not self.results.strip():
            raise ValueError("results must name a folder")
        if self.rng_seed < 0:
            raise ValueError(f"rng_seed must be 0 or more, got {self.rng_seed}")

    @property
    def model_name(self) -> str:
        """The name that the model's row bears."""
        return str(self.model["name"])

    def answers(self, task: TaskName) -> bool:
        """Whether the model's file names what answers `task`."""
        return isinstance(self.model.get(task), dict)


# What a model's file may hold beside the tasks: its name, and values that several tasks share by interpolation.
_MODEL_KEYS = frozenset(
    {"name", "about", "path", "revision", "format", "encoding", "annotator", "options", "download", "command", *TASKS}
    | {"base_url", "served_model", "api_key_env", "input_price", "output_price", "concurrency", "requests_per_minute"}
)


def typed_config(raw: Mapping[str, Any]) -> RunConfig:
    """Checks a resolved configuration and types it.

    Raises:
        ConfigError: Unknown keys (with the nearest known one), wrong types, kinds that do not exist.
    """
    # Without any choice (`task=[]`) Hydra leaves the whole group out.
    whole = {"task": {}, "metric": {}, **{key: value for key, value in raw.items() if key != "hydra"}}
    config: RunConfig = build_dataclass(RunConfig, whole, "")
    if not isinstance(config.model.get("name"), str) or not config.model["name"].strip():
        raise ConfigError("model.name must be a non-empty string")
    for key in config.model:
        if key not in _MODEL_KEYS:
            raise ConfigError(f"model.{key}: unknown key{nearest(key, _MODEL_KEYS)}")
        if key in TASKS and not isinstance(config.model[key], dict | None):
            raise ConfigError(f"model.{key}: expected a kind and its parameters, found {config.model[key]!r}")
    for task in config.task:
        if task not in TASKS:
            raise ConfigError(f"task.{task}: no such task; choose among {', '.join(TASKS)}")
    if not config.task:
        raise ConfigError("task: choose at least one task")
    if not config.metric:
        raise ConfigError("metric: choose at least one metric")
    return config


def kind_class(group: str, kind: str) -> Any:
    """The class of a kind: `harness/<group>/<kind>.py`, or a plugin's entry point in the group `harness.<group>`.

    Raises:
        ConfigError: There is none; names the nearest.
    """
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise ConfigError(f"{group} kind {kind!r}: expected a name of lower-case letters, digits and underscores")
    if kind in kinds(group):
        module = importlib.import_module(f"harness.{group}.{kind}")
        return getattr(module, camel_case(kind))
    plugged = plugins(group)
    if kind in plugged:
        return plugged[kind]()
    known = [*kinds(group), *plugged]
    raise ConfigError(
        f"{group} kind {kind!r} does not exist{nearest(kind, known)}; there are {', '.join(sorted(known))}"
    )


def kinds(group: str) -> list[str]:
    """The kinds that ship: modules with a frozen keyword-only dataclass of their own name. Imports none of them."""
    found = []
    for path in sorted((PACKAGE / group).glob("[a-z]*.py")):
        # Helpers may hold a class of their own name too; only what a configuration sets up is keyword-only.
        kind = rf"^@dataclass\(frozen=True, kw_only=True\)\nclass {camel_case(path.stem)}[:(]"
        if path.stem != "base" and re.search(kind, path.read_text(encoding="utf-8"), re.MULTILINE):
            found.append(path.stem)
    return found


def modules_with(group: str, function: str) -> dict[str, Callable[[], ModuleType]]:
    """What imports each module of `harness/<group>/` that has this function, by the module's name; imports none yet."""
    files = sorted((PACKAGE / group).glob("[a-z]*.py"))
    return {
        file.stem: partial(importlib.import_module, f"harness.{group}.{file.stem}")
        for file in files
        if f"\ndef {function}(" in file.read_text(encoding="utf-8")
    }


def plugins(group: str) -> dict[str, Callable[[], Any]]:
    """What loads each entry point that other packages have in the group `harness.<group>`, by its name."""
    return {plugin.name: plugin.load for plugin in entry_points(group=f"harness.{group}")}


def camel_case(kind: str) -> str:
    """`entity_f1` -> `EntityF1`."""
    return "".join(part.capitalize() for part in kind.split("_"))


def build(group: str, parameters: Mapping[str, Any], place: str) -> Any:
    """An instance of the class that `parameters["kind"]` names, its other entries being the class's fields.

    Args:
        group: `model`, `task`, `metric` or `engine`.
        parameters: `kind` and values for the class's fields.
        place: Where they stand in the configuration, for messages.

    Raises:
        ConfigError: No such kind, unknown or missing parameters, values of the wrong type.
    """
    if "kind" not in parameters:
        raise ConfigError(f"{place}: needs a `kind`; there are {', '.join(kinds(group))}")
    cls = kind_class(group, parameters["kind"])
    values = {key: value for key, value in parameters.items() if key != "kind"}
    return build_dataclass(cls, values, place, kind=parameters["kind"])


def build_dataclass(cls: Any, values: Mapping[str, Any], place: str, *, kind: str | None = None) -> Any:
    """An instance of a dataclass from plain values, with every unknown key and wrong type refused."""
    known = {entry.name for entry in dataclasses.fields(cls) if entry.init}
    prefix = f"{place}." if place else ""
    unknown = [key for key in values if key not in known]
    if unknown:
        raise ConfigError(
            f"{prefix}{unknown[0]}: unknown key{nearest(unknown[0], known)}; known: {', '.join(sorted(known))}"
        )
    for entry in dataclasses.fields(cls):
        # One level down, so that the message names the full path of a key that is unknown there.
        if dataclasses.is_dataclass(entry.type) and isinstance(values.get(entry.name), Mapping):
            values = {**values, entry.name: build_dataclass(entry.type, values[entry.name], f"{prefix}{entry.name}")}
    adapter = TypeAdapter(cls)
    try:
        return adapter.validate_python(dict(values))
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False):
            where = prefix + ".".join(str(part) for part in fault["loc"])
            where = where.rstrip(".") or "configuration"
            if fault["type"] == "missing":
                faults.append(needs_value(where, kind))
                continue
            message = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "tuple_type":
                message = f"expected a list, write {where}=[...]"
            elif fault["type"] == "dataclass_type":
                message = f"has parts, which are set one by one as {where}.KEY=..."
            found = "" if fault["type"] == "value_error" else f", found {fault['input']!r}"
            faults.append(f"{where}: {message}{found}")
        raise ConfigError("\n".join(faults)) from None


def format_reader(name: str) -> Callable[..., Iterator[Row]]:
    """The `read` function of a format.

    Raises:
        ConfigError: There is no such format; names the nearest.
    """
    modules = {**plugins("format"), **modules_with("format", "read")}
    if name not in modules:
        known = ", ".join(sorted(modules))
        raise ConfigError(f"data.format: {name!r} does not exist{nearest(name, modules)}; there are {known}")
    read: Callable[..., Iterator[Row]] = modules[name]().read
    return read


def check_options(name: str, options: Mapping[str, Any], place: str) -> None:
    """Checks the parameters of a format against those of its `read`.

    Raises:
        ConfigError: An unknown parameter, or a value of the wrong type.
    """
    read = format_reader(name)
    hints = get_type_hints(read)
    known = [key for key in inspect.signature(read).parameters if key not in ("path", "encoding")]
    for key, value in options.items():
        if key not in known:
            listed = f"; format {name!r} has {', '.join(known) or 'no options'}"
            raise ConfigError(f"{place}.{key}: unknown key{nearest(key, known)}{listed}")
        try:
            TypeAdapter(hints.get(key, Any)).validate_python(value)
        except ValidationError as error:
            raise ConfigError(f"{place}.{key}: {error.errors()[0]['msg']}, found {value!r}") from None


def nearest(name: str, known: Any) -> str:
    """`; did you mean 'x'?` or nothing."""
    folded = {str(entry).casefold(): str(entry) for entry in known}
    wanted = str(name).casefold()
    # `bert` is less like `bert_conll` than the matcher asks for.
    longer = [entry for entry in folded if len(wanted) > 2 and entry.startswith(f"{wanted}_")]
    # What both begin with would make any two keys of a group alike.
    group, _, last = wanted.rpartition(".")
    beside = [entry for entry in folded if group and entry.rpartition(".")[0] == group]
    if beside:
        found = difflib.get_close_matches(last, [entry.rpartition(".")[2] for entry in beside], n=1)
        close = [f"{group}.{key}" for key in found]
    else:
        close = difflib.get_close_matches(wanted, folded, n=1) or longer
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


# ---- what no configuration may hold -------------------------------------------------------------------------------

_SECRET_VALUE = re.compile(
    # `sk-` also begins honest names (a Slovak corpus), so a key needs what keys have: a long run, or capitals.
    r"\b(?:sk|pk|rk)-(?:[\w-]*[A-Za-z0-9]{16}|(?=[\w-]*[A-Z])[\w-]{8})"
    r"|\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bBearer\s+\S{8,}|\bxox[abpr]-[A-Za-z0-9-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_URL_PASSWORD = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^/\s:@]{0,200}:[^/\s@]{1,200}@")
_SECRET_KEY = re.compile(r"(?:^|_)(?:api_?key|access_?token|auth_?token|token|password|passwd|secret)$", re.IGNORECASE)
CALLABLE_KEYS = ("_target_", "()", "_partial_", "_recursive_", "_convert_", "_args_", "_execution_whitelist_")


def is_secret_key(key: str) -> bool:
    """Whether a key by its name holds a credential; `api_key_env`, which names a variable, does not."""
    return _SECRET_KEY.search(key) is not None


def refuse_forbidden(raw: Any, place: str = "") -> None:
    """Refuses callables, secrets and look-ups (`${oc.env:...}`) anywhere in an unresolved configuration.

    Raises:
        ConfigError: Names the key and what to do instead. The message never repeats a secret.
    """
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            refuse_secret(str(key), place or "configuration")
            where = f"{place}.{key}" if place else str(key)
            if where == "hydra":
                _refuse_in_hydra(value)
                continue
            if key in CALLABLE_KEYS:
                raise ConfigError(
                    f"{where}: a configuration cannot name a callable; "
                    "models, metrics, tasks and formats are chosen by `kind`, or installed as plugins"
                )
            if is_secret_key(str(key)) and value not in (None, "", "???"):
                raise ConfigError(
                    f"{where}: keys and passwords never stand in a configuration; put it into an environment variable"
                )
            refuse_forbidden(value, where)
    elif isinstance(raw, list | tuple):
        for number, value in enumerate(raw):
            refuse_forbidden(value, f"{place}[{number}]")
    elif isinstance(raw, str):
        refuse_secret(raw, place)
        if _calls_resolver(raw):
            raise ConfigError(
                f"{place}: only references to other keys (${{key}}) are allowed; environment variables and the like "
                "are not read into a configuration"
            )


def refuse_secret(text: str, place: str) -> None:
    """Refuses a string that looks like a credential; says where, never what."""
    if _SECRET_VALUE.search(text) or _URL_PASSWORD.search(text):
        raise ConfigError(
            f"{place}: looks like a credential; put it into an environment variable and name that variable"
        )


def _calls_resolver(text: str) -> bool:
    """Whether a text holds `${name:...}`, also with a part of the name made up by another interpolation."""
    depth = 0
    for found in re.finditer(r"(\\*)(\$\{|[}:])", text):
        backslashes, sign = found.groups()
        if sign == "${":
            # An odd number of backslashes makes it plain text.
            depth += len(backslashes) % 2 == 0
        elif depth and sign == ":":
            return True
        elif depth:
            depth -= 1
    return False


_LOGGING_CLASSES = frozenset(
    {"logging.StreamHandler", "logging.NullHandler", "logging.Formatter", "colorlog.ColoredFormatter"}
)
_LAUNCHER = re.compile(
    r"hydra\._internal\.core_plugins\.basic_launcher\.BasicLauncher|hydra_plugins\.\w+\.\w+\.\w+Launcher"
)
# Hydra's own sweeper alone: another one makes up its jobs as it goes, and each has to be checked before the first.
_SWEEPER = re.compile(r"hydra\._internal\.core_plugins\.basic_sweeper\.BasicSweeper")
# What of Hydra's settings stays as `conf/evaluate.yaml` has it, by path.
_HYDRA_FIXED: dict[tuple[str, ...], Any] = {
    ("run", "dir"): ".",
    ("output_subdir",): None,
    ("job", "chdir"): None,
    ("job", "env_set"): {},
    ("job", "env_copy"): [],
}


def _refuse_in_hydra(hydra: Any) -> None:
    if not isinstance(hydra, Mapping):
        raise ConfigError("hydra: expected Hydra's own settings")
    if hydra.get("callbacks"):
        raise ConfigError("hydra.callbacks: callbacks are not allowed, they could run anything")
    for path, expected in _HYDRA_FIXED.items():
        found: Any = hydra
        for part in path[:-1]:
            found = found.get(part, {})
        if not isinstance(found, Mapping) or found.get(path[-1], expected) != expected:
            raise ConfigError(
                f"hydra.{'.'.join(path)}: is not for configurations to set; results=DIR says where files go"
            )
    for key, value in hydra.items():
        if key in ("launcher", "sweeper"):
            rest = dict(value) if isinstance(value, Mapping) else {}
            target = str(rest.pop("_target_", ""))
            if not (_LAUNCHER if key == "launcher" else _SWEEPER).fullmatch(target):
                allowed = "Hydra's own launcher and its installed plugins are" if key == "launcher" else "basic is"
                raise ConfigError(f"hydra.{key}._target_: only {allowed} allowed")
            _refuse_callables(rest, f"hydra.{key}")
            refuse_forbidden(rest, f"hydra.{key}")
        elif key in ("job_logging", "hydra_logging"):
            _refuse_logging(value, f"hydra.{key}")
        else:
            _refuse_callables(value, f"hydra.{key}")


def _refuse_callables(raw: Any, place: str) -> None:
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            if key in CALLABLE_KEYS:
                raise ConfigError(f"{place}.{key}: a configuration cannot name a callable")
            _refuse_callables(value, f"{place}.{key}")
    elif isinstance(raw, list | tuple):
        for number, value in enumerate(raw):
            _refuse_callables(value, f"{place}[{number}]")


def _refuse_logging(raw: Any, place: str) -> None:
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            if key in CALLABLE_KEYS or (key == "class" and value not in _LOGGING_CLASSES):
                raise ConfigError(f"{place}.{key}: only logging's own stream handlers are allowed")
            _refuse_logging(value, f"{place}.{key}")
    elif isinstance(raw, list | tuple):
        for value in raw:
            _refuse_logging(value, place)
    elif isinstance(raw, str) and "://" in raw and raw not in ("ext://sys.stdout", "ext://sys.stderr"):
        raise ConfigError(f"{place}: only ext://sys.stderr and ext://sys.stdout are allowed")
