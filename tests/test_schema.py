"""The schemas say yes to what ships and to what runs write, and no to what readers refuse."""

import copy
import json
import math
import re

import pytest

from harness.__main__ import command
from harness.resources import shipped
from harness.schema import DIALECT, RECORDS, record_schema, scores_schema

pytestmark = pytest.mark.core

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
}  # fmt: skip
KNOWN = {
    "$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "additionalProperties",
    "items", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
    "uniqueItems", "minLength", "pattern", "anyOf", "if", "then", "else", "dependentRequired",
}  # fmt: skip


def is_type(value, name):
    if name in ("number", "integer"):
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return number and (name == "number" or float(value).is_integer())
    return isinstance(value, TYPES[name])


def valid(value, schema, root=None):
    """Whether a value fits a schema, by the few keywords that ours use; an unknown keyword is an error."""
    root = root if root is not None else schema
    if schema is True:
        return True
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        found = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return valid(value, found, root)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    checks = [not types or any(is_type(value, name) for name in types)]
    checks += [value in schema["enum"]] if "enum" in schema else []
    checks += [value == schema["const"]] if "const" in schema else []
    checks += [any(valid(value, one, root) for one in schema["anyOf"])] if "anyOf" in schema else []
    if "if" in schema:
        checks.append(valid(value, schema["then" if valid(value, schema["if"], root) else "else"], root))
    if isinstance(value, str):
        checks += [len(value) >= schema.get("minLength", 0), bool(re.search(schema.get("pattern", ""), value))]
    if is_type(value, "number"):
        checks += [value >= schema.get("minimum", -math.inf), value <= schema.get("maximum", math.inf)]
        checks += [value > schema.get("exclusiveMinimum", -math.inf), value < schema.get("exclusiveMaximum", math.inf)]
    if isinstance(value, list):
        checks += [schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf)]
        checks += [not schema.get("uniqueItems") or len({json.dumps(v) for v in value}) == len(value)]
        checks += [valid(entry, schema.get("items", True), root) for entry in value]
    if isinstance(value, dict):
        checks += [name in value for name in schema.get("required", ())]
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, entry in value.items():
            rule = properties.get(name, more)
            checks.append(rule is not False and valid(entry, rule, root))
        for name, needed in schema.get("dependentRequired", {}).items():
            checks += [name not in value or other in value for other in needed]
    return all(checks)


def validators(value, schema):
    """Our own check, and jsonschema's where it is installed."""
    yield valid(value, schema)
    try:
        import jsonschema
    except ImportError:
        return
    jsonschema.Draft202012Validator.check_schema(schema)
    yield jsonschema.Draft202012Validator(schema).is_valid(value)


def fits(value, schema):
    found = set(validators(value, schema))
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("layer", ["", "annotators/a", "annotators/b"])
def test_shipped_gold_fits(layer):
    folder = shipped("gold") / "seed" / layer
    files = sorted(folder.glob("*.jsonl"))
    assert files
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert fits(json.loads(line), record_schema(path.stem)), (path.name, line)


