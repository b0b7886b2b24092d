"""From the command line to checked configurations, through Hydra's own grammar."""

import os
import re

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from harness.compose import CommandLine, compose_job, compose_jobs, parse_arguments, quote_path, quoted
from harness.errors import ConfigError, UsageError

pytestmark = pytest.mark.core

NASTY = st.text(
    alphabet=st.sampled_from(list("ab ,()=:'\"\\${}[]%#~*?&;<>|`!@\n\t\u00e9\u4e2d\U0001f600")), max_size=25
)


def through_hydra(override):
    """The value that an override has in the end: Hydra's parser, then OmegaConf's interpolations."""
    parsed = OverridesParser.create().parse_overrides([override])[0]
    assert not parsed.is_sweep_override()
    assert parsed.key_or_group == override.partition("=")[0]
    return OmegaConf.to_container(OmegaConf.create({"value": parsed.value()}), resolve=True)["value"]


@settings(max_examples=400, deadline=None)
@given(NASTY | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_a_quoted_text_means_itself(text):
    assert through_hydra(f"results={quoted(text)}") == text


@pytest.mark.parametrize(
    "path",
    [
        "/a b/c",
        "a,b",
        "a(b)",
        "f(x)",
        "a=b",
        "it's",
        'say "x"',
        "'",
        "back\\slash",
        "end\\",
        "end\\\\",
        "\\'",
        "a${b}c",
        "\\${b}",
        "\\\\${b}\\",
        "${oc.env:HOME}",
        "[a]",
        "{a: b}",
        "null.txt",
        "1e3",
        "007",
        "true",
        " lead",
        "trail ",
        "\u00fcn\u00ef/\u4e2d\u6587",
        "%s",
        "~x",
        "a#b",
        "_target_",
        "$",
        "a:b",
        "x\ny",
    ],
)
@pytest.mark.parametrize(
    "key", ["results", "data.documents", "data.gold", "model.path", "model.ner.path", "+model.path"]
)
def test_a_path_reaches_the_configuration_unchanged(path, key):
    override = quote_path(f"{key}={path}", multirun=False)
    assert through_hydra(override.lstrip("+")) == path


def test_the_whole_way_of_odd_paths(tmp_path):
    folder = tmp_path / "a b,(c)='d\\ ${oc.env:HOME} \u4e2d"
    folder.mkdir()
    (folder / "d.txt").write_text("text")
    config = compose_jobs(
        parse_arguments(
            [
                "model=predictions",
                "data=local",
                f"data.documents={folder}",
                f"data.gold={folder}",
                f"model.path={folder}",
            ]
        )
    )[0].config
    assert config.data.documents == config.data.gold == str(folder)
    assert config.model["ner"]["path"] == str(folder)


@pytest.mark.parametrize(
    "override", ["data.limit=3", "model=lead", "model.name=a", "metric=[rouge]", "modelx.path=a b"]
)
def test_other_overrides_stay_as_given(override):
    assert quote_path(override, multirun=False) == override


@pytest.mark.parametrize("value", ["", "null", "???", "'a b'", '"a b"', "'it\\'s'"])
def test_what_is_quoted_or_empty_already_stays(value):
    assert quote_path(f"results={value}", multirun=False) == f"results={value}"


def test_in_a_sweep_a_comma_separates_unless_the_path_exists(tmp_path):
    there = tmp_path / "a,b"
    there.mkdir()
    assert quote_path("model.path=x,y", multirun=True) == "model.path=x,y"
    assert quote_path(f"model.path={there}", multirun=True) == f"model.path='{there}'"
    assert quote_path("model.path=x,y", multirun=False) == "model.path='x,y'"


def test_options_of_a_format_need_no_plus():
    assert parse_arguments(["data.options.a=1"]).overrides == ("++data.options.a=1",)
    assert parse_arguments(["model.ner.options.a=1", "+model.options.b=2"]).overrides == (
        "++model.ner.options.a=1",
        "+model.options.b=2",
    )
    job = compose_jobs(parse_arguments(["model=predictions", "model.path=x", "model.options.columns=3"]))[0]
    assert job.config.model["ner"]["options"] == {"columns": 3}
    with pytest.raises(ConfigError, match=r"data.options: has no such part; to add it, write \+data.options="):
        compose_jobs(parse_arguments(["model=lead", "data.options={columns: 3}"]))


def test_flags_are_sorted_from_overrides(tmp_path):
    line = parse_arguments(["-m", "model=lead,textrank", "--config-dir", str(tmp_path), "data.limit=1"])
    assert line == CommandLine(
        ("-m", "--config-dir", str(tmp_path)), ("model=lead,textrank", "data.limit=1"), True, str(tmp_path)
    )
    assert parse_arguments([f"--config-dir={tmp_path}"]).config_dir == str(tmp_path)
    assert not parse_arguments(["model=lead"]).multirun
    assert parse_arguments(["hydra.mode=MULTIRUN"]).multirun


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mulitrun"], "--mulitrun: unknown option; did you mean '--multirun'?"),
        (["--experimental-rerun", "x"], "--experimental-rerun: unknown option"),
        (["--experimental-rerun=x"], "--experimental-rerun: unknown option"),
        (["--hydra-help"], "unknown option"),
        (["-cp", "/tmp"], "-cp: unknown option"),
        (["--config-path=/tmp"], "--config-path: unknown option"),
        (["--config-name=x"], "--config-name: unknown option"),
        (["-sc", "install=bash"], "-sc: unknown option"),
        (["--config-dir"], "--config-dir: needs a value"),
        (["--config-dir", "/nonexistent"], "no such folder: /nonexistent"),
        (["model=lead", "textrank"], "'textrank': expected key=value"),
        ([""], "expected key=value"),
        (["=3"], "expected key=value"),
        (["+=3"], "expected key=value"),
        (["~"], "expected key=value"),
        (["results=\udcff"], "not UTF-8"),
        (["--config-dir", "\udcff"], "not UTF-8"),
    ],
)
def test_what_is_no_command_line(arguments, said):
    with pytest.raises(UsageError) as caught:
        parse_arguments(arguments)
    assert said in str(caught.value)
    str(caught.value).encode("utf-8")  # it can be printed


