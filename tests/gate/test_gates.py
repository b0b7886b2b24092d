import pytest
import yaml

from harness.compose import compose_option
from harness.errors import ConfigError, HarnessError, UsageError
from harness.gate.gates import GatedScore, LedgerLimits, SpeedLimits, load_gate, with_tolerances
from harness.resources import shipped

pytestmark = pytest.mark.core


def test_the_shipped_gates():
    default, unchanged = load_gate("default"), load_gate("unchanged")
    assert default.scores == (GatedScore(metric="headline", tolerance=0.01),)
    assert (default.alpha, default.predictions, default.ledger.lost) == (0.05, "any", "baseline")
    assert unchanged.scores == (GatedScore(metric="headline", tolerance=0.0),)
    assert (unchanged.predictions, unchanged.ledger) == ("unchanged", default.ledger)


def test_the_default_gate_spells_everything_out():
    raw = yaml.safe_load((shipped("conf") / "gate" / "default.yaml").read_text(encoding="utf-8"))
    gate = load_gate("default")
    assert set(raw) == {"alpha", "scores", "predictions", "ledger", "speed"}
    assert set(raw["scores"][0]) == set(vars(gate.scores[0]))
    assert set(raw["ledger"]) == set(vars(LedgerLimits()))
    assert set(raw["speed"]) == set(vars(SpeedLimits()))


def test_gates_of_ones_own_by_folder_and_by_file(tmp_path):
    (tmp_path / "gate").mkdir()
    text = "scores:\n  - metric: entity.f1\n    slice: label=GPE\n    tolerance: 0.02\npredictions: any\n"
    (tmp_path / "gate" / "mine.yaml").write_text("defaults:\n  - default\n  - _self_\n" + text)
    (tmp_path / "gate" / "alone.yaml").write_text(text)
    mine = load_gate("mine", str(tmp_path))
    assert (mine.name, mine.scores[0].name, mine.ledger.lost) == ("mine", "entity.f1@label=GPE", "baseline")
    alone = load_gate(str(tmp_path / "gate" / "alone.yaml"))
    assert (alone.name, alone.scores, alone.ledger) == ("alone", mine.scores, LedgerLimits())
    with pytest.raises(ConfigError, match="only a gate in the folder `gate` of a --config-dir"):
        load_gate(str(tmp_path / "gate" / "mine.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "asks for nothing"),
        ("alpha: 0.05", "asks for nothing"),
        ("[1]", "expected keys such as scores"),
        ("score: []", "gate.score: unknown key; did you mean 'scores'?"),
        ("scores: 3", "expected a list"),
        ("scores: [a]", "gate.scores[0]: expected keys such as metric"),
        ("scores: [{}]", "gate.scores[0].metric"),
        ("scores: [{metric: x, tolerence: 1}]", "unknown key; did you mean 'tolerance'?"),
        ("scores: [{metric: x, tolerance: -1}]", "tolerance must be a number of 0 or more, got -1"),
        ("scores: [{metric: x, tolerance: .nan}]", "tolerance must be a number of 0 or more, got nan"),
        ("scores: [{metric: x, tolerance: .inf}]", "tolerance must be a number of 0 or more, got inf"),
        ("scores: [{metric: x, tolerance: a}]", "gate.scores[0].tolerance"),
        ("scores: [{metric: x, tolerance: true}]", "expected a number or a name, found true"),
        ("scores: [{metric: x, direction: up}]", "'metric', 'higher' or 'lower', found 'up'"),
        ("scores: [{metric: x}, {metric: x}]", "'x' stands there twice"),
        ("scores: [{metric: x@a=b, slice: c=d}]", "slice stands in the metric"),
        ("predictions: same", "'any' or 'unchanged', found 'same'"),
        ("predictions: unchanged\nalpha: 0.7", "alpha must lie between 0 and 0.5, got 0.7"),
        ("ledger: {lost: 2}", "lost must be a share between 0 and 1, or `baseline`"),
        ("ledger: {lost: base}", "lost must be a share between 0 and 1, or `baseline`"),
        ("ledger: {lots: 1}", "unknown key; did you mean 'lost'?"),
        ("ledger: 3", "expected keys with limits"),
        ("speed: {seconds: 1}", "unknown key; did you mean 'seconds_per_example'?"),
        ("speed: {peak_memory: 0}", "peak_memory must be a ratio above 0"),
        ("_target_: os.system", "a configuration cannot name a callable"),
        ("scores: [{metric: x, _target_: y}]", "a configuration cannot name a callable"),
        ("predictions: ${oc.env:HOME}", "only references to other keys"),
        ("alpha: 0.1\nalpha: 0.2", "duplicate key"),
        ("x: [", "expected the node content"),
    ],
)
def test_what_is_wrong_with_a_gate_is_said_in_one_line(tmp_path, text, said):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(HarnessError) as caught:
        load_gate(str(file))
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{file}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("defalt", "did you mean 'default'?; there are default, unchanged"),
        ("default,unchanged", "expected the name of a gate"),
        ("nope.yaml", "no such file"),
        ("../x", "no such file"),
        ("", "expected the name of a gate"),
    ],
)
def test_no_such_gate(name, said):
    with pytest.raises(HarnessError) as caught:
        load_gate(name)
    assert said in str(caught.value)


def test_no_such_folder_of_configurations(tmp_path):
    with pytest.raises(UsageError, match="--config-dir: no such folder"):
        compose_option("gate", "default", str(tmp_path / "x"))


def test_tolerances_of_the_command_line():
    gate = load_gate("default")
    assert with_tolerances(gate, []) == gate
    assert with_tolerances(gate, ["0.02"]).scores[0].tolerance == 0.02
    assert with_tolerances(gate, ["headline=0.03", "0.02"]).scores[0].tolerance == 0.03


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "expected a number"),
        ("-1", "expected a number"),
        ("nan", "expected a number"),
        ("headline=", "expected a number"),
        ("headlin=0.1", "has no score 'headlin'; did you mean 'headline'?"),
    ],
)
def test_tolerances_that_are_none(text, said):
    with pytest.raises(UsageError, match="--tolerance") as caught:
        with_tolerances(load_gate("default"), [text])
    assert said in str(caught.value)
