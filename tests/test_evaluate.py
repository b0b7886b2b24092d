"""The error limit, what a run says of its speed, and weights that are loaded once."""

import json

import pytest

from harness.config import FailOnError
from harness.evaluate import over_error_limit
from harness.records import BINS, Answer

pytestmark = pytest.mark.core


def ledger(total, **bins):
    bins = {**dict.fromkeys(BINS, 0), **bins}
    return {"examples": {"total": total, **bins, "scored": total - sum(bins.values())}}


@pytest.mark.parametrize(
    ("lost", "limit", "over"),
    [
        (0, {}, False),
        (1, {}, True),
        (3, {"share": 0.3}, False),
        (3, {"share": 0.29}, True),
        (3, {"share": 1.0, "count": 3}, False),
        (3, {"share": 1.0, "count": 2}, True),
        (3, {"share": 0.0, "count": 9}, True),
    ],
)
def test_share_and_count_are_two_limits(lost, limit, over):
    for name in ("failed", "missing", "unparsed", "nonfinite"):
        reason = over_error_limit(ledger(10, **{name: lost}), FailOnError(**limit), "ner")
        assert (reason is not None) is over
        if over:
            assert f"{lost} of 10 examples have no scored answer ({name} {lost})" in reason
            assert "fail_on_error.share" in reason


def test_only_entities_are_advised_on_entities():
    advice = "a document without entities is answered by a line"
    assert advice in over_error_limit(ledger(10, missing=1), FailOnError(), "ner")
    assert advice not in over_error_limit(ledger(10, missing=1), FailOnError(), "summarization")


def test_the_commonest_reason_is_told():
    given = [Answer(bin="failed", reason=why) for why in ("no memory", "no\nmodel", "no\nmodel")]
    given += [Answer(bin="missing")] * 3 + [Answer(label="a", reason="as ever")] * 4
    assert over_error_limit(ledger(10, failed=3, missing=3), FailOnError(), "stance", given).endswith(
        "; most often (2): no model"
    )
    assert "most often" not in over_error_limit(ledger(10, missing=3), FailOnError(), "stance", given[3:])


def test_nothing_at_all_is_within_the_limit():
    assert over_error_limit(ledger(0), FailOnError(), "ner") is None


def test_a_run_that_asks_nothing_keeps_the_speed_of_the_one_that_did(tmp_path, capsys):
    from harness.__main__ import command

    arguments = ["model=lead", f"results={tmp_path}"]
    assert command(arguments) == 0
    file = tmp_path / "seed" / "summarization" / "lead" / "run.json"
    first = json.loads(file.read_text())
    assert command(arguments) == 0
    second = json.loads(file.read_text())
    for name in ("asked", "examples_per_second", "seconds", "peak_memory_bytes", "energy"):
        assert second[name] == first[name]
    assert first["asked"] == 3


def test_a_summarizer_says_what_it_read_and_wrote(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pytest.importorskip("torch").set_num_threads(1)
    transformers = pytest.importorskip("transformers")
    from harness.__main__ import command
    from harness.prediction_file import read_predictions
    from harness.resources import resolve

    assert command(["model=tiny", "task=summarization", f"results={tmp_path}"]) == 0
    said = capsys.readouterr().out
    folder = tmp_path / "seed" / "summarization" / "tiny"
    run = json.loads((folder / "run.json").read_text())
    tokenizer = transformers.AutoTokenizer.from_pretrained(resolve("package:weights/tiny_summarization"))
    answers = [row.answer for row in read_predictions(folder)]
    special = tokenizer.num_special_tokens_to_add()
    assert run["usage"]["input_tokens"] == sum(answer.tokens_read + special for answer in answers)
    # A word is a token at least.
    assert run["usage"]["output_tokens"] >= sum(len(answer.text.split()) for answer in answers) > 0
    assert run["output_tokens_per_second"] == run["usage"]["output_tokens"] / run["seconds"]["predict"]
    assert (run["cost"], run["answered_by"]) == (None, [])
    assert "tokens/s written" in said


@pytest.fixture(scope="module")
def language_model(tmp_path_factory):
    """A causal language model of a few thousand random weights, and the command that has it answer all three tasks."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tests.made_tokenizers import causal_tokenizer

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("causal")
    tokenizer = causal_tokenizer(["favor", "against", "none", *(f"w{number}" for number in range(20))])
    tokenizer.save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=4096,
    )
    # Without a seed the weights, and with them whether any token is written before </s>, would differ from run to run.
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    limits = [f"model.{task}.max_new_tokens=2" for task in ("ner", "summarization")]
    return ["model=hf_causal", f"model.path={folder}", *limits, "fail_on_error.share=1"]


def test_weights_are_loaded_once_for_all_tasks_and_not_again_for_other_metrics(
    language_model, tmp_path, capsys, monkeypatch
):
    import transformers

    from harness.__main__ import command
    from harness.model import hf_causal

    loaded = []
    for auto in ("AutoModelForCausalLM", "AutoTokenizer"):
        kind = getattr(transformers, auto)
        real = kind.from_pretrained

        def counted(*given, real=real, auto=auto, **named):
            loaded.append(auto)
            return real(*given, **named)

        monkeypatch.setattr(kind, "from_pretrained", counted)
    hf_causal._LOADED.clear()
    line = [*language_model, f"results={tmp_path}", "model.input_price=1000000"]
    assert command(line) == 0
    assert sorted(loaded) == ["AutoModelForCausalLM", "AutoTokenizer"]
    folders = sorted(path.parent for path in tmp_path.rglob("scores.json"))
    assert len(folders) == 3
    runs = [json.loads((folder / "run.json").read_text()) for folder in folders]
    assert [run["asked"] for run in runs] == [39, 144, 2]
    # What was counted: read by all, written by those that write.
    assert [run["usage"]["output_tokens"] > 0 for run in runs] == [True, False, True]
    assert all(run["tokens_per_second"] > 0 for run in runs)
    # A unit for each token.
    assert [run["cost"] for run in runs] == [run["usage"]["input_tokens"] for run in runs]
    assert runs[2]["output_tokens_per_second"] > 0

    # Another process would have nothing in memory.
    hf_causal._LOADED.clear()
    loaded.clear()
    assert command(["-m", *line, "metric=[stance_classification],[entity_f1,rouge]", "slices=[],[zone]"]) == 0
    assert "AutoModelForCausalLM" not in loaded
    assert [json.loads((folder / "run.json").read_text())["usage"] for folder in folders] == [
        run["usage"] for run in runs
    ]


def test_answers_that_lie_in_a_journal_need_no_weights(language_model, tmp_path, capsys, monkeypatch):
    from harness import evaluate
    from harness.__main__ import command
    from harness.model.hf_causal import HfCausal

    line = [*language_model, "task=stance", f"results={tmp_path}"]

    def fails(*given, **named):
        raise RuntimeError("cut off here")

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, "write_results", fails)
        assert command(line) == 1
    (journal,) = tmp_path.rglob("journal.sqlite")
    monkeypatch.setattr(HfCausal, "load", fails)
    monkeypatch.setattr(HfCausal, "answer", fails)
    assert command(line) == 0
    assert not journal.exists()
