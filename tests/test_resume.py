"""Runs that are killed, stopped, out of space or refused, and what the same command does afterwards.

The model is a plugin, found through the entry points of a package on the path; it notes every id that it is asked.
Commands run in processes of their own, forked from one that has the harness imported already.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.core

DETERMINISTIC = ("config.yaml", "predictions.parquet", "counts.parquet", "scores.csv", "scores.json")
RUN = Path("results/mine/stance/logged")

# Reads one command a line as JSON: forks and says the child's process id; or waits for one and says its exit status.
SERVER = """
import json, os, sys
import harness.application, harness.report.terminal, harness.comparison.compare, pandas, rich.console, rich.table
from harness.__main__ import command
for line in sys.stdin:
    job = json.loads(line)
    if "wait" in job:
        print(os.waitstatus_to_exitcode(os.waitpid(job["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        os.chdir(job["cwd"])
        os.environ.update(job["env"])
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if not job["hydra"]:
            # Hydra composes twice more on its way to the job; the tests of signals and sweeps go that way.
            harness.application._call_hydra = lambda line, more: harness.application.carry_out(0)
        try:
            if "limit" in job:
                import resource, signal
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], resource.RLIM_INFINITY))
            code = command(job["arguments"])
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
"""

PLUGIN = '''
import os, signal, time
from dataclasses import dataclass

from harness import evaluate, run_folder
from harness.records import Answer


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


POINT = os.environ.get("CRASH_AT", "")
if POINT == "scoring":
    evaluate.score_plan = die
elif POINT == "two files":
    run_folder.write_scores = die
elif POINT == "no scores":
    real_json = run_folder.write_json
    run_folder.write_json = lambda path, value: die() if path.name == "scores.json" else real_json(path, value)
elif POINT == "no run.json":
    real_run = evaluate.write_run
    evaluate.write_run = lambda folder, status, **more: die() if more else real_run(folder, status)
elif POINT == "journal left":
    evaluate.remove_journal = die


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Notes what it is asked."""

    variant: str = "a"
    fail: tuple[str, ...] = ()
    words: int = 1

    tasks = ("stance",)
    gold = "none"

    def signature(self):
        return {"kind": "logged", "variant": self.variant}

    def answer(self, inputs):
        if POINT == "first batch":
            die()
        time.sleep(float(os.environ.get("SLEEP", "0")))
        with open(os.environ["CALLS"], "a") as stream:
            stream.write("".join(f"{self.variant} {one.doc}\\n" for one in inputs))
        if os.environ.get("SHUT"):
            raise RuntimeError("shut")
        answers = []
        for one in inputs:
            if one.doc in self.fail and not os.path.exists("healed"):
                answers.append(Answer(bin="failed", reason="told to"))
                continue
            label = "favor" if "yes" in one.text else "against"
            # In no order, with a number that does not end: what a stored answer must give back all the same.
            scores = {"none": 1 / 3, "favor": 1 / 7, "against": 1 - 1 / 3 - 1 / 7}
            answers.append(Answer(label=label, scores=scores, raw="x" * self.words, tokens_read=len(one.text)))
        return answers
'''


class Server:
    def __init__(self, folder):
        plugins = folder / "plugins"
        info = plugins / "logged-1.0.dist-info"
        info.mkdir(parents=True)
        (plugins / "logged_plugin.py").write_text(PLUGIN)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: logged\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[harness.model]\nlogged = logged_plugin:Logged\n")
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(plugins), *filter(None, sys.path)])}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
        )

    def ask(self, **job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.close()


class Place:
    """A working folder with a corpus and a folder of model files; commands run in it."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        folder.mkdir(exist_ok=True)
        self.calls = folder / "calls.log"
        self.documents = folder / "documents"
        self.documents.mkdir()
        (folder / "gold").mkdir()
        (folder / "conf/model").mkdir(parents=True)
        self.model("logged")

    def corpus(self, count, size=1):
        # Of one length, so that the engine asks them in order.
        for n in range(count):
            word = "yes" if n % 3 else "nay"
            (self.documents / f"d{n:03d}.txt").write_text(f"{word} {n:03d} " + "x" * size)
        lines = [{"doc": f"d{n:03d}", "target": "nato", "label": ("favor", "against")[n % 2]} for n in range(count)]
        (self.folder / "gold/stance.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return self

    def model(self, name, **parameters):
        lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in parameters.items())
        defaults = "".join(
            f"  {key}: {json.dumps(value)}\n"
            for key, value in {"variant": name, "fail": [], "words": 1}.items()
            if key not in parameters
        )
        text = f"name: {name}\nstance:\n  kind: logged\n{lines}{defaults}"
        (self.folder / f"conf/model/{name}.yaml").write_text(text)

    def start(self, *more, model="logged", limit=None, hydra=False, **env):
        job = {
            "hydra": hydra or "-m" in more,
            "cwd": str(self.folder),
            "env": {"CALLS": str(self.calls), **env},
            "out": str(self.folder / "out.txt"),
            "err": str(self.folder / "err.txt"),
            "arguments": [
                "--config-dir", "conf", f"model={model}", "data=local", "data.name=mine", "data.documents=documents",
                "data.gold=gold", "engine.batch_size=4", *more,
            ],
        }  # fmt: skip
        if limit is not None:
            job["limit"] = limit
        self.process = self.server.ask(**job)
        return self.process

    def wait(self, process=None):
        return self.server.ask(wait=process or self.process)

    def run(self, *more, **how):
        return self.wait(self.start(*more, **how))

    @property
    def err(self):
        return (self.folder / "err.txt").read_text()

    @property
    def out(self):
        return (self.folder / "out.txt").read_text()

    def asked(self):
        return [line.split()[1] for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def status(self, run=RUN):
        return json.loads((self.folder / run / "run.json").read_text())["status"]

    def files(self, run=RUN):
        return {name: (self.folder / run / name).read_bytes() for name in DETERMINISTIC}

    def committed(self, run=RUN):
        """Number of answers that the journal holds, or 0."""
        try:
            with sqlite3.connect(f"file:{self.folder / run / 'journal.sqlite'}?mode=ro", uri=True) as connection:
                return connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def until(self, rows):
        deadline = time.monotonic() + 30
        while self.committed() < rows:
            assert time.monotonic() < deadline, self.err
            time.sleep(0.005)

    def all_files(self):
        return sorted(str(path.relative_to(self.folder)) for path in (self.folder / "results").rglob("*"))


@pytest.fixture
def place(tmp_path, server):
    return Place(tmp_path / "here", server)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, server):
    """The files of a run over 20 documents that nothing interrupted."""
    there = Place(tmp_path_factory.mktemp("whole") / "here", server).corpus(20)
    assert there.run() == 0, there.err
    return there.files(), there.all_files()


def check_complete(place, whole):
    files, names = whole
    assert place.status() == "complete"
    for name, content in files.items():
        assert place.files()[name] == content, name
    # No journal, no lock, no temporary file, no folder of jobs.
    assert place.all_files() == names


def test_the_same_command_goes_on_after_a_kill(place, whole):
    place.corpus(20)
    process = place.start(SLEEP="0.1", hydra=True)
    place.until(9)
    os.kill(process, signal.SIGKILL)
    assert place.wait() == -signal.SIGKILL
    assert place.status() == "started"
    kept = place.committed()
    assert kept >= 9
    assert place.run() == 0, place.err
    asked = place.asked()
    assert sorted(set(asked)) == [f"d{n:03d}" for n in range(20)]
    twice = {name for name in asked if asked.count(name) > 1}
    assert len(twice) <= 4
    # Of one length, so asked in order: what was committed is the front.
    assert not twice & set(asked[:kept])
    check_complete(place, whole)


POINTS = ["first batch", "scoring", "two files", "no scores", "no run.json", "journal left"]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_stage_is_mended_by_the_same_command(place, whole, point):
    place.corpus(20)
    assert place.run(CRASH_AT=point) == -signal.SIGKILL
    assert place.status() == ("complete" if point == "journal left" else "started")
    assert place.run() == 0, place.err
    # Nothing is asked a second time: all was committed, or nothing was.
    assert len(place.asked()) == 20
    check_complete(place, whole)


def test_fresh_keeps_the_old_results_until_the_new_are_complete(place, whole):
    place.corpus(20)
    assert place.run() == 0, place.err
    process = place.start("fresh=true", SLEEP="0.15")
    place.until(5)
    os.kill(process, signal.SIGKILL)
    place.wait()
    assert place.status() == "complete"
    assert place.files() == whole[0]
    kept = place.committed()
    # The same command resumes; it does not begin a third time.
    assert place.run("fresh=true") == 0, place.err
    assert 40 <= len(place.asked()) <= 44
    assert len(place.asked()) <= 20 + kept + 4 + (20 - kept)
    check_complete(place, whole)
    assert place.run("fresh=true") == 0
    assert len(place.asked()) >= 60


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_the_batch_and_the_command_resumes(place, whole, number, code):
    place.corpus(20)
    process = place.start(SLEEP="0.1", hydra=True)
    place.until(5)
    os.kill(process, number)
    assert place.wait() == code
    assert "stopping after this batch" in place.err
    assert "Traceback" not in place.err
    assert place.committed() == len(place.asked())
    assert place.committed() % 4 == 0
    assert 5 <= place.committed() < 20
    assert place.run() == 0, place.err
    assert sorted(place.asked()) == [f"d{n:03d}" for n in range(20)]
    check_complete(place, whole)


def test_a_second_signal_acts_at_once(place):
    place.corpus(8)
    process = place.start(SLEEP="20")
    deadline = time.monotonic() + 20
    while not (place.folder / RUN / "journal.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    begun = time.monotonic()
    os.kill(process, signal.SIGINT)
    time.sleep(0.3)
    os.kill(process, signal.SIGINT)
    assert place.wait() == -signal.SIGINT
    assert time.monotonic() - begun < 5


def test_a_signal_stops_the_jobs_that_have_not_begun(place):
    place.corpus(8)
    place.model("other")
    process = place.start("-m", model="logged,other", SLEEP="0.3")
    place.until(4)
    os.kill(process, signal.SIGINT)
    assert place.wait() == 130
    assert not (place.folder / "results/mine/stance/other").exists()
    assert place.run("-m", model="logged,other") == 0, place.err
    assert sorted(place.asked()) == sorted([f"d{n:03d}" for n in range(8)] * 2)


def test_a_second_process_in_the_folder_is_refused(place):
    place.corpus(8)
    first = place.start(SLEEP="1.5")
    place.until(4)
    before = (place.folder / RUN / "run.json").stat().st_mtime_ns
    begun = time.monotonic()
    second = place.start()
    assert place.wait(second) == 2
    assert time.monotonic() - begun < 5
    assert f"process {first} on" in place.out + place.err
    assert (place.folder / RUN / "run.json").stat().st_mtime_ns == before
    assert place.wait(first) == 0
    assert len(place.asked()) == 8
    # The lock goes with its holder.
    assert place.run() == 0


def test_no_space_is_a_sentence_and_costs_nothing_committed(place):
    place.model("logged", words=2000)
    place.corpus(60)
    assert place.run("data.limit=3") == 0, place.err
    other = next((place.folder / "results/mine/stance").iterdir())
    before = {path.name: path.read_bytes() for path in other.iterdir()}
    assert place.run(limit=64 * 1024) == 1
    assert "no space" in place.out + place.err or "lack of space" in place.out + place.err
    assert "Traceback" not in place.out + place.err
    kept = place.committed()
    assert 0 < kept < 60
    assert {path.name: path.read_bytes() for path in other.iterdir()} == before
    assert not list(place.folder.rglob("*.tmp"))
    asked = len(place.asked())
    assert place.run() == 0, place.err
    assert len(place.asked()) - asked == 60 - kept
    assert place.status() == "complete"


# ---- what is asked again, and what is not ---------------------------------------------------------------------------


def test_two_models_share_nothing(place):
    place.corpus(6)
    place.model("other")
    assert place.run() == 0, place.err
    assert place.run(model="other") == 0, place.err
    assert sorted(place.calls.read_text().split("\n")[:-1]) == sorted(
        f"{model} d{n:03d}" for model in ("logged", "other") for n in range(6)
    )


def test_one_edited_character_is_one_new_call(place):
    place.corpus(6)
    assert place.run() == 0, place.err
    (place.documents / "d003.txt").write_text("yes 003 y")
    assert place.run() == 0, place.err
    assert place.asked()[6:] == ["d003"]


@pytest.mark.parametrize("change", [["engine.batch_size=3"], ["metric=[stance_classification]", "slices=[target]"]])
def test_what_moves_no_answer_asks_nothing(place, change):
    place.corpus(6)
    assert place.run() == 0, place.err
    assert place.run(*change) == 0, place.err
    assert len(place.asked()) == 6
    assert place.status() == "complete"


@pytest.mark.parametrize("change", ["model.stance.variant=b", "task.stance.context=0"])
def test_what_moves_an_answer_asks_all_in_a_folder_of_its_own(place, change):
    place.corpus(6)
    assert place.run() == 0, place.err
    assert place.run(change) == 0, place.err
    assert len(place.asked()) == 12
    assert len(list((place.folder / "results/mine/stance").iterdir())) == 2


def test_a_failed_answer_is_never_used_again(place):
    place.corpus(10)
    place.model("logged", fail=["d001", "d004", "d007"])
    assert place.run("fail_on_error.share=1") == 0, place.err
    # What failed was the machine's fault, not the configuration's, so no file may differ.
    (place.folder / "healed").touch()
    assert place.run() == 0, place.err
    assert sorted(place.asked()[10:]) == ["d001", "d004", "d007"]
    ledger = json.loads((place.folder / RUN / "scores.json").read_text())["ledger"]["examples"]
    assert (ledger["scored"], ledger["failed"]) == (10, 0)


def test_altered_answers_are_asked_again(place, whole):
    place.corpus(20)
    assert place.run() == 0, place.err
    file = place.folder / RUN / "predictions.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    assert place.run() == 0, place.err
    assert len(place.asked()) == 40
    check_complete(place, whole)


def test_a_journal_of_another_configuration_is_refused(place):
    place.corpus(8)
    assert place.run(CRASH_AT="scoring") == -signal.SIGKILL
    # The file says something else now; the folder is the same.
    place.model("logged", variant="b")
    assert place.run() == 2
    assert "model.variant ('logged' then, 'b' now)" in place.out + place.err
    assert len(place.asked()) == 8
    assert place.run("fresh=true") == 0, place.err


# ---- error limits and sweeps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ([], 1),
        (["fail_on_error.share=0.3"], 0),
        (["fail_on_error.share=0.29"], 1),
        (["fail_on_error.share=1", "fail_on_error.count=2"], 1),
        (["fail_on_error.share=0.24", "data.limit=4"], 1),
    ],
)
def test_the_error_limit(place, limits, code):
    place.corpus(10)
    place.model("logged", fail=["d001", "d004", "d007"])
    assert place.run(*limits) == code, place.err
    run = next((place.folder / "results/mine/stance").iterdir())
    assert place.status(run) == "complete"
    ledger = json.loads((run / "scores.json").read_text())["ledger"]["examples"]
    total = 4 if "data.limit=4" in limits else 10
    assert (ledger["total"], ledger["scored"]) == (total, total - (1 if total == 4 else 3))
    if code:
        # The terminal may break the line anywhere.
        assert "have no scored answer (failed" in " ".join((place.out + place.err).split())


def test_one_bad_model_of_a_sweep_does_not_stop_the_others(place):
    place.corpus(6)
    for name in ("good", "bad", "good2"):
        place.model(name)
    place.model("bad", fail=[f"d{n:03d}" for n in range(6)])
    assert place.run("-m", model="good,bad,good2") == 1
    assert [place.status(RUN.with_name(name)) for name in ("good", "good2")] == ["complete"] * 2
    assert "bad" in place.out
    assert "6 of 6 examples have no scored answer" in " ".join((place.out + place.err).split())


def test_a_model_that_raises_is_a_row_of_its_own(place):
    place.corpus(4)
    assert place.run(SHUT="1") == 1
    ledger = json.loads((place.folder / RUN / "scores.json").read_text())["ledger"]["examples"]
    assert ledger["failed"] == 4
    assert "RuntimeError: shut" in json.dumps(
        __import__("pyarrow.parquet").parquet.read_table(place.folder / RUN / "predictions.parquet").to_pylist(),
        default=str,
    )


def test_workers_of_other_processes_give_the_same_results(place):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="left out: no joblib launcher")
    place.corpus(6)
    place.model("other")
    assert place.run("-m", model="logged,other") == 0, place.err
    serial, table = place.all_files(), place.out
    files = place.files()
    shutil.rmtree(place.folder / "results")
    assert place.run("-m", "hydra/launcher=joblib", model="logged,other") == 0, place.err
    assert place.all_files() == serial
    assert place.files() == files
    assert [line.split()[:2] for line in place.out.splitlines()] == [line.split()[:2] for line in table.splitlines()]
