"""A real model behind a real server: llama-cpp-python serving the GGUF file that HARNESS_GGUF names.

Left out unless that variable is set; `make test-server` installs the server and sets nothing else. HARNESS_LLAMA_PYTHON
names the Python that has llama_cpp, where it is another than this one.
"""

import json
import os
import runpy
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

GGUF = os.environ.get("HARNESS_GGUF")
MADE = runpy.run_path(str(Path(__file__).resolve().parent.parent / "made_endpoint.py"))
# Loading and answering on a small machine.
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not GGUF, reason="left out: HARNESS_GGUF names no GGUF file"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    port = MADE["closed_port"]()
    python = os.environ.get("HARNESS_LLAMA_PYTHON", sys.executable)
    command = [
        python, "-m", "llama_cpp.server", "--model", str(GGUF), "--model_alias", "small", "--port", str(port),
        "--n_ctx", "2048", "--logits_all", "true",
    ]  # fmt: skip
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    address = f"http://127.0.0.1:{port}/v1"
    try:
        end = time.monotonic() + 600
        while True:
            assert server.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, "the server does not come up"
            try:
                with urllib.request.urlopen(f"{address}/models", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = {
        "d1": "The mayor of Oslo praised the new coal plant.",
        "d2": "Protesters in Kyiv marched against the coal plant.",
        "d3": "The weather in Rome was mild on Monday.",
    }
    files = {
        "documents": [{"id": name, "text": text} for name, text in texts.items()],
        "targets": [{"id": "coal", "text": "the coal plant"}],
        "stance": [
            {"doc": name, "target": "coal", "label": label}
            for name, label in zip(texts, ("favor", "against", "none"), strict=True)
        ],
        "entities": [
            {"doc": name, "start": text.index(city), "end": text.index(city) + 4, "label": "GPE", "text": city}
            for (name, text), city in zip(texts.items(), ("Oslo", "Kyiv", "Rome"), strict=True)
        ],
        "summaries": [{"doc": name, "text": text} for name, text in texts.items()],
    }
    for name, records in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


@pytest.mark.parametrize(
    "more",
    [
        ["task=stance"],
        ["task=stance", "prompt=stance_json", "model.stance.structured=json_object_schema"],
        ["task=stance", "model.stance.decide=likelihood"],
        ["task=ner", "model.ner.max_new_tokens=128", "model.ner.structured=json_object_schema"],
        ["task=summarization", "model.summarization.max_new_tokens=40"],
    ],
    ids=["words", "json", "likelihood", "entities", "summaries"],
)
def test_a_real_server_answers(url, corpus, capsys, more):
    from harness.__main__ import command
    from harness.prediction_file import read_predictions

    arguments = [
        "data=local", "data.name=mine", "data.documents=documents.jsonl", "data.gold=.", "interval.resamples=100",
        "model=openai_compatible", f"model.base_url={url}", "model.served_model=small", "model.concurrency=2",
        "fail_on_error.share=1", *more,
    ]  # fmt: skip
    assert command(arguments) == 0, capsys.readouterr().err
    (stored,) = Path("results").rglob("run.json")
    run = json.loads(stored.read_text())
    answers = [row.answer for row in read_predictions(stored.parent)]
    assert run["usage"]["requests"] == len(answers) == 3
    assert run["usage"]["input_tokens"] == sum(answer.tokens_read for answer in answers) > 0
    assert all(answer.bin in ("scored", "unparsed") for answer in answers)
    if "prompt=stance_json" in more or "task=summarization" in more:
        # The server's grammar lets nothing else through.
        assert [answer.bin for answer in answers] == ["scored"] * 3
    if "model.stance.decide=likelihood" in more:
        for answer in answers:
            assert sum(answer.scores.values()) == pytest.approx(1)
    # The same questions have the same answers.
    again = [*arguments, "fresh=true"]
    assert command(again) == 0
    assert [row.answer for row in read_predictions(stored.parent)] == answers