@pytest.mark.parametrize(
    "argument",
    [
        "+hydra.callbacks.x._target_=os.system",
        "hydra/callbacks=x",
        "+hydra/callbacks@hydra.callbacks=x",
        "model@hydra.callbacks=lead",
        "+model._target_=os.system",
        "+model.ner._target_=os.system",
        "~model._target_",
        "+hydra.job_logging.handlers.x.()=os.system",
        "hydra.run.dir=/tmp/x",
        "hydra.sweep.dir=/tmp/x",
        "hydra.output_subdir=.hydra",
        "hydra.searchpath=[file:///tmp]",
        "hydra.job.chdir=true",
        "+hydra.job.env_set.X=1",
        "hydra/job_logging=default",
        "hydra/hydra_logging=colorlog",
        "hydra.launcher._target_=os.system",
        "hydra.sweeper._target_=os.system",
        "++hydra.run.dir=x",
    ],
)
def test_forbidden_keys_are_refused_before_hydra_sees_them(argument):
    with pytest.raises(ConfigError) as caught:
        parse_arguments(["model=lead", argument])
    assert re.split("=", argument)[0] in str(caught.value)


@pytest.mark.parametrize(
    "argument",
    [
        "+model.x={y: {_target_: os.system}}",
        "+model.x=[{_target_: os.system}]",
        "+model@hydra.job.env_set=lead",
        "+hydra.launcher.x={_target_: os.system}",
        "data.name=${oc.env:HOME}",
        "data.about=${hydra:runtime.cwd}",
    ],
)
def test_what_only_a_composition_shows_is_refused_too(argument):
    with pytest.raises(ConfigError):
        compose_jobs(parse_arguments(["model=lead", argument]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["prompt=my/p.yaml"],
            "prompt=my/p.yaml: no such option; prompt= takes a name of conf/prompt, a file is given",
        ),
        (["prompt=/mine/p.yml"], "a file is given for each task: model.TASK.prompt=/mine/p.yml"),
        (["model=led"], "model=led: no such option; did you mean 'lead'?"),
        (["task=nerr"], "task=nerr: no such option; did you mean 'ner'?; there are ner, stance, summarization"),
        (["metric=[rougee]"], "metric=rougee: no such option; did you mean 'rouge'?"),
        (["engine=raay"], "engine=raay: no such option"),
        (["+experiment=nope"], "experiment=nope: no such option"),
        (["hydra/launcher=jobli"], "hydra/launcher=jobli: no such option"),
        (["modle=lead"], "modle: unknown key; did you mean 'model'?"),
        (["data.limti=3"], "data.limti: unknown key; did you mean 'data.limit'?"),
        (["model.summarization.speed=3"], "model.summarization.speed: unknown key; `python -m harness --cfg job`"),
        (["model.summarization.sentenes=3"], "did you mean 'model.summarization.sentences'?"),
        (["+model.foo=3"], "model.foo: unknown key"),
        (["+interva=3"], "interva: unknown key; did you mean 'interval'?"),
        (["data.limit=x"], "data.limit: Input should be a valid integer"),
        (["data=semeval_stance"], "data.gold: needs a value, give data.gold=..."),
        (["model=predictions"], "model.path: needs a value: a file or folder of records in JSON Lines"),
        (["model=hf_tagger"], "model.ner.path: needs a value: a folder that holds a token-classification model"),
        (["metric=[faithfulness]"], "a folder that holds a model for natural language inference"),
        (["metric=[similarity]"], "give metric.similarity.judge.path=FOLDER or metric.similarity.judge.path="),
        (["slices=zone"], "slices: expected a list, write slices=[...], found 'zone'"),
        (["interval=none"], "interval: has parts, which are set one by one as interval.KEY=..., found 'none'"),
        (["task=NER"], "task=NER: no such option; did you mean 'ner'?"),
        (["model=bert"], "model=bert: no such option; did you mean 'bert_conll'?"),
        (["data=mine"], "for a corpus of yours: data=local data.name=mine data.documents=DIR data.gold=DIR"),
        (["data.name=${nope}"], "data.name: Interpolation key 'nope' not found"),
        (["data.name=${data.name}"], "data.name:"),
        (["metric=[]"], "metric: choose at least one"),
        (["task=[]"], "task: choose at least one"),
        (["~metric"], "metric"),
        (["~data"], "data.labels.stance"),
        (["model.name=f(a"], "quote values with special characters"),
        (["a b=c"], "quote values with special characters"),
        (["model.summarization.sentences=1,2"], "model.summarization.sentences"),
        (["hydra.sweeper.params={a: '1,2'}"], ""),
    ],
)
def test_a_wrong_configuration_is_one_line_that_helps(arguments, said):
    with pytest.raises(ConfigError) as caught:
        compose_jobs(parse_arguments(["model=lead", *arguments] if "model=" not in arguments[0] else arguments))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hydra.cc" not in str(caught.value)


