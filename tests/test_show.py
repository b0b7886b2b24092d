"""Gold beside predictions: every agreement has its sign, and the stored run is what is shown."""

import json
import re
import shutil

import pytest

from harness.__main__ import command
from harness.records import Entity
from harness.show import marks

pytestmark = pytest.mark.core

A = "Anna met Bob Dylan in New York. Carl left."
B = "Nothing happened."


@pytest.mark.parametrize(
    ("gold", "predicted", "signs"),
    [
        ([], [], []),
        ([(0, 4, "P")], [(0, 4, "P")], ["C"]),
        ([(0, 4, "P")], [], ["M"]),
        ([], [(0, 4, "P")], ["S"]),
        ([(0, 4, "P")], [(0, 6, "P")], ["B"]),
        ([(0, 4, "P")], [(0, 4, "Q")], ["L"]),
        ([(0, 4, "P")], [(2, 6, "Q")], ["X"]),
        # Spans that only touch are no pair.
        ([(0, 4, "P")], [(4, 6, "P")], ["M", "S"]),
        # The exact one is taken, whatever comes first.
        ([(0, 4, "P")], [(0, 2, "P"), (0, 4, "P")], ["S", "C"]),
        # Nested gold: each is an entity of its own.
        ([(0, 9, "O"), (5, 9, "G")], [(5, 9, "G")], ["M", "C"]),
        # Two labels on one span.
        ([(0, 4, "P"), (0, 4, "Q")], [(0, 4, "Q")], ["M", "C"]),
    ],
)
def test_signs(gold, predicted, signs):
    found = marks([Entity(*g) for g in gold], [Entity(*p) for p in predicted])
    assert [mark.sign for mark in found] == signs


def write(folder, name, records):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")


def at(text, doc, part, label):
    return {"doc": doc, "start": text.index(part), "end": text.index(part) + len(part), "label": label}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """One run of each task over two documents, through the real commands."""
    folder = tmp_path_factory.mktemp("show")
    texts, gold, given = folder / "texts", folder / "gold", folder / "given"
    texts.mkdir()
    (texts / "a[red]").with_suffix(".txt").write_text(A, encoding="utf-8")
    (texts / "b.txt").write_text(B, encoding="utf-8")
    doc = "a[red]"
    ends = [(doc, "s1", 0, 31), (doc, "s2", 32, 42), ("b", "s1", 0, 17)]
    write(gold, "sentences", [{"doc": d, "id": i, "start": s, "end": e} for d, i, s, e in ends])
    write(
        gold,
        "entities",
        [at(A, doc, "Anna", "PER"), at(A, doc, "Bob Dylan", "PER"), at(A, doc, "New York", "LOC"),
         at(A, doc, "Carl", "PER"), {"doc": "b"}],
    )  # fmt: skip
    write(
        given,
        "entities",
        [
            at(A, doc, "Anna", "PER"),
            at(A, doc, "Bob", "PER"),
            at(A, doc, "New York", "PER"),
            at(B, "b", "Nothing", "LOC"),
        ],
    )
    write(gold, "targets", [{"id": "t", "text": "New York"}])
    keys = [(doc, "s1"), (doc, "s2"), ("b", "s1")]
    write(
        gold,
        "stance",
        [
            {"doc": d, "sentence": s, "target": "t", "label": x}
            for (d, s), x in zip(keys, ("favor", "none", "against"), strict=True)
        ],
    )
    write(
        given,
        "stance",
        [
            {"doc": d, "sentence": s, "target": "t", "label": x}
            for (d, s), x in zip(keys[:2], ("favor", "favor"), strict=True)
        ],
    )
    write(gold, "summaries", [{"doc": doc, "text": "Anna met Bob.\nCarl left."}, {"doc": "b", "text": "Nothing."}])
    write(
        given,
        "summaries",
        [{"doc": doc, "text": "Anna met Bob.\nHe stayed."}, {"doc": "b", "text": "Nothing \u001b[2J"}],
    )
    code = command(
        ["data=local", "data.name=mine", f"data.documents={texts}", f"data.gold={gold}", "model=predictions",
         f"model.path={given}", "model.name=sys", f"results={folder / 'results'}", "fail_on_error.share=1"]
    )  # fmt: skip
    assert code == 0
    return folder / "results" / "mine"


