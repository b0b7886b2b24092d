"""What judges' findings took: told once and whole, however often a run was cut off, given again or scored again."""

import json
import runpy
from pathlib import Path

import pytest

from harness.engine.base import Stopped
from harness.evaluate import Progress, run_task
from harness.findings import JOURNAL, Asked, FindingJournal, known_findings
from harness.measurement import Judging
from harness.rescore import rescore

pytest.importorskip("openai")
pytestmark = pytest.mark.core
HERE = Path(__file__).resolve().parent
MADE = runpy.run_path(str(HERE / "made_judged.py"))
FOLDER, ready, run, run_json = (MADE[name] for name in ("FOLDER", "ready", "run", "run_json"))
SERVER = runpy.run_path(str(HERE / "made_endpoint.py"))
serve, reply, completion = (SERVER[name] for name in ("serve", "reply", "completion"))

# Of a million tokens.
READ, WRITTEN = 1000.0, 5000.0
# Two texts that differ, four criteria, one order, one repeat.
QUESTIONS = 8


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MADE["make_corpus"](tmp_path)
    return tmp_path


class Counting:
    """A server that writes a verdict, and remembers which tokens it has told of."""

    def __init__(self):
        self.told = []

    def __call__(self, body, number):
        read = sum(len(message["content"].split()) for message in body["messages"])
        tokens = (read, 5 + number % 3)
        self.told.append(tokens)
        return reply(completion('{"score": 4}', tokens=tokens))

    @property
    def usage(self):
        read, written = map(sum, zip(*self.told, strict=True))
        return {"requests": len(self.told), "input_tokens": read, "output_tokens": written}

    @property
    def cost(self):
        return pytest.approx((self.usage["input_tokens"] * READ + self.usage["output_tokens"] * WRITTEN) / 1e6)


@pytest.fixture(scope="module")
def counting():
    rule = Counting()
    with serve(rule) as endpoint:
        rule.endpoint = endpoint
        yield rule


@pytest.fixture
def server(counting):
    counting.told.clear()
    return counting


def judged(server, *more, name="llm_judge"):
    keys = {"base_url": server.endpoint.url, "served_model": "m", "concurrency": 1, "retries": 0,
            "input_price": READ, "output_price": WRITTEN}  # fmt: skip
    of = [f"metric.{name}.judge.model.{key}={value}" for key, value in keys.items()]
    return [*of, f"metric.{name}.repeats=1", f"metric.{name}.orders=document_first", *more]


def told(name="llm_judge"):
    return run_json()["judging"][name]


def test_tokens_and_price_stand_beside_the_models(place, server):
    outcome = run(*judged(server), metric="llm_judge")
    found = run_json()
    assert (found["cost"], found.get("usage")) == (None, None)  # the model under test counts nothing
    assert list(found["judging"]) == ["llm_judge"]
    entry = found["judging"]["llm_judge"]
    assert (entry["asked"], entry["usage"], entry["cost"]) == (QUESTIONS, server.usage, server.cost)
    assert entry["answered_by"] == [{"model": "served", "system_fingerprint": "fp_1"}]
    assert entry["seconds"] > 0
    # The same hash as the rows of scores end with.
    signatures = [row["signature"] for row in json.loads((FOLDER / "scores.json").read_text())["scores"]]
    assert any(one.endswith(f"|judge:llm:{entry['judge'][:8]}") for one in signatures)
    (remark,) = outcome.remarks
    who, _, what = remark.partition(" s, ")
    assert who.startswith(
        f"metric 'llm_judge': 8 questions to its judge (openai_compatible m at {server.endpoint.url}), "
    )
    read, written = server.usage["input_tokens"], server.usage["output_tokens"]
    assert what == f"{read:,} tokens read, {written:,} tokens written, cost {entry['cost']:.4g}"


def test_nothing_that_asks_nothing_moves_it(place, server):
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    first = told()
    assert run(*judged(server), metric="llm_judge").remarks == ()
    assert told() == first
    MADE["plan"]._corpora.clear()
    assert rescore(FOLDER).status == "complete"
    assert told() == first
    # Nor do other metrics beside it.
    assert run(*judged(server), metric="llm_judge,rouge").exit_code == 0
    assert told() == first
    assert len(server.told) == QUESTIONS


def test_what_is_asked_in_addition_is_added(place, server):
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert run(*judged(server, "metric.llm_judge.orders=both"), metric="llm_judge").exit_code == 0
    assert len(server.told) == 2 * QUESTIONS
    assert (told()["asked"], told()["usage"], told()["cost"]) == (2 * QUESTIONS, server.usage, server.cost)


def test_fresh_and_another_judge_begin_again(place, server):
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    for more in (["fresh=true"], ["metric.llm_judge.judge.highest=7"]):
        server.told.clear()
        assert run(*judged(server, *more), metric="llm_judge").exit_code == 0
        assert (told()["asked"], told()["usage"], told()["cost"]) == (QUESTIONS, server.usage, server.cost)


def test_without_a_price_the_cost_is_unknown_and_stays_so(place, server):
    free = [f"metric.llm_judge.judge.model.{name}=null" for name in ("input_price", "output_price")]
    assert run(*judged(server, *free), metric="llm_judge").exit_code == 0
    assert (told()["usage"], told()["cost"]) == (server.usage, None)
    # A price is no part of the judge: what was asked without one is not asked again.
    assert run(*judged(server, "metric.llm_judge.orders=both"), metric="llm_judge").exit_code == 0
    assert (told()["usage"], told()["cost"]) == (server.usage, None)