def test_a_sweep_is_composed_whole():
    line = parse_arguments(["-m", "model=lead,textrank", "data.limit=1,2"])
    jobs = compose_jobs(line)
    assert [(job.config.model_name, job.config.data.limit) for job in jobs] == [
        ("lead", 1), ("lead", 2), ("textrank", 1), ("textrank", 2)
    ]  # fmt: skip
    for number, job in enumerate(jobs):
        assert compose_job(line, number) == job


def test_the_second_value_of_a_sweep_is_checked_with_the_first():
    with pytest.raises(ConfigError, match="found 'x'"):
        compose_jobs(parse_arguments(["-m", "model=lead", "data.limit=1,x"]))
    with pytest.raises(ConfigError, match="model=nope"):
        compose_jobs(parse_arguments(["-m", "model=lead,nope"]))


def test_hydra_s_own_grammar_of_sweeps_works():
    jobs = compose_jobs(parse_arguments(["-m", "model=lead", "model.summarization.sentences=range(1,3)"]))
    assert [job.config.model["summarization"]["sentences"] for job in jobs] == [1, 2]
    jobs = compose_jobs(parse_arguments(["-m", "model=glob(textr*)"]))
    assert [job.config.model_name for job in jobs] == ["textrank"]


def test_tasks_named_on_the_command_line_are_an_order():
    assert compose_jobs(parse_arguments(["model=lead", "task=summarization"]))[0].explicit_tasks
    assert not compose_jobs(parse_arguments(["model=lead"]))[0].explicit_tasks


def test_the_reference_is_what_the_files_say():
    job = compose_jobs(parse_arguments(["model=lead", "model.summarization.sentences=5", "rng_seed=3"]))[0]
    assert job.raw["model"]["summarization"]["sentences"] == 5
    assert job.reference["model"]["summarization"]["sentences"] == 3
    same = compose_jobs(parse_arguments(["model=predictions", "model.path=x"]))[0]
    assert same.reference["model"]["ner"]["path"] == same.reference["model"]["path"] != "x"