@pytest.fixture
def shown(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def show(task, *more):
        code = command(["show", str(results / task), *more])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        assert "\x1b" not in out
        return out

    return show


def test_runs_of_one_model_are_told_apart(results, tmp_path, capsys):
    (folder,) = (results / "ner").iterdir()
    for name in ("sys,a=1", "sys,a=2"):
        shutil.copytree(folder, tmp_path / name)
    assert command(["show", str(tmp_path)]) == 0
    found = [line for line in capsys.readouterr().out.splitlines() if line.startswith("mine · ner")]
    assert found == ["mine · ner · sys,a=1", "mine · ner · sys,a=2"]


def test_entities_are_marked_in_the_text(shown):
    out = shown("ner")
    assert out.startswith("mine · ner · sys\nC correct   M missed   S spurious   B wrong boundary   L wrong label   X ")
    assert "    [Anna C:PER] met [Bob Dylan B:PER] in [New York L:LOC≠PER]." in out
    assert "    [Carl M:PER] left." in out
    assert "    [Nothing S:LOC] happened." in out
    assert "      B gold PER 'Bob Dylan' 9-18, predicted PER 'Bob' 9-12" in out
    assert "      L gold LOC 'New York' 22-30, predicted PER 'New York' 22-30" in out
    assert "      M gold PER 'Carl' 32-36" in out
    assert "      S predicted LOC 'Nothing' 0-7" in out
    assert "━━ a[red]\n  s1 (body)" in out


def test_stance_shows_sentence_target_gold_and_predicted(shown):
    out = shown("stance")
    assert "    Anna met Bob Dylan in New York.\n      C gold favor, predicted favor  New York" in out
    assert "    Carl left.\n      W gold none, predicted favor  New York" in out
    assert re.search(r"Nothing happened\.\n      N gold against, missing: .*New York", out)
    errors = shown("stance", "--errors")
    assert "predicted favor  New York" in errors
    assert "C gold" not in errors


def test_summaries_show_references_prediction_and_scores(shown):
    out = shown("summarization", "--doc", "a[red]")
    assert "    gold      Anna met Bob.\n              Carl left.\n" in out
    assert "    predicted Anna met Bob.\n              He stayed.\n" in out
    # Three of five words agree on either side.
    assert "rouge1.f1 60.0" in out
    assert "length.words 5" in out
    assert "\\x1b[2J" not in out
    assert "predicted Nothing \\x1b[2J" in shown("summarization")


def test_only_one_document(shown):
    out = shown("ner", "--doc", "b")
    assert "━━ b" in out
    assert "Anna" not in out


def test_only_errors(shown):
    out = shown("ner", "--errors")
    assert "C:PER" in out  # beside an error, what is right gives the context
    assert "nothing differs from the gold" in shown("summarization", "--errors")


def test_an_unknown_document_names_the_nearest(results, capsys):
    assert command(["show", str(results / "ner"), "--doc", "a[ret]"]) == 2
    assert "did you mean 'a[red]'?" in capsys.readouterr().err


def test_every_run_below_a_folder(shown):
    out = shown(".")
    assert re.findall(r"^mine · (\w+) · sys$", out, re.MULTILINE) == ["ner", "stance", "summarization"]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_fit(results, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert command(["show", str(results)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= width
    assert not any(line.endswith(" ") for line in lines)


def test_gold_that_changed_is_refused(results, capsys, monkeypatch):
    import harness.plan

    path = results.parents[1] / "gold" / "entities.jsonl"
    kept = path.read_text(encoding="utf-8")
    try:
        path.write_text("".join(kept.splitlines(keepends=True)[1:]), encoding="utf-8")
        # Another process would read the gold anew.
        monkeypatch.setattr(harness.plan, "_corpora", {})
        assert command(["show", str(results / "ner")]) == 2
        assert "the gold changed since this run" in capsys.readouterr().err
        monkeypatch.setattr(harness.plan, "_corpora", {})
        assert command(["show", str(results / "stance")]) == 0
    finally:
        path.write_text(kept, encoding="utf-8")


def test_an_altered_run_is_refused(results, capsys, tmp_path):
    import shutil

    run = next((results / "ner").iterdir())
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    with (copy / "scores.json").open("a", encoding="utf-8") as stream:
        stream.write(" ")
    assert command(["show", str(copy)]) == 2
    assert "was altered" in capsys.readouterr().err


def test_a_gap_in_the_gold_is_a_boundary_that_a_prediction_without_it_misses():
    gapped = Entity(0, 12, "LOC", parts=((0, 5), (9, 12)))
    assert [mark.sign for mark in marks([gapped], [Entity(0, 12, "LOC")])] == ["B"]
    assert [mark.sign for mark in marks([gapped], [Entity(0, 12, "ORG")])] == ["X"]
    assert [mark.sign for mark in marks([gapped], [gapped])] == ["C"]
