"""`python -m harness` from the outside of `command`: exit codes, streams, messages, and what is left in the folder."""

import json
import os
import signal

import pytest

from harness import __version__
from harness.__main__ import command

pytestmark = pytest.mark.core

SECRET = "sk-CANARY123"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_DEBUG", raising=False)
    return tmp_path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help(word, capsys, folder):
    assert command([word]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("harness: evaluates")
    assert err == ""
    assert files(folder) == []


def test_version(capsys):
    assert command(["--version"]) == 0
    assert capsys.readouterr().out == f"harness {__version__}\n"


def test_a_run_writes_its_folder_and_nothing_else(capsys, folder):
    assert command(["model=lead"]) == 0
    out, err = capsys.readouterr()
    assert "lead" in out
    assert err.splitlines() == [
        f"harness: skipped: model 'lead' does not answer task {task!r} (it answers summarization)"
        for task in ("ner", "stance")
    ]
    names = ["config.yaml", "counts.parquet", "predictions.parquet", "run.json", "scores.csv", "scores.json"]
    run = "results/seed/summarization/lead"
    assert files(folder) == [
        "results",
        "results/seed",
        "results/seed/summarization",
        run,
        *(f"{run}/{n}" for n in names),
    ]


def test_a_sweep_gives_one_table(capsys, folder):
    assert command(["-m", "model=lead,random_sentences"]) == 0
    out = capsys.readouterr().out
    assert out.count("results: ") == 1
    assert "lead" in out
    assert "random_sentences" in out
    assert sorted(os.listdir(folder / "results/seed/summarization")) == ["lead", "random_sentences"]
    assert os.listdir(folder) == ["results"]
    assert not [name for name in os.listdir(folder / "results") if name.startswith(".")]


def test_another_seed_of_a_model_that_draws_is_another_folder(folder):
    assert command(["model=random_sentences", "interval.resamples=100"]) == 0
    assert command(["model=random_sentences", "interval.resamples=100", "rng_seed=7"]) == 0
    assert len(os.listdir(folder / "results/seed/summarization")) == 2


WRONG = [
    (["model=nope"], "no such option"),
    (["modle=lead"], "did you mean 'model'?"),
    (["model=lead", "data.limit=x"], "valid integer"),
    (["model=lead", "task=ner"], "does not answer task 'ner'"),
    (["model=lead", "model.summarization.sentences=0"], "sentences"),
    (["model=lead", "engine.kind=raay"], "engine kind 'raay' does not exist"),
    (["model=lead", "slices=[stile]"], "slices: no example has a field 'stile'; did you mean 'style'?"),
    (["model=lead", "slices=[label]"], "slices: metrics report by label themselves"),
    (["model=lead", "data.options.colums=1"], "data.options.colums: unknown key"),
    (["model=predictions", "model.path=/nonexistent/x"], "/nonexistent/x"),
    (["model=lead", "data=local", "data.documents=/nonexistent"], "/nonexistent"),
    (["model=lead", "data=local"], "data.documents=DIR"),
    (["model=lead", "task.summarization.only=[nope]"], "nope"),
    (["-m", "model=lead,nope"], "no such option"),
    (["-m", "model=lead", "model.summarization.sentences=1,x"], "found 'x'"),
    (["-m", "model=lead", "model.summarization.sentences=3,0"], "sentences"),
    (["-m", "model=lead", "metric.rouge.variants=[rouge1],[rougeX]"], "rouge"),
    (["--mulitrun", "model=lead"], "did you mean '--multirun'?"),
    (["model=lead", "compare"], "'compare': expected key=value"),
    (["copmare"], "copmare"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_usage_is_2_with_one_message_and_no_file(arguments, said, capsys, folder):
    assert command(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("harness: ")
    assert said in err
    assert "Traceback" not in err
    assert files(folder) == []


DANGEROUS = [
    "+model._target_=os.system", "+model.ner._target_=os.system", "+hydra.callbacks.x._target_=builtins.open",
    "+hydra/callbacks=x", "hydra.run.dir=marker", "hydra.searchpath=[file://.]", "hydra.output_subdir=marker",
    "+hydra.job_logging.handlers.x.class=logging.FileHandler", "+model.x={_target_: pathlib.Path.write_text}",
    "+model.x=[{_target_: subprocess.run}]", "+hydra.launcher._target_=os.system",
]  # fmt: skip


@pytest.mark.parametrize("argument", [*DANGEROUS, "--experimental-rerun=marker"])
@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_nothing_on_the_command_line_runs_or_writes(argument, sweep, capsys, folder):
    assert command([*sweep, "model=lead", argument]) == 2
    key = argument.partition("=")[0].lstrip("+")
    assert key.split("{")[0] in capsys.readouterr().err
    assert files(folder) == []


TARGETS = [
    "os.system", "posix.system", "logging.os.system", "builtins.eval", "subprocess.run", "pickle.loads",
    "builtins.open", "pathlib.Path.write_text", "urllib.request.urlopen",
    "hydra._internal.target_policy._POLICY.discard",
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_no_target_in_a_file_runs(target, capsys, folder):
    conf = folder / "conf/model"
    conf.mkdir(parents=True)
    (conf / "bad.yaml").write_text(
        f"name: bad\nner:\n  kind: predictions\n  x: [{{_target_: {target}, _args_: [marker]}}]\n"
    )
    before = files(folder)
    assert command(["--config-dir", "conf", "model=bad"]) == 2
    assert "model.ner.x[0]._target_" in capsys.readouterr().err
    assert files(folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        [f"+model.api_key={SECRET}"],
        [f"model.name={SECRET}"],
        [f"data.about='{SECRET}'"],
        ["-m", f"model.name=a,{SECRET}"],
        [f"+{SECRET}=1"],
        [f"--config-dir={SECRET}"],
        [SECRET],
        ["data.documents=https://u:CANARY@host/x"],
    ],
)
def test_a_secret_reaches_neither_message_nor_file(arguments, capsys, folder):
    assert command(["model=lead", *arguments]) == 2
    out, err = capsys.readouterr()
    assert "CANARY" not in out + err
    assert files(folder) == []


def test_the_environment_is_not_read_into_a_configuration(capsys, folder, monkeypatch):
    monkeypatch.setenv("PRIVATE", "CANARY")
    for value in ("${oc.env:PRIVATE}", "'${oc.${data.about}:PRIVATE}'"):
        assert command(["model=lead", "data.about=env", f"data.name={value}"]) == 2
    assert "CANARY" not in "".join(capsys.readouterr())
    assert files(folder) == []


def test_results_that_is_a_file_is_said(capsys, folder):
    (folder / "taken").write_text("x")
    assert command(["model=lead", "results=taken"]) == 2
    assert "results=taken: cannot be written (it is a file)" in capsys.readouterr().err
    assert command(["model=lead", "results="]) == 2
    assert files(folder) == ["taken"]


def test_dry_run_of_a_sweep_counts_a_run_once(capsys, folder):
    sweep = ["-m", "model=baseline", "task=[ner,summarization]", "model.summarization.sentences=1,2", "dry_run=true"]
    assert command(sweep) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [sum(line.startswith(task) for line in lines) for task in ("ner", "summarization")] == [1, 2]


def test_a_model_that_cannot_be_loaded_leaves_nothing(capsys, folder):
    pytest.importorskip("torch")
    given = ["model=tiny", "task=ner", "model.ner.device=gpu0"]
    assert command([*given, "results=deep/results"]) == 2
    assert "model.ner.device: 'gpu0' cannot be used here" in capsys.readouterr().err
    assert files(folder) == []
    # What was there before stays, empty or not.
    (folder / "mine").mkdir()
    assert command([*given, "results=mine"]) == 2
    assert files(folder) == ["mine"]


def test_dry_run_asks_nothing_and_writes_nothing(capsys, folder):
    assert command(["model=lead", "dry_run=true"]) == 0
    assert "3" in capsys.readouterr().out
    assert files(folder) == []


def test_cfg_prints_the_configuration_and_runs_nothing(capsys, folder):
    assert command(["model=lead", "--cfg", "job"]) == 0
    assert "sentences: 3" in capsys.readouterr().out
    assert files(folder) == []


def test_an_unforeseen_fault_is_one_line(capsys, monkeypatch):
    import harness.application

    def fall(arguments):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(harness.application, "run", fall)
    assert command(["model=lead"]) == 1
    assert capsys.readouterr().err == "harness: ZeroDivisionError: odd (HARNESS_DEBUG=1 shows where)\n"
    monkeypatch.setenv("HARNESS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        command(["model=lead"])


def test_an_interrupt_while_planning_is_130(capsys, monkeypatch):
    import harness.application

    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(harness.application, "run", stop)
    assert command(["model=lead"]) == 130
    assert capsys.readouterr().err == "harness: interrupted\n"


def test_signal_handlers_are_put_back(folder):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert command(["model=lead"]) == 0
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert "HARNESS_JOBS" not in os.environ


def test_what_killed_processes_left_is_removed(folder):
    from harness.application import _here

    for number in (2**22 + 5, os.getpid()):
        (folder / f"results/.jobs-{_here()}-{number}-x").mkdir(parents=True)
    (folder / "results/.jobs-otherhst-1-x").mkdir()
    assert command(["model=lead"]) == 0
    left = sorted(name for name in os.listdir(folder / "results") if name.startswith("."))
    assert left == sorted([f".jobs-{_here()}-{os.getpid()}-x", ".jobs-otherhst-1-x"])


def test_the_same_run_twice_has_the_same_bytes(folder):
    run = folder / "results/seed/summarization/lead"
    assert command(["model=lead"]) == 0
    before = {name: (run / name).read_bytes() for name in os.listdir(run) if name != "run.json"}
    assert command(["model=lead", "fresh=true", "results=other"]) == 0
    other = folder / "other/seed/summarization/lead"
    assert {name: (other / name).read_bytes() for name in os.listdir(other) if name != "run.json"} == before
    assert str(folder) not in (run / "config.yaml").read_text()


def test_a_task_named_or_not_is_the_same_run(folder):
    assert command(["model=lead"]) == 0
    run = folder / "results/seed/summarization/lead"
    before = (run / "config.yaml").read_bytes(), (run / "scores.json").read_bytes()
    took = json.loads((run / "run.json").read_text())["seconds"]["predict"]
    assert command(["model=lead", "task=summarization"]) == 0
    assert ((run / "config.yaml").read_bytes(), (run / "scores.json").read_bytes()) == before
    # Nothing was asked again: the time is that of the first run, to the last digit.
    assert json.loads((run / "run.json").read_text())["seconds"]["predict"] == took
