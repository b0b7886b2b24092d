"""The gate over real run folders of 300 documents: a fine model, a broken one, and what else can be wrong."""

import json
import runpy
import shutil
from pathlib import Path

import pytest

from harness.__main__ import command
from harness.errors import ConfigError, HarnessError, RunError, UsageError
from harness.gate.answers import changes
from harness.gate.check import check
from harness.gate.gates import Gate, GatedScore, LedgerLimits, SpeedLimits, load_gate

pytestmark = pytest.mark.core
made = runpy.run_path(str(Path(__file__).parents[1] / "made_gate.py"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """`base`; `same` answers alike; `fine` has two answers changed; `broken` never says `against`."""
    folder = tmp_path_factory.mktemp("gate")
    gold = made["make_gold"](folder / "gold", 300)
    base = made["answer"](gold, 0.85, 1)
    fine = [dict(one) for one in base]
    wrong = [place for place, (one, right) in enumerate(zip(fine, gold, strict=True)) if one["label"] != right["label"]]
    for place in wrong[:2]:
        fine[place]["label"] = gold[place]["label"]
    broken = [{**one, "label": "none" if one["label"] == "against" else one["label"]} for one in base]
    found = {}
    for name, answers in {"base": base, "fine": fine, "broken": broken}.items():
        found[name] = made["store"](folder / "gold", answers, folder / name)
    shutil.copytree(folder / "base", folder / "same")
    found["same"] = folder / "same" / found["base"].relative_to(folder / "base")
    found["lost"] = made["store"](folder / "gold", base[:-3], folder / "lost", expect=1)
    found["folder"] = folder
    return found


def outcomes(verdict):
    return {finding.check: finding.outcome for finding in verdict.findings}


def only(**more):
    return Gate(**{"scores": (GatedScore(metric="headline", tolerance=0.01),), **more})


def test_the_same_answers_pass(runs):
    for gate in ("default", "unchanged"):
        verdict = check([runs["same"]], baseline=runs["base"], gate=load_gate(gate))
        assert (verdict.outcome, verdict.exit_code) == ("pass", 0)
    assert outcomes(verdict) == {"stance.favg": "pass", "answers": "pass", "ledger: lost": "pass"}


def test_a_fine_model_passes_and_a_broken_one_fails(runs):
    fine = check([runs["fine"]], baseline=runs["base"])
    assert (fine.outcome, fine.exit_code) == ("pass", 0)
    (score,) = [finding for finding in fine.findings if finding.check == "stance.favg"]
    assert score.record["ground"] == "bounds"
    broken = check([runs["broken"]], baseline=runs["base"])
    assert (broken.outcome, broken.exit_code) == ("fail", 1)
    assert outcomes(broken)["stance.favg"] == "fail"
    assert "the upper bound of the difference" in broken.text
    assert "FAILED" in broken.headline
    # The other way round it is better.
    assert check([runs["base"]], baseline=runs["broken"]).outcome == "pass"


def test_answers_that_may_not_change_are_listed(runs):
    verdict = check([runs["fine"]], baseline=runs["base"], gate=load_gate("unchanged"))
    (finding,) = [finding for finding in verdict.findings if finding.check == "answers"]
    assert finding.outcome == "fail"
    assert finding.record["changed"] == 2
    assert finding.reason == "2 of 600 answers changed, and none may"
    found = changes(runs["fine"], runs["base"])
    assert len(found.changed) == 2
    assert all(" -> " in line for line in found.changed)
    assert "CANARY" not in "".join(found.changed)


def test_it_is_deterministic(runs):
    assert check([runs["broken"]], baseline=runs["base"]) == check([runs["broken"]], baseline=runs["base"])


def test_holm_is_over_every_score_of_every_run(runs):
    gate = only(scores=(GatedScore(metric="headline", tolerance=0.01), GatedScore(metric="stance.accuracy")))
    verdict = check([runs["folder"] / "same"], baseline=runs["folder"] / "base", gate=gate)
    assert verdict.scores == 2
    levels = [finding.record["fail_level"] for finding in verdict.findings]
    assert levels == pytest.approx([0.975, 0.975])


def test_slices_directions_and_names(runs):
    def of(**score):
        return check([runs["broken"]], baseline=runs["base"], gate=only(scores=(GatedScore(**score),)))

    assert outcomes(of(metric="stance.recall", slice="label=against")) == {"stance.recall@label=against": "fail"}
    assert outcomes(of(metric="stance.recall@label=favor", tolerance=0.01)) == {"stance.recall@label=favor": "pass"}
    assert outcomes(of(metric="headline", slice="target=a")) == {"stance.favg@target=a": "fail"}
    turned = of(metric="stance.accuracy", direction="lower")
    assert outcomes(turned) == {"stance.accuracy": "pass"}
    assert turned.findings[0].allowed == "<= 0.00"
    with pytest.raises(UsageError, match=r"did you mean 'stance.favg'\?"):
        of(metric="stance.fvg")
    with pytest.raises(ConfigError, match="a tolerance of 1 lets everything pass"):
        of(metric="headline", tolerance=1.0)
    both = GatedScore(metric="headline"), GatedScore(metric="stance.favg")
    with pytest.raises(ConfigError, match=r"headline and stance.favg are both stance.favg"):
        check([runs["same"]], baseline=runs["base"], gate=only(scores=both))


# ---- losses and speed -----------------------------------------------------------------------------------------------


def test_a_run_over_its_error_limit_fails_with_its_reason(runs):
    assert json.loads((runs["lost"] / "run.json").read_text())["failure"].startswith("3 of 600 examples")
    assert json.loads((runs["base"] / "run.json").read_text())["failure"] is None
    verdict = check([runs["lost"]], baseline=runs["base"])
    assert verdict.outcome == "fail"
    assert outcomes(verdict)["error limit"] == "fail"
    assert outcomes(verdict)["ledger: lost"] == "fail"
    assert "3 of 600 examples have no scored answer (missing 3)" in verdict.text
    assert command(["score", str(runs["lost"])]) == 1
    assert json.loads((runs["lost"] / "run.json").read_text())["failure"].startswith("3 of 600 examples")
    # A baseline that is over its limit is told, and fails nothing.
    turned = check([runs["base"]], baseline=runs["lost"])
    assert outcomes(turned)["error limit"] == "stated"
    assert turned.outcome == "pass"


@pytest.mark.parametrize(
    ("limit", "outcome"), [("baseline", "fail"), (0.0, "fail"), (0.0049, "fail"), (0.005, "pass"), (1.0, "pass")]
)
def test_ledger_limits(runs, limit, outcome):
    verdict = check([runs["lost"]], baseline=runs["base"], gate=Gate(ledger=LedgerLimits(missing=limit)))
    assert outcomes(verdict)["ledger: missing"] == outcome


def changed(folder, to, change):
    """A copy whose `run.json` is changed."""
    shutil.copytree(folder, to)
    content = json.loads((to / "run.json").read_text())
    change(content)
    (to / "run.json").write_text(json.dumps(content))
    return to


@pytest.mark.parametrize(
    ("rate", "memory", "found"),
    [
        (100.0, 1000, {"speed: seconds_per_example": "pass", "speed: peak_memory": "pass"}),
        (60.0, 1200, {"speed: seconds_per_example": "fail", "speed: peak_memory": "pass"}),
        (100.0, 1600, {"speed: seconds_per_example": "pass", "speed: peak_memory": "fail"}),
        (None, None, {"speed: seconds_per_example": "inconclusive", "speed: peak_memory": "inconclusive"}),
    ],
)
def test_speed_is_a_ratio_to_the_baseline(runs, tmp_path, rate, memory, found):
    before = {"examples_per_second": 100.0, "peak_memory_bytes": 1000}
    after = {"examples_per_second": rate, "peak_memory_bytes": memory}
    base = changed(runs["base"], tmp_path / "a", lambda run: run.update(before))
    run = changed(runs["same"], tmp_path / "b", lambda run: run.update(after))
    gate = Gate(speed=SpeedLimits(seconds_per_example=1.5, peak_memory=1.5))
    assert outcomes(check([run], baseline=base, gate=gate)) == found
    other = changed(run, tmp_path / "c", lambda run: run.update(hardware={"cores": 99}))
    assert set(outcomes(check([other], baseline=base, gate=gate)).values()) == {"inconclusive"}


# ---- pairs ----------------------------------------------------------------------------------------------------------


def test_runs_are_paired_by_data_task_and_model(runs, tmp_path):
    for name, of in (("base/one", "base"), ("base/two", "base"), ("run/two", "broken"), ("run/three", "fine")):
        place = tmp_path / name.split("/")[0] / "made" / "stance" / name.split("/")[1]
        shutil.copytree(runs[of], place)
    # All are of one model, so the folders' names tell them apart.
    verdict = check([tmp_path / "run"], baseline=tmp_path / "base", gate=only())
    assert [(f.names.model, f.check, f.outcome) for f in verdict.findings] == [
        ("two", "stance.favg", "fail"),
        ("mysystem", "run", "fail"),  # `one` is missing
        ("mysystem", "run", "stated"),  # `three` is new
    ]
    shutil.rmtree(tmp_path / "run" / "made" / "stance" / "three")
    verdict = check([tmp_path / "run"], baseline=tmp_path / "base", gate=only())
    assert [(f.check, f.outcome) for f in verdict.findings] == [("stance.favg", "fail"), ("run", "fail")]
    assert "missing: the baseline has it" in verdict.text
    # Named itself, a run is all that is asked about.
    verdict = check([tmp_path / "run" / "made" / "stance" / "two"], baseline=tmp_path / "base", gate=only())
    assert [f.check for f in verdict.findings] == ["stance.favg"]


def test_a_new_run_is_stated(runs, tmp_path):
    gold = runs["folder"] / "gold"
    shutil.copytree(runs["folder"] / "same", tmp_path / "run")
    answers = [json.loads(line) for line in (runs["folder"] / "base.jsonl").read_text().splitlines()]
    made["store"](gold, answers, tmp_path / "run", name="newcomer")
    (newcomer,) = tmp_path.glob("run/made/stance/newcomer*")
    verdict = check([tmp_path / "run"], baseline=runs["folder"] / "base", gate=only())
    assert {(f.names.model, f.check): f.outcome for f in verdict.findings} == {
        ("mysystem", "stance.favg"): "pass",
        ("newcomer", "run"): "stated",
    }
    assert verdict.exit_code == 0
    # A run folder as the baseline is that of any model.
    verdict = check([newcomer], baseline=runs["base"], gate=only())
    assert verdict.findings[0].names.model == "newcomer (baseline: mysystem)"


def test_runs_of_one_model_are_told_apart_beside_one_baseline(runs, tmp_path):
    for name, of in (("two", "broken"), ("three", "fine")):
        shutil.copytree(runs[of], tmp_path / "run" / "made" / "stance" / name)
    verdict = check([tmp_path / "run"], baseline=runs["base"], gate=only())
    assert {f.names.model: f.outcome for f in verdict.findings} == {"two": "fail", "three": "pass"}


def test_a_folder_above_both_is_asked_for_without_the_baseline(runs, tmp_path):
    shutil.copytree(runs["folder"] / "broken", tmp_path / "results")
    shutil.copytree(runs["folder"] / "base", tmp_path / "results" / "baseline")
    assert check([tmp_path / "results"], baseline=tmp_path / "results" / "baseline").outcome == "fail"
    with pytest.raises(UsageError, match="would be compared with itself"):
        check([tmp_path / "results" / "baseline"], baseline=tmp_path / "results" / "baseline")


def test_two_runs_of_one_name_are_not_guessed_at(runs):
    with pytest.raises(
        UsageError, match=r"2 runs and 1 baselines .* name the one run and the one baseline that are meant"
    ):
        check([runs["folder"] / "fine", runs["folder"] / "broken"], baseline=runs["folder"] / "base")
    shutil.copytree(runs["folder"] / "same", runs["folder"].parent / "twin")
    with pytest.raises(UsageError, match="are of one data set, task and model; name the one that is meant"):
        check([runs["folder"] / "same", runs["folder"].parent / "twin"], baseline=runs["folder"] / "base")


# ---- what cannot be gated -------------------------------------------------------------------------------------------


def test_other_gold_is_refused_with_what_differs(runs, tmp_path):
    gold = made["make_gold"](tmp_path / "gold", 300, rng_seed=6)
    other = made["store"](tmp_path / "gold", made["answer"](gold, 0.9, 1), tmp_path / "other")
    with pytest.raises(RunError, match=r"cannot be compared: other gold \(sha256 \w{8} and \w{8}\)") as caught:
        check([other], baseline=runs["base"])
    assert "harness score" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_baseline_of_another_task_or_data_is_refused(runs, tmp_path):
    content = json.loads((runs["base"] / "scores.json").read_text())
    content["data"]["name"] = "elsewhere"
    base = changed(runs["base"], tmp_path / "base", lambda run: run.update(files={}))
    (base / "scores.json").write_text(json.dumps(content))
    with pytest.raises(
        RunError, match=r"cannot be checked against .*: data 'made' there, 'elsewhere' in the baseline$"
    ):
        check([runs["same"]], baseline=base)


def test_other_documents_are_refused(runs, tmp_path):
    gold = made["make_gold"](tmp_path / "gold", 20)
    other = made["store"](tmp_path / "gold", gold, tmp_path / "other")
    with pytest.raises(RunError, match="20 and 300 documents; other texts of the documents"):
        check([other], baseline=runs["base"])


def test_other_signatures_and_missing_scores_are_refused(runs, tmp_path):
    answers = [json.loads(line) for line in (runs["folder"] / "base.jsonl").read_text().splitlines()]
    gold = runs["folder"] / "gold"
    fewer = made["store"](gold, answers, tmp_path / "fewer", "metric=[stance_favg]")
    gate = only(scores=(GatedScore(metric="stance.accuracy"),))
    for pair in ((fewer, runs["base"]), (runs["base"], fewer)):
        with pytest.raises(HarnessError, match=r"stance.accuracy"):
            check([pair[0]], baseline=pair[1], gate=gate)
    content = json.loads((fewer / "scores.json").read_text())
    for row in content["scores"]:
        row["signature"] += "|v:9"
    (fewer / "scores.json").write_text(json.dumps(content))
    run = json.loads((fewer / "run.json").read_text())
    (fewer / "run.json").write_text(json.dumps({**run, "files": {}}))
    with pytest.raises(RunError, match=r"stance.favg is \S+\|v:9 and \S+; give both the same metric settings"):
        check([fewer], baseline=runs["base"])


def test_one_document_is_inconclusive_unless_nothing_changed(tmp_path):
    gold = made["make_gold"](tmp_path / "gold", 1)
    right = made["store"](tmp_path / "gold", gold, tmp_path / "right")
    wrong = made["store"](
        tmp_path / "gold",
        [{**one, "label": "favor" if one["label"] == "against" else "against"} for one in gold],
        tmp_path / "wrong",
    )
    again = made["store"](tmp_path / "gold", gold, tmp_path / "again")
    assert check([again], baseline=right).exit_code == 0
    for pair in ((wrong, right), (right, wrong)):
        verdict = check([pair[0]], baseline=pair[1])
        assert verdict.exit_code == 3
        assert "one document cannot tell" in verdict.text