def user_files(tmp_path, **files):
    for name, text in files.items():
        path = tmp_path / "conf" / name.replace("__", "/")
        path = path.with_suffix(".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return ["--config-dir", str(tmp_path / "conf")]


def test_a_folder_of_the_user_s_own_models(tmp_path):
    flags = user_files(tmp_path, model__mine="name: mine\nsummarization: {kind: lead, sentences: 2}\n")
    job = compose_jobs(parse_arguments([*flags, "model=mine", "model.summarization.sentences=4"]))[0]
    assert job.config.model_name == "mine"
    assert job.reference["model"]["summarization"]["sentences"] == 2
    with pytest.raises(ConfigError, match="did you mean 'mine'"):
        compose_jobs(parse_arguments([*flags, "model=mien"]))


def test_a_folder_with_odd_characters(tmp_path):
    odd = tmp_path / "a b,'c' ${d}"
    flags = user_files(odd, model__mine="name: mine\nsummarization: {kind: lead, sentences: 2}\n")
    assert compose_jobs(parse_arguments([*flags, "model=mine"]))[0].config.model_name == "mine"


def test_a_recipe_of_the_user_s_own(tmp_path):
    recipe = "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      model: lead,textrank\n"
    flags = user_files(tmp_path, experiment__two=recipe)
    line = parse_arguments([*flags, "+experiment=two"])
    jobs = compose_jobs(line)
    assert [job.config.model_name for job in jobs] == ["lead", "textrank"]
    assert compose_job(line, 1) == jobs[1]
    # What the command line says beside it sweeps too.
    more = compose_jobs(parse_arguments([*flags, "+experiment=two", "data.limit=1"]))
    assert [job.config.data.limit for job in more] == [1, 1]


GLOBAL = "# @package _global_\n"
BAD = {
    "_target_ in a model": (
        {"model__bad": "name: bad\nner: {kind: lead, _target_: os.system}\n"},
        "model.ner._target_",
    ),
    "_target_ at the top of a model": ({"model__bad": "_target_: os.system\nname: bad\n"}, "model._target_"),
    "_target_ in a list": ({"model__bad": "name: bad\nner: {kind: lead, x: [{_target_: a}]}\n"}, "model.ner.x[0]"),
    "a callback": (
        {"model__bad": GLOBAL + "model: {name: x}\nhydra: {callbacks: {c: {_target_: builtins.open}}}\n"},
        "hydra.callbacks",
    ),
    "a callback by a file of its own": (
        {
            "hydra__callbacks__evil": "c:\n  _target_: builtins.open\n",
            "experiment__bad": GLOBAL + "defaults:\n  - override /hydra/callbacks: evil\n  - _self_\n"
            "model: {name: x}\n",
        },
        "hydra.callbacks",
    ),
    "where files go": ({"experiment__bad": GLOBAL + "hydra: {run: {dir: /tmp/x}}\n"}, "hydra.run.dir"),
    "an environment for the job": (
        {"model__bad": GLOBAL + "hydra: {job: {env_set: {LD_PRELOAD: x}}}\n"},
        "hydra.job.env_set",
    ),
    "a log file": (
        {"model__bad": GLOBAL + "hydra: {job_logging: {handlers: {f: {class: logging.FileHandler}}}}\n"},
        "hydra.job_logging.handlers.f.class",
    ),
    "more places to search": ({"model__bad": GLOBAL + "hydra: {searchpath: [file:///tmp]}\n"}, "searchpath"),
    "a launcher of its own": ({"model__bad": GLOBAL + "hydra: {launcher: {_target_: os.system}}\n"}, "hydra.launcher"),
    "an environment variable": ({"model__bad": "name: ${oc.env:HOME}\n"}, "model.name"),
    "a secret": ({"model__bad": "name: sk-CANARY123\n"}, "model.name"),
    "a password": ({"model__bad": "name: x\nner: {kind: lead, password: CANARY}\n"}, "model.ner.password"),
    "a secret in a recipe": (
        {"model__bad": GLOBAL + "hydra: {mode: MULTIRUN, sweeper: {params: {model.name: sk-CANARY123}}}\n"},
        "hydra.sweeper",
    ),
    "a Python object": ({"model__bad": "name: !!python/object/apply:os.system [x]\n"}, ""),
    "no YAML": ({"model__bad": "name: [\n"}, ""),
    "another encoding": ({"model__bad": "name: x"}, ""),
}


@pytest.mark.parametrize("case", BAD)
def test_files_of_the_user_are_checked_like_the_command_line(case, tmp_path, monkeypatch):
    files, said = BAD[case]
    flags = user_files(tmp_path, **files)
    if case == "another encoding":
        (tmp_path / "conf/model/bad.yaml").write_bytes(b"name: \xff\xfe\n")
    monkeypatch.chdir(tmp_path)
    before = sorted(os.walk(tmp_path))
    one, swept = ["model=bad"], ["model=lead,bad"]
    if "experiment__bad" in files:
        one, swept = ["model=lead", "+experiment=bad"], ["model=lead,textrank", "+experiment=bad"]
    # Alternately alone and as the second value of a sweep: one composition is a third of a second.
    arguments = [*flags, *one] if list(BAD).index(case) % 2 else ["-m", *flags, *swept]
    with pytest.raises(ConfigError) as caught:
        compose_jobs(parse_arguments(arguments))
    assert said in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert sorted(os.walk(tmp_path)) == before