def cut_off(server, after, *more, metric="llm_judge", model="lead"):
    found = ready(*more, metric=metric, model=model)
    with pytest.raises(Stopped):
        run_task(found.tasks[0], found.config, found.engine, progress=Progress(),
                 stop=lambda: 15 if len(server.told) >= after else None)  # fmt: skip


def test_a_run_that_is_cut_off_twice_tells_all(place, server):
    assert run(metric="rouge").exit_code == 0
    cut_off(server, 3, *judged(server))
    cut_off(server, 5, *judged(server))
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.told) == QUESTIONS
    assert (told()["asked"], told()["usage"], told()["cost"]) == (QUESTIONS, server.usage, server.cost)
    assert not (FOLDER / JOURNAL).exists()
    first = told()
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert told() == first


def test_a_process_that_is_killed_tells_what_it_spent(place, server, monkeypatch):
    """The finding of its last question is lost and asked for again, and both are paid for."""
    commit, committed = FindingJournal.commit, []

    def die(self, findings):
        if len(committed) == 3:
            raise MemoryError  # what no stage handles: nothing more is written of the judge
        committed.extend(findings)
        commit(self, findings)

    with monkeypatch.context() as patched:
        patched.setattr(FindingJournal, "commit", die)
        assert run(*judged(server), metric="llm_judge").exit_code == 1
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.told) == QUESTIONS + 1
    assert (told()["asked"], told()["usage"], told()["cost"]) == (QUESTIONS + 1, server.usage, server.cost)


@pytest.mark.parametrize(("step", "before"), [("write_run", "complete"), ("remove_finding_journal", "nothing")])
def test_a_run_that_dies_at_its_last_step_loses_and_doubles_nothing(place, server, monkeypatch, step, before):
    import harness.evaluate

    real = getattr(harness.evaluate, step)

    def die(folder, status="complete", **content):
        if status == "complete":
            raise OSError(28, "No space left on device")
        real(folder, status, **content)

    if before == "complete":
        assert run(metric="rouge").exit_code == 0
    with monkeypatch.context() as patched:
        patched.setattr(harness.evaluate, step, die)
        assert run(*judged(server), metric="llm_judge").exit_code == 1
    assert (FOLDER / JOURNAL).exists()
    assert run(*judged(server), metric="llm_judge").exit_code == 0
    assert len(server.told) == QUESTIONS
    assert (told()["asked"], told()["usage"], told()["cost"]) == (QUESTIONS, server.usage, server.cost)


def test_what_the_model_cost_is_kept_when_its_judge_is_cut_off(place, server):
    priced = {"base_url": server.endpoint.url, "served_model": "m", "concurrency": 1, "input_price": READ}
    model = [f"model.{name}={value}" for name, value in priced.items()]
    cut_off(server, 3 + 2, *model, *judged(server), model="openai_compatible")
    assert len(server.told) == 5
    of_model = server.told[:3]
    assert run(*model, *judged(server), metric="llm_judge", model="openai_compatible").exit_code == 0
    (folder,) = FOLDER.parent.iterdir()
    found = run_json(folder)
    read, written = map(sum, zip(*of_model, strict=True))
    assert found["usage"] == {"requests": 3, "input_tokens": read, "output_tokens": written}
    assert found["cost"] == pytest.approx(read * READ / 1e6)
    # All documents got the same answer, and two of them are the same text.
    read, written = map(sum, zip(*server.told[3:], strict=True))
    assert found["judging"]["llm_judge"]["usage"] == {
        "requests": QUESTIONS,
        "input_tokens": read,
        "output_tokens": written,
    }


@pytest.mark.parametrize("cut", [0, 1, 9])
def test_a_journal_gives_back_what_was_put_in(tmp_path, cut):
    journal = FindingJournal(tmp_path, fresh=False)
    took = Judging(metric="m", judge="j", asked=2, seconds=0.5, usage={"input_tokens": 7}, cost=0.25)
    journal.add(took)
    journal.commit([Asked("m", "j", "", "k1", {"value": 1.0}), Asked("m", "j", "", "k2", None)])
    assert journal.took == [took]
    file = tmp_path / JOURNAL
    if cut:
        file.write_bytes(file.read_bytes()[:-cut])
    before = file.read_bytes()
    keys = ["k1", "k2"][: 1 if cut else 2]
    # Looking at it changes nothing, opening it cuts off what is broken.
    assert [one.key for one in known_findings(tmp_path, fresh=False)] == keys
    assert known_findings(tmp_path, fresh=True) == []
    assert file.read_bytes() == before
    again = FindingJournal(tmp_path, fresh=False)
    assert [one.key for one in again.findings] == keys
    ((name, asked, usage, cost),) = [(one.metric, one.asked, one.usage, one.cost) for one in again.took]
    assert (name, asked, usage, cost) == ("m", 2, {"input_tokens": 7}, 0.25)
    assert file.read_bytes() == b"".join(before.splitlines(keepends=True)[: 2 + len(keys)])
    assert FindingJournal(tmp_path, fresh=True).took == []
    assert not file.exists()