GOOD = {
    "documents": [{"id": "d", "text": "x", "split": "test", "year": 2020}],
    "sentences": [
        {"doc": "d", "id": "s1", "start": 0, "end": 3},
        {"doc": "d", "id": "s", "start": 0, "end": 1, "zone": "x"},
    ],
    "entities": [{"doc": "d"}, {"doc": "d", "start": 0, "end": 3, "label": "ORG", "text": "Abc", "score": 0.5}],
    "stance": [
        {"doc": "d", "target": "t", "label": "favor"},
        {"doc": "d", "target": "t", "label": "unknown", "sentence": "s1", "scores": {"favor": 0.2, "none": 0.8}},
        {"doc": "d", "target": "t", "label": "none", "start": 0, "end": 5, "evidence": None},
    ],
    "targets": [{"id": "t", "text": "Nuclear power"}],
    "summaries": [{"doc": "d", "text": "x"}, {"doc": "d", "style": "extract", "sentences": ["s1"]}],
    "facts": [{"doc": "d", "fact": "x", "weight": 2}, {"doc": "d", "fact": "x", "sentences": ["s1", "s2"]}],
    "annotators": [{"id": "a", "kind": "human"}],
}
BAD = {
    "documents": [{"id": "d"}, {"id": 1, "text": "x"}, {"id": " ", "text": "x"}, [], "x"],
    "sentences": [{"doc": "d", "id": "s1", "start": 0}, {"doc": "d", "id": "s", "start": -1, "end": 2}],
    "entities": [
        {}, {"doc": "d", "start": 0}, {"doc": "d", "label": "ORG"}, {"doc": "d", "start": 0, "end": 0, "label": "ORG"},
        {"doc": "d", "start": 0.5, "end": 3, "label": "ORG"}, {"doc": "d", "start": True, "end": 3, "label": "ORG"},
        {"doc": "d", "start": "0", "end": 3, "label": "ORG"}, {"doc": "d", "start": 0, "end": 3, "label": ""},
    ],
    "stance": [
        {"doc": "d", "target": "t"}, {"doc": "d", "target": "t", "label": "favor", "start": 1},
        {"doc": "d", "target": "t", "label": "favor", "evidence": [1]},
        {"doc": "d", "target": "t", "label": "favor", "scores": {"favor": 1.5}},
    ],
    "targets": [{"id": "t"}, {"text": "x"}],
    "summaries": [{"doc": "d"}, {"doc": "d", "style": "extract", "text": "x"}, {"doc": "d", "style": "headline"},
                  {"doc": "d", "style": "extract", "sentences": ["s1", "s1"]}],
    "facts": [{"doc": "d"}, {"doc": "d", "fact": "x", "weight": 0}, {"doc": "d", "fact": "x", "sentences": []}],
    "annotators": [{"id": "a"}, {"id": "a", "kind": "robot"}],
}  # fmt: skip


@pytest.mark.parametrize("file", RECORDS)
def test_records(file):
    for record in GOOD[file]:
        assert fits(record, record_schema(file)), record
        assert fits(record, record_schema())
    for record in BAD[file]:
        assert not fits(record, record_schema(file)), record


def test_readers_agree_about_what_is_bad(tmp_path):
    """What a schema refuses of gold, the reader refuses too; otherwise one of them would be wrong."""
    from harness.errors import DataError
    from harness.gold_tools.validate import counts

    (tmp_path / "d.txt").write_text("Abc def.", encoding="utf-8")
    for file in ("entities", "stance", "summaries", "facts", "annotators"):
        for record in BAD[file]:
            if "scores" in record or record in ({"doc": "d", "fact": "x", "sentences": []},):
                continue
            (tmp_path / f"{file}.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
            with pytest.raises(DataError, match=f"{file}.jsonl:1"):
                counts(str(tmp_path))
        (tmp_path / f"{file}.jsonl").unlink()


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    assert command(["model=lead", "task=summarization", f"results={results}"]) == 0
    return json.loads((results / "seed" / "summarization" / "lead" / "scores.json").read_text(encoding="utf-8"))


def test_real_scores_fit(scores):
    assert fits(scores, scores_schema())
    mapped = {**scores, "task": "ner", "label_map": {"name": "x:1", "dropped": {"gold": {"DATE": 3}, "predicted": {}}}}
    assert fits(mapped, scores_schema())


def test_every_missing_or_foreign_key_of_scores_is_found(scores):
    def parts(value):
        if isinstance(value, dict):
            yield value
            for entry in value.values():
                yield from parts(entry)
        elif isinstance(value, list):
            yield from parts(value[0])

    number = 0
    for place, part in enumerate(parts(scores)):
        if "kind" in part:
            continue  # a model's signature is free
        for key in [*part, "foreign"]:
            broken = copy.deepcopy(scores)
            target = list(parts(broken))[place]
            if key == "foreign":
                target[key] = 1
            else:
                del target[key]
            assert not fits(broken, scores_schema()), key
            number += 1
    assert number > 40


@pytest.mark.parametrize(
    "change",
    [{"schema": "harness.scores/2"}, {"task": "qa"}, {"ledger": None}, {"scores": {}}, {"model": {"name": "x"}}],
)
def test_broken_scores_do_not_fit(scores, change):
    assert not fits({**scores, **change}, scores_schema())


@pytest.mark.parametrize("arguments", [["records"], ["scores"], *[["records", file] for file in RECORDS]])
def test_the_command_prints_json(capsys, arguments):
    assert command(["schema", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"] == DIALECT
