"""Typed configuration: what is accepted, what is refused and how the message helps."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from harness import config as module
from harness.config import (
    DataConfig,
    RunConfig,
    build,
    camel_case,
    check_options,
    format_reader,
    is_secret_key,
    kind_class,
    kinds,
    nearest,
    refuse_forbidden,
    refuse_secret,
    typed_config,
)
from harness.errors import ConfigError

pytestmark = pytest.mark.core

RAW = {
    "data": {"name": "mine", "documents": "d", "gold": "g"},
    "task": {"ner": {"kind": "ner"}},
    "model": {"name": "lead", "summarization": {"kind": "lead", "sentences": 3}},
    "metric": {"entity_f1": {"kind": "entity_f1"}},
    "engine": {"kind": "local", "batch_size": None},
}


def changed(path, value):
    """RAW with one value replaced; path in dots."""
    raw = {key: dict(part) for key, part in RAW.items()}
    *parents, last = path.split(".")
    place = raw
    for name in parents:
        place[name] = dict(place[name])
        place = place[name]
    place[last] = value
    return raw


def test_a_whole_configuration_is_typed():
    config = typed_config({**RAW, "hydra": {"anything": 1}})
    assert isinstance(config, RunConfig)
    assert isinstance(config.data, DataConfig)
    assert (config.data.labels.stance, config.interval.level, config.rng_seed) == (
        ("favor", "against", "none"),
        0.95,
        0,
    )
    assert config.answers("summarization")
    assert not config.answers("ner")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("date", {}, "date: unknown key; did you mean 'data'?"),
        ("data.lmit", 3, "data.lmit: unknown key; did you mean 'limit'?"),
        ("data.limit", "x", "data.limit: Input should be a valid integer"),
        ("data.limit", 0, "data.limit must be at least 1, got 0"),
        ("data.limit", 2.5, "data.limit:"),
        ("data.coverage", "some", "data.coverage: Input should be 'gold' or 'all', found 'some'"),
        ("data.name", "baseline", "'baseline' is reserved"),
        ("data.name", " ", "data.name must not be empty"),
        ("data.labels", {"stance": ["favor"]}, "two or more different labels"),
        ("data.labels", {"stanc": ["a", "b"]}, "data.labels.stanc: unknown key; did you mean 'stance'?"),
        ("interval", {"level": 1.0}, "interval.level must lie between 0 and 1"),
        ("interval", {"resamples": 99}, "interval.resamples must be at least 100"),
        ("interval", {"levle": 0.9}, "interval.levle: unknown key; did you mean 'level'?"),
        ("fail_on_error", {"share": 1.5}, "fail_on_error.share must lie between 0 and 1"),
        ("fail_on_error", {"count": -1}, "fail_on_error.count must be 0 or more"),
        ("rng_seed", -1, "rng_seed must be 0 or more"),
        ("results", "", "results must name a folder"),
        ("model.name", "", "model.name must be a non-empty string"),
        ("model.name", ["a"], "model.name must be a non-empty string"),
        ("model.nmae", 1, "model.nmae: unknown key; did you mean 'name'?"),
        ("model.ner", 3, "model.ner: expected a kind and its parameters, found 3"),
        ("task", {}, "choose at least one task"),
        ("task", {"nerr": {}}, "task.nerr: no such task"),
        ("metric", {}, "choose at least one metric"),
        ("fresh", "perhaps", "fresh: Input should be a valid boolean"),
    ],
)
def test_refused_values_say_where_and_what(path, value, said):
    with pytest.raises(ConfigError) as caught:
        typed_config(changed(path, value))
    assert said in str(caught.value)


@pytest.mark.parametrize("group", ["task", "metric"])
def test_a_group_left_out_is_a_choice_of_nothing(group):
    with pytest.raises(ConfigError, match=f"{group}: choose at least one"):
        typed_config({key: value for key, value in RAW.items() if key != group})


def test_the_limits_themselves_are_allowed():
    assert typed_config(changed("fail_on_error", {"share": 1.0, "count": 0})).fail_on_error.share == 1.0
    assert typed_config(changed("data.limit", 1)).data.limit == 1
    assert typed_config(changed("interval", {"resamples": 100})).interval.resamples == 100


def test_kinds_are_files_with_a_class_of_their_name():
    assert camel_case("entity_f1") == "EntityF1"
    assert {"lead", "textrank", "predictions"} <= set(kinds("model"))
    # Helper modules and interfaces are no kinds.
    assert not {"base", "selection", "centrality", "checkpoint", "batching"} & set(kinds("model"))
    assert kinds("engine") == ["local"]
    assert kind_class("model", "lead").__name__ == "Lead"


@pytest.mark.parametrize(
    "kind", ["../lead", "Lead", "os.system", "lead;x", "", "harness.model.lead", 3, None, ["lead"]]
)
def test_only_plain_names_are_kinds(kind):
    with pytest.raises(ConfigError, match="expected a name"):
        kind_class("model", kind)


@pytest.mark.parametrize("kind", ["base", "selection", "leed"])
def test_an_unknown_kind_names_the_others(kind):
    with pytest.raises(ConfigError) as caught:
        kind_class("model", kind)
    assert "does not exist" in str(caught.value)
    assert "lead" in str(caught.value)


def test_the_nearest_kind_is_named():
    with pytest.raises(ConfigError, match="did you mean 'lead'"):
        kind_class("model", "leed")
    assert nearest("zzz", ["lead"]) == ""


@dataclass(frozen=True, kw_only=True)
class Plugged:
    size: int


def test_plugins_are_entry_points(monkeypatch):
    plugin = SimpleNamespace(name="plugged", load=lambda: Plugged)
    monkeypatch.setattr(module, "entry_points", lambda group: [plugin] if group == "harness.model" else [])
    assert build("model", {"kind": "plugged", "size": "4"}, "model.ner") == Plugged(size=4)
    with pytest.raises(ConfigError, match="metric kind 'plugged' does not exist"):
        kind_class("metric", "plugged")
    with pytest.raises(ConfigError, match="did you mean 'plugged'"):
        kind_class("model", "pluged")


def test_a_plugin_cannot_take_the_name_of_a_shipped_kind(monkeypatch):
    plugin = SimpleNamespace(name="lead", load=lambda: Plugged)
    monkeypatch.setattr(module, "entry_points", lambda group: [plugin])
    assert kind_class("model", "lead").__name__ == "Lead"


def test_build_checks_parameters():
    with pytest.raises(ConfigError, match=r"model\.summarization: needs a `kind`"):
        build("model", {"sentences": 3}, "model.summarization")
    with pytest.raises(ConfigError, match=r"model.summarization.sentence: unknown key; did you mean 'sentences'"):
        build("model", {"kind": "lead", "sentence": 3}, "model.summarization")
    with pytest.raises(ConfigError, match=r"engine: batch_size must be at least 1, got 0"):
        build("engine", {"kind": "local", "batch_size": 0}, "engine")
    with pytest.raises(ConfigError, match=r"model.ner.path: needs a value: a file or folder of records"):
        build("model", {"kind": "predictions", "task": "ner"}, "model.ner")


def test_every_fault_of_one_kind_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        build("model", {"kind": "textrank", "damping": "x", "tolerance": "y"}, "model.summarization")
    assert "model.summarization.damping" in str(caught.value)
    assert "model.summarization.tolerance" in str(caught.value)


def test_formats_are_found_by_name():
    assert format_reader("jsonl").__module__ == "harness.format.jsonl"
    for name in ("jsnl", "base", "tags", "limits", "../jsonl"):
        with pytest.raises(ConfigError, match="does not exist"):
            format_reader(name)
    with pytest.raises(ConfigError, match="did you mean 'jsonl'"):
        format_reader("jsnl")


def test_a_plugin_brings_a_format_and_replaces_none(monkeypatch):
    reader = SimpleNamespace(read=lambda path, encoding="utf-8": iter(()))
    both = [SimpleNamespace(name=name, load=lambda: reader) for name in ("mine", "jsonl")]
    monkeypatch.setattr(module, "entry_points", lambda group: both if group == "harness.format" else [])
    assert format_reader("mine") is reader.read
    assert format_reader("jsonl").__module__ == "harness.format.jsonl"
    with pytest.raises(ConfigError, match="did you mean 'mine'"):
        format_reader("mien")


def test_options_of_a_format_are_checked():
    check_options("jsonl", {}, "data.options")
    with pytest.raises(ConfigError, match=r"data.options.colums: unknown key"):
        check_options("jsonl", {"colums": 1}, "data.options")
    with pytest.raises(ConfigError, match=r"data.options.encoding: unknown key"):
        check_options("jsonl", {"encoding": "utf-8"}, "data.options")


CALLABLES = ["_target_", "()", "_partial_", "_recursive_", "_convert_", "_args_", "_execution_whitelist_"]
HYDRA = {
    "run": {"dir": "."},
    "output_subdir": None,
    "launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"},
    "sweeper": {"_target_": "hydra._internal.core_plugins.basic_sweeper.BasicSweeper", "params": None},
    "job_logging": {"version": 1, "root": None},
    "callbacks": {},
}


@pytest.mark.parametrize("key", CALLABLES)
@pytest.mark.parametrize(
    ("wrap", "where"),
    [
        (lambda inner: inner, ""),
        (lambda inner: {"model": inner}, "model."),
        (lambda inner: {"model": {"x": {"y": inner}}}, "model.x.y."),
        (lambda inner: {"model": {"x": [1, [inner]]}}, "model.x[1][0]."),
        (lambda inner: {"hydra": {**HYDRA, "job": {"config": inner}}}, "hydra.job.config."),
        (lambda inner: {"hydra": {**HYDRA, "launcher": {**HYDRA["launcher"], "x": [inner]}}}, "hydra.launcher.x[0]."),
        (lambda inner: {"hydra": {**HYDRA, "sweeper": {**HYDRA["sweeper"], "params": inner}}}, "hydra.sweeper.params."),
        (
            lambda inner: {"hydra": {**HYDRA, "job_logging": {"handlers": {"x": inner}}}},
            "hydra.job_logging.handlers.x.",
        ),
    ],
)
def test_no_callable_at_any_depth(key, wrap, where):
    with pytest.raises(ConfigError) as caught:
        refuse_forbidden(wrap({key: "os.system"}))
    assert f"{where}{key}" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"callbacks": {"x": {"_target_": "os.system"}}}, "hydra.callbacks"),
        ({"callbacks": {"x": {}}}, "hydra.callbacks"),
        ({"launcher": {"_target_": "os.system"}}, "hydra.launcher._target_"),
        (
            {"launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.os.system"}},
            "hydra.launcher._target_",
        ),
        ({"launcher": {"_target_": "hydra_plugins.x.os.system"}}, "hydra.launcher._target_"),
        ({"launcher": {}}, "hydra.launcher._target_"),
        ({"sweeper": {"_target_": "hydra_plugins.optuna.sweeper.OptunaSweeper"}}, "hydra.sweeper._target_"),
        ({"sweeper": "x"}, "hydra.sweeper._target_"),
        ({"run": {"dir": "/tmp/x"}}, "hydra.run.dir"),
        ({"run": None}, "hydra.run.dir"),
        ({"output_subdir": ".hydra"}, "hydra.output_subdir"),
        ({"job": {"chdir": True}}, "hydra.job.chdir"),
        ({"job": {"env_set": {"LD_PRELOAD": "x"}}}, "hydra.job.env_set"),
        ({"job": {"env_copy": ["HOME"]}}, "hydra.job.env_copy"),
        ({"job_logging": {"handlers": {"f": {"class": "logging.FileHandler"}}}}, "hydra.job_logging.handlers.f.class"),
        ({"hydra_logging": {"handlers": {"f": {"class": "x.Y"}}}}, "hydra.hydra_logging.handlers.f.class"),
        ({"job_logging": {"handlers": {"f": {"stream": "ext://os.environ"}}}}, "hydra.job_logging.handlers.f"),
        ({"job_logging": {"handlers": {"f": {"stream": "cfg://x"}}}}, "hydra.job_logging.handlers.f"),
    ],
)
def test_of_hydra_only_launchers_and_streams(part, said):
    refuse_forbidden({"hydra": HYDRA})
    with pytest.raises(ConfigError) as caught:
        refuse_forbidden({"hydra": {**HYDRA, **part}})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "target",
    [
        "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
        "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
    ],
)
def test_installed_launchers_are_allowed(target):
    refuse_forbidden({"hydra": {**HYDRA, "launcher": {"_target_": target, "n_jobs": 2}}})


def test_logging_to_the_standard_streams_is_allowed():
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    refuse_forbidden({"hydra": {**HYDRA, "job_logging": {"handlers": {"console": handler}}}})


SECRETS = [
    "sk-CANARY123",
    "sk-proj-abcdefghijklmnop1234",
    "x sk-0123456789abcdef0123456789abcdef y",
    "hf_abcdefghijklmnopqrst",
    "ghp_abcdefghijklmnopqrst1234",
    "AKIAABCDEFGHIJKLMNOP",
    "Bearer abcdefghijk",
    "xoxb-1234567890-abc",
    "https://user:CANARY@host/v1",
    "https://:CANARY@host/v1",
    "-----BEGIN RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_refused_and_never_repeated(secret):
    with pytest.raises(ConfigError) as first:
        refuse_secret(secret, "model.name")
    with pytest.raises(ConfigError) as second:
        refuse_forbidden({"model": {"x": [secret]}})
    with pytest.raises(ConfigError) as third:
        refuse_forbidden({"model": {secret: 1}})
    for caught in (first, second, third):
        assert "credential" in str(caught.value)
        assert "CANARY" not in str(caught.value)
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-tagger",  # a name
        "sk-wikipedia-articles-2024",  # a Slovak corpus
        "/data/sk-documents/gold",
        "risk-averse-summaries-of-1984",
        "hf_tagger",
        "https://host:8000/v1",
        "https://host/a:b@c",
        "package:gold/seed",
        "facebook/bart-large-cnn",
        "Bearer",
    ],
)
def test_honest_values_are_no_secrets(text):
    refuse_secret(text, "x")


@pytest.mark.parametrize(
    "key", ["api_key", "apikey", "openai_api_key", "token", "hf_token", "password", "client_secret"]
)
@pytest.mark.parametrize("value", ["short", 12345, ["a"], "${other}"])
def test_keys_that_name_secrets_hold_nothing(key, value):
    assert is_secret_key(key)
    with pytest.raises(ConfigError, match=key) as caught:
        refuse_forbidden({"model": {"ner": {key: value}}})
    assert "short" not in str(caught.value)


@pytest.mark.parametrize("key", ["api_key_env", "max_tokens", "tokens_read", "tokenizer", "passwords_of"])
def test_keys_that_only_sound_like_it(key):
    assert not is_secret_key(key)
    refuse_forbidden({"model": {key: "OPENAI_API_KEY"}})


def test_an_empty_secret_is_none():
    refuse_forbidden({"model": {"token": None, "password": "", "api_key": "???"}})


@pytest.mark.parametrize(
    "text",
    [
        "${oc.env:HOME}",
        "${ oc.env:HOME}",
        "${oc.env:HOME,x}",
        "a ${oc.env:HOME} b",
        "${oc.${x}:HOME}",
        "${oc.decode:${oc.env:HOME}}",
        "${${x}:HOME}",
        "${hydra:runtime.cwd}",
        r"\\${oc.env:HOME}",  # an escaped backslash, then an interpolation
        "} ${oc.env:HOME}",
    ],
)
def test_lookups_are_refused(text):
    with pytest.raises(ConfigError, match=r"x\[0\]: only references"):
        refuse_forbidden({"x": [text]})


@pytest.mark.parametrize(
    "text", ["${model.path}", "a:b", "${a}:b", "${a.${b}}: c", r"\${oc.env:HOME}", "C:\\x", "{a: b}", "${a[0]}"]
)
def test_references_and_plain_text_are_allowed(text):
    refuse_forbidden({"x": text})
