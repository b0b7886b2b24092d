"""Label maps: directed, many-to-one, in one step; null drops; what is not in the map is not made up."""

import pytest
import yaml

from harness.errors import ConfigError
from harness.label_map import NO_MAP, load_label_map
from harness.resources import shipped

pytestmark = pytest.mark.core

ONTONOTES = {"PERSON", "NORP", "FAC", "ORG", "GPE", "LOC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"} | {
    *("DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL"),
}
WNUT = {"person", "location", "corporation", "group", "creative-work", "product"}
FEW_NERD = {"person", "location", "building", "organization", "art", "product", "event", "other"}
CONLL = {"PER", "LOC", "ORG", "MISC"}

SHIPPED = [
    ("ontonotes_to_conll", ONTONOTES, CONLL),
    ("ontonotes_to_per_org_loc", ONTONOTES, CONLL - {"MISC"}),
    ("wnut_to_conll", WNUT, CONLL),
    ("wnut_to_per_org_loc", WNUT, CONLL - {"MISC"}),
    ("few_nerd_to_conll", FEW_NERD, CONLL),
    ("few_nerd_to_per_org_loc", FEW_NERD, CONLL - {"MISC"}),
]


@pytest.mark.parametrize(("name", "fine", "coarse"), SHIPPED)
def test_shipped_maps_take_every_label_of_the_fine_scheme_into_the_coarse_one(name, fine, coarse):
    found = load_label_map([name])
    assert set(found.mapping) == fine
    assert set(found.mapping.values()) - {None} == coarse
    assert {found.apply(label) for label in coarse} == coarse
    assert all(found.knows(label) for label in fine | coarse)
    assert not found.knows("PERSOON")
    assert found.name.startswith(f"{name}:")


def test_every_shipped_map_is_tested_and_says_what_it_is():
    files = sorted((shipped("conf") / "label_map").glob("*.yaml"))
    assert [file.stem for file in files] == sorted(name for name, _, _ in SHIPPED)
    assert all(file.read_text(encoding="utf-8").startswith("# ") for file in files)


@pytest.mark.parametrize(
    ("name", "label", "image"),
    [
        ("ontonotes_to_conll", "GPE", "LOC"),
        ("ontonotes_to_conll", "FAC", "LOC"),
        ("ontonotes_to_conll", "NORP", "MISC"),
        ("ontonotes_to_conll", "DATE", None),
        ("ontonotes_to_conll", "MISC", "MISC"),
        ("ontonotes_to_per_org_loc", "NORP", None),
        ("wnut_to_conll", "corporation", "ORG"),
        ("wnut_to_per_org_loc", "creative-work", None),
        ("few_nerd_to_conll", "building", "LOC"),
        ("few_nerd_to_per_org_loc", "art", None),
    ],
)
def test_some_arrows(name, label, image):
    assert load_label_map([name]).apply(label) == image


def test_no_map_leaves_everything_as_it_is():
    for found in (NO_MAP, load_label_map([])):
        assert found.name == "none"
        assert found.knows("anything")
        assert found.apply("anything") == "anything"


def of(tmp_path, content, *more):
    names = []
    for number, text in enumerate((content, *more)):
        path = tmp_path / f"m{number}.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        names.append(str(path))
    return load_label_map(names)


def refused(tmp_path, content, *more):
    with pytest.raises(ConfigError) as error:
        of(tmp_path, content, *more)
    return str(error.value).replace(f"{tmp_path}/", "")


def test_labels_are_strings_whatever_they_look_like(tmp_path):
    found = of(tmp_path, "NO: YES\n1: 2.0\n2020-01-01: on\n'null': \"null\"\nA: null\nB: ~\nC:\nD: NULL\n").mapping
    assert found == {
        "NO": "YES",
        "1": "2.0",
        "2020-01-01": "on",
        "null": "null",
        "A": None,
        "B": None,
        "C": None,
        "D": None,
    }


