"""What a newcomer types wrongly, and what is said: where, what was expected, what was found, what to do."""

import json

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core

TEXTS = {"d1": "Russia raided a market. Putin said nothing.\n", "d2": "Kyiv was quiet. Nobody spoke.\n"}
ENTITIES = [
    {"doc": "d1", "start": 0, "end": 6, "label": "GPE", "text": "Russia"},
    {"doc": "d1", "start": 24, "end": 29, "label": "PERSON", "text": "Putin"},
    {"doc": "d2", "start": 0, "end": 4, "label": "GPE", "text": "Kyiv"},
]
COLUMNS = "-DOCSTART- -X- O\n\nRussia NNP B-GPE\nraided VBD O\n\n-DOCSTART- -X- O\n\nKyiv NNP B-GPE\n"


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A corpus as a newcomer has it, and what they give instead."""
    place = tmp_path_factory.mktemp("newcomer")
    texts = {f"texts/{doc}.txt": text for doc, text in TEXTS.items()}
    files = texts | {
        "gold/entities.jsonl": lines(ENTITIES),
        "gold/summaries.jsonl": lines({"doc": doc, "text": text.split(".")[0] + "."} for doc, text in TEXTS.items()),
        "moved/entities.jsonl": lines([{**ENTITIES[0], "start": 1, "end": 7}]),
        "empty/entities.jsonl": "",
        "marked/entities.jsonl": "\ufeff" + lines(ENTITIES),
        "nothing/notes.md": "no gold yet",
        "crlf/d1.txt": TEXTS["d1"].replace(". ", ".\r\n"),
        "crlf/d2.txt": TEXTS["d2"],
        "brat/d1.txt": TEXTS["d1"],
        "brat/d1.ann": "T1\tGPE 0 6\tRussia\n",
        "columns.txt": COLUMNS,
        "named.conll": "".join(
            f"# newdoc id = {doc}\n" + "".join(f"{word} O\n" for word in text.split()) + "\n"
            for doc, text in TEXTS.items()
        ),
        "doccano.jsonl": lines([{"id": 1, "text": TEXTS["d1"], "label": [[0, 6, "GPE"]]}]),
        "prose.txt": "Russia is a GPE.\n",
        "system.jsonl": lines(ENTITIES),
        "foreign.jsonl": lines([*ENTITIES, {"doc": "d9", "start": 0, "end": 6, "label": "GPE"}]),
        "list.json": json.dumps(ENTITIES),
        "report.pdf": "%PDF-1.7\n",
    }
    for name, content in files.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content.encode())
    return place


@pytest.fixture
def said(place, monkeypatch, capsys):
    """What a command says, its exit code first."""
    monkeypatch.chdir(place)

    def run(*arguments):
        code = command(list(arguments))
        return code, capsys.readouterr().err

    return run


OWN = ("data=local", "data.name=mine", "data.documents=texts", "data.gold=gold", "results=refused")
PREDICTED = (*OWN, "model=predictions")


def own(documents, gold, *more):
    return (*OWN[:2], f"data.documents={documents}", f"data.gold={gold}", "results=refused", "model=rules", *more)


# What is typed, and the whole message after `harness: `.
WRONG = {
    "no path": (
        (*PREDICTED,),
        "model.path: needs a value: a file or folder of records in JSON Lines, the same as gold "
        '(entities {"doc": "d1", "start": 0, "end": 6, "label": "GPE"}, stance '
        '{"doc": "d1", "target": "tax", "label": "against"}, summaries '
        '{"doc": "d1", "text": "Short."}); model.format=conll, brat, ... reads other formats; give model.path=FILE',
    ),
    "prose": (
        (*PREDICTED, "model.path=prose.txt", "task=ner"),
        "prose.txt: holds no entities records, which task 'ner' needs; it holds documents (1); expected lines such as "
        '{"doc": "d1", "start": 0, "end": 6, "label": "GPE"}',
    ),
    "another task": (
        (*PREDICTED, "model.path=system.jsonl", "task=summarization"),
        "system.jsonl: holds no summaries records, which task 'summarization' needs; it holds entities (3)",
    ),
    "columns": (
        (*PREDICTED, "model.path=columns.txt"),
        "columns.txt: looks like conll (a token and its tag a line), and is read as jsonl; set model.format=conll",
    ),
    "columns without ids": (
        (*PREDICTED, "model.path=columns.txt", "model.format=conll"),
        "columns.txt: holds documents 'columns:1', 'columns:2', none of which is among the 2 of the gold; "
        "begin each with a line '# newdoc id = ID'",
    ),
    "standoff": (
        (*PREDICTED, "model.path=brat"),
        "brat: looks like brat (.txt and .ann files), and is read as jsonl; set model.format=brat",
    ),
    "doccano": (
        (*PREDICTED, "model.path=doccano.jsonl"),
        "doccano.jsonl: looks like doccano (a text and its list of spans a line), and is read as jsonl; "
        "set model.format=doccano",
    ),
    "records in the name of another format": (
        (*PREDICTED, "model.path=system.jsonl", "model.format=prodigy"),
        "system.jsonl: looks like jsonl (records, one a line), and is read as prodigy; set model.format=jsonl",
    ),
    "a list": (
        (*PREDICTED, "model.path=list.json"),
        'list.json:1: expected a JSON object, found \'[{"doc": "d1", "start": 0, "end": 6, "label": "GPE", '
        "\"tex...'; write one object a line, without a list around them",
    ),
    "a PDF": (
        (*PREDICTED, "model.path=report.pdf"),
        "report.pdf: expected a text file, found a PDF; save its text as .txt",
    ),
    "a foreign document": (
        (*PREDICTED, "model.path=foreign.jsonl"),
        "foreign.jsonl:4: document 'd9' is not among the 2 documents",
    ),
    "gold in columns": (
        own("texts", "columns.txt"),
        "columns.txt: looks like conll (a token and its tag a line), and is read as jsonl; set data.format=conll",
    ),
    "gold in standoff": (
        own("texts", "brat"),
        "brat: looks like brat (.txt and .ann files), and is read as jsonl; set data.format=brat",
    ),
    "gold with its texts, and the texts": (
        own("texts", "brat", "data.format=brat"),
        "brat: format brat holds its texts; leave data.documents out",
    ),
    "columns for documents": (
        own("columns.txt", "gold"),
        "columns.txt: looks like conll, which holds the texts and the gold: give it as data.gold=columns.txt with "
        "data.format=conll, and without data.documents",
    ),
    "no gold": (
        (*OWN[:3], "model=rules", "results=refused"),
        "texts: no gold there; expected entities.jsonl, stance.jsonl or summaries.jsonl; set data.gold=DIR",
    ),
    "empty gold": (
        own("texts", "empty"),
        "empty: no gold there; expected entities.jsonl, stance.jsonl or summaries.jsonl, found entities.jsonl without "
        "a record",
    ),
    "a folder without gold": (
        own("texts", "nothing"),
        "nothing: expected *.txt or one of documents.jsonl, sentences.jsonl, entities.jsonl, stance.jsonl, "
        "targets.jsonl, summaries.jsonl, facts.jsonl, annotators.jsonl, found none of them",
    ),
    "offsets that are moved": (
        own("texts", "moved"),
        "moved/entities.jsonl:1: text[1:7] is 'ussia ', the record says 'Russia'; the offsets are one off; "
        "they count from 0",
    ),
    "other line ends": (
        own("crlf", "gold"),
        "gold/entities.jsonl:2: text[24:29] is '\\nPuti', the record says 'Putin'; the offsets were made on a text "
        "with LF line ends, the document as stored has CRLF",
    ),
    "a byte order mark": (
        own("texts", "marked"),
        "marked/entities.jsonl:1: starts with a byte order mark; save it as UTF-8 without one, or set "
        "data.encoding=utf-8-sig",
    ),
    "an unknown encoding": (
        own("texts", "gold", "data.encoding=utf8x"),
        "data.encoding: 'utf8x' is no known text encoding; for instance utf-8 or cp1252",
    ),
    "a slice that is none": (
        own("texts", "gold", "slices=[lenght]"),
        "slices: no example has a field 'lenght'; did you mean 'length'?; there are length, zone",
    ),
    "a metric of another task": (
        own("texts", "gold", "metric=[rouge]", "task=ner"),
        "no metric of task 'ner' was chosen",
    ),
    "a judge without weights": (
        (*OWN, "model=lead", "metric=[faithfulness]"),
        "metric.faithfulness.judge.path: needs a value: a folder that holds a model for natural language inference "
        "(config.json, tokenizer, model.safetensors), or a hub name of one in the local cache; give "
        "metric.faithfulness.judge.path=FOLDER or "
        "metric.faithfulness.judge.path=MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli",
    ),
    "a judge by kind alone": (
        (*OWN, "model=lead", "metric=[fact_recall]", "metric.fact_recall.judge={kind: hf_nli}"),
        "metric.fact_recall.judge.path: needs a value: a folder that holds a model for natural language inference "
        "(config.json, tokenizer, model.safetensors), or a hub name of one in the local cache; give "
        "metric.fact_recall.judge.path=FOLDER or "
        "metric.fact_recall.judge.path=MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli",
    ),
    "a judge's model by kind alone": (
        (*OWN, "model=lead", "metric=[stance_preservation]", "metric.stance_preservation.judge.model.kind=hf_pair"),
        "metric.stance_preservation.judge.model.path: needs a value: a folder that holds a sequence-classification "
        "model of (text, target) (config.json, tokenizer, model.safetensors), or a hub name of one in the local cache; "
        "give metric.stance_preservation.judge.model.path=FOLDER",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_message_says_what_to_do(said, place, case):
    arguments, message = WRONG[case]
    assert said(*arguments) == (2, f"harness: {message}\n")
    assert not (place / "refused").exists()


@pytest.mark.parametrize("case", [case for case in WRONG if "set model.format=" in WRONG[case][1]])
def test_what_the_hint_says_leads_on(said, case):
    arguments, message = WRONG[case]
    code, err = said(*arguments, message.rpartition("set ")[2], "dry_run=true")
    assert "looks like" not in err
    assert code == 0 or "is not among the 2 documents" in err or "none of which is among" in err


def test_columns_with_ids_are_read(said, tmp_path):
    given = (*PREDICTED[:-2], f"results={tmp_path}", "model=predictions", "model.path=named.conll", "task=ner")
    code, err = said(*given, "model.format=conll")
    assert code == 0, err
    assert (tmp_path / "mine/ner").is_dir()


def test_a_metric_that_finds_nothing_to_count_is_said(said, tmp_path):
    code, err = said(*OWN[:4], f"results={tmp_path}", "model=lead", "task=summarization", "metric=[length,fact_recall]")
    assert (code, err) == (
        0,
        "harness: metric 'fact_recall' gives no score: data 'mine' has no gold that it counts; docs/metrics.md says "
        "what each metric needs\n",
    )
