"""A folder to annotate in: what is made validates and runs."""

import json
import shlex

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "one.txt").write_text("Abc came to Berlin. He left 😀.\n\nThe end", encoding="utf-8")
    (folder / "two.txt").write_text("Nothing here.", encoding="utf-8")
    return folder


def test_init_makes_sentences_that_fit_the_text(tmp_path, texts, capsys):
    gold = tmp_path / "gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts), "--targets", "Nuclear power", "The EU!"]) == 0
    out = capsys.readouterr().out
    assert "4 sentences of 2 documents" in out
    assert sorted(path.name for path in gold.iterdir()) == ["README.md", "sentences.jsonl", "targets.jsonl"]
    text = (texts / "one.txt").read_text(encoding="utf-8")
    found = [s for s in lines(gold / "sentences.jsonl") if s["doc"] == "one"]
    assert [text[s["start"] : s["end"]] for s in found] == ["Abc came to Berlin.", "He left 😀.", "The end"]
    assert [s["id"] for s in found] == ["s01", "s02", "s03"]
    assert {s["zone"] for s in found} == {"body"}
    assert lines(gold / "targets.jsonl") == [
        {"id": "nuclear-power", "text": "Nuclear power"},
        {"id": "the-eu", "text": "The EU!"},
    ]


def test_what_the_readme_says_to_write_validates(tmp_path, texts, capsys):
    """Every example record of the README, as it stands there, is one that the reader takes."""
    gold = tmp_path / "my gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts), "--targets", "x"]) == 0
    readme = (gold / "README.md").read_text(encoding="utf-8")
    file, written = "", set()
    for row in [line for line in readme.splitlines() if line.startswith("|") and "{" in line]:
        cells = [cell.strip(" `") for cell in row.strip("|").split("|")]
        file = cells[0] or file
        record = json.loads(cells[1])
        if file in ("sentences.jsonl", "targets.jsonl"):
            continue
        if "start" in record:
            del record["text"]
        if list(record) == ["doc"]:
            record["doc"] = "two"
        with (gold / file).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
        written.add(file)
    assert written == {"entities.jsonl", "stance.jsonl", "summaries.jsonl", "facts.jsonl", "annotators.jsonl"}
    validate = next(line for line in readme.splitlines() if "gold validate" in line and line.startswith("python"))
    capsys.readouterr()
    assert command(shlex.split(validate)[3:]) == 0
    assert capsys.readouterr().out.endswith("every check passed\n")


def test_the_run_of_the_readme_runs(tmp_path, texts, capsys):
    gold = tmp_path / "my gold"
    assert command(["gold", "init", str(gold), "--documents", str(texts)]) == 0
    (gold / "summaries.jsonl").write_text('{"doc": "one", "text": "Abc came."}\n', encoding="utf-8")
    readme = (gold / "README.md").read_text(encoding="utf-8")
    run = next(line for line in readme.splitlines() if "data=local" in line)
    assert command([*shlex.split(run)[3:], "model=lead", f"results={tmp_path / 'results'}"]) == 0
    assert "mine · summarization · 1 document" in capsys.readouterr().out


def test_nothing_is_overwritten(tmp_path, texts, capsys):
    gold = tmp_path / "gold"
    gold.mkdir()
    (gold / "sentences.jsonl").write_text("mine", encoding="utf-8")
    assert command(["gold", "init", str(gold), "--documents", str(texts)]) == 2
    assert "has sentences.jsonl already, and nothing is overwritten" in capsys.readouterr().err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in gold.iterdir()] == [("sentences.jsonl", "mine")]


def test_the_gold_may_lie_beside_the_texts(texts, capsys):
    assert command(["gold", "init", str(texts)]) == 0
    (texts / "entities.jsonl").write_text('{"doc": "one", "start": 0, "end": 3, "label": "PER"}\n', encoding="utf-8")
    assert command(["gold", "validate", str(texts)]) == 0
    assert "PER 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["{tmp}/gold"], "--documents DIR"),
        (["{tmp}/gold", "--documents", "{tmp}/none"], "none: no such folder"),
        (["{tmp}/gold", "--documents", "{tmp}/empty"], "no documents there"),
        (["{tmp}/texts/one.txt", "--documents", "{tmp}/texts"], "is a file"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--targets", "EU", "eu!"], "would both be called 'eu'"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--targets", "?"], "a target needs words"),
        (["{tmp}/gold", "--documents", "{tmp}/texts", "--encoding", "utf-9"], "utf-9"),
    ],
)
def test_what_init_refuses(tmp_path, texts, capsys, arguments, part):
    (tmp_path / "empty").mkdir()
    assert command(["gold", "init", *(argument.format(tmp=tmp_path) for argument in arguments)]) == 2
    assert part in capsys.readouterr().err
    assert not (tmp_path / "gold").exists()


def test_hostile_document_ids_stay_in_their_cell(tmp_path, capsys):
    (tmp_path / "documents.jsonl").write_text(
        json.dumps({"id": 'a|b`c"\x1b[2J', "text": "One. Two."}) + "\n", encoding="utf-8"
    )
    assert command(["gold", "init", str(tmp_path / "gold"), "--documents", str(tmp_path)]) == 0
    readme = (tmp_path / "gold" / "README.md").read_text(encoding="utf-8")
    assert "\x1b" not in readme + capsys.readouterr().out
    for line in readme.splitlines():
        if line.startswith("| `sentences"):
            assert line.replace("\\|", "").count("|") == 4