def test_several_maps_are_joined(tmp_path):
    found = of(tmp_path, "A: X\nB: null\n", "A: X\nC: Y\n")
    assert found.mapping == {"A": "X", "B": None, "C": "Y"}
    assert found.name.startswith("m0+m1:")


def test_shipped_maps_into_one_scheme_can_be_joined():
    found = load_label_map(["ontonotes_to_conll", "wnut_to_conll", "few_nerd_to_conll"])
    assert (found.apply("PERSON"), found.apply("person"), found.apply("building")) == ("PER", "PER", "LOC")


def test_maps_into_different_schemes_contradict_each_other():
    with pytest.raises(ConfigError, match="sends 'NORP' to None, another map sends it to 'MISC'"):
        load_label_map(["ontonotes_to_conll", "ontonotes_to_per_org_loc"])


def test_the_name_changes_with_the_content(tmp_path):
    names = {of(tmp_path, text).name for text in ("A: X", "A: Y", "A: null", "B: X")}
    assert len(names) == 4
    assert of(tmp_path, "A: X\nB: Y").name == of(tmp_path, "# a comment\nB: Y\n\nA: X").name


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (("A: X\nB: Y\nA: Y\n",), "m0.yaml:3: 'A' stands twice"),
        (("A: X", "A: Y"), "m1.yaml: sends 'A' to 'Y', another map sends it to 'X'"),
        (("A: X", "A: null"), "m1.yaml: sends 'A' to None, another map sends it to 'X'"),
        (
            ("A: B\nB: C\n",),
            "label_map m0: sends 'A' to 'B' and 'B' to 'C'; a label is mapped once, so say for each where it ends",
        ),
        (
            ("A: B", "B: null"),
            "label_map m0+m1: sends 'A' to 'B' and 'B' to None; a label is mapped once, so say for each where it ends",
        ),
        (("A: B\nB: A\n",), "label_map m0: sends 'A' to 'B' and 'B' to 'A'; a label is mapped once"),
        (("A: [X]",), "m0.yaml:1: expected `FINE: COARSE` or `FINE: null`"),
        (("A: X\nB:\n  C: D\n",), "m0.yaml:2: expected `FINE: COARSE` or `FINE: null`"),
        (("? [A]\n: X\n",), "m0.yaml:1: expected `FINE: COARSE` or `FINE: null`"),
        (("- A\n- X\n",), "m0.yaml: expected lines `FINE: COARSE` or `FINE: null`"),
        (("",), "m0.yaml: expected lines `FINE: COARSE` or `FINE: null`"),
        (("A: X: Y",), "m0.yaml: expected YAML lines `FINE: COARSE`, found "),
        ((b"A: \xff",), "m0.yaml: expected YAML lines `FINE: COARSE`, found "),
        (("[" * 50_000,), "m0.yaml: expected YAML lines `FINE: COARSE`, found "),
    ],
)
def test_maps_that_say_two_things_or_none(tmp_path, contents, message):
    assert refused(tmp_path, *contents).startswith(message)


@pytest.mark.parametrize("name", ["ontonotes", "", ".", "a\x00b"])
def test_a_map_that_is_not_there_names_those_that_are(name):
    with pytest.raises(ConfigError) as error:
        load_label_map([name])
    assert str(error.value).startswith(f"label_map: no shipped map and no file {name!r}; shipped: ")
    assert "ontonotes_to_conll" in str(error.value)


def test_a_tag_in_a_map_builds_no_object(tmp_path):
    assert of(tmp_path, "A: !!int '3'\n").mapping == {"A": "3"}
    assert refused(tmp_path, "A: !!python/object/apply:os.getcwd []\n").startswith("m0.yaml:1: expected")


def test_shipped_maps_are_what_yaml_says():
    """An independent reading: the same arrows as PyYAML's safe loader finds."""
    for name, _, _ in SHIPPED:
        content = yaml.safe_load((shipped("conf") / "label_map" / f"{name}.yaml").read_text(encoding="utf-8"))
        assert load_label_map([name]).mapping == content
