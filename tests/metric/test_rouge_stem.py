"""Stems as ROUGE-1.5.5 makes them, against what the script itself gave and against NLTK's stemmer."""

import re

import pytest
from nltk.stem.porter import PorterStemmer

from harness.metric.rouge_stem import EXCEPTIONS, exceptions, exceptions_sha256, porter, stem

pytestmark = pytest.mark.core

# What the script's own subroutine printed (Perl 5.36): each step, its conditions, and the script's own ways.
PRINTED = {
    "caresses": "caress",
    "ponies": "poni",
    "ties": "ti",
    "caress": "caress",
    "cats": "cat",
    "gas": "ga",
    "feed": "feed",
    "agreed": "agre",
    "plastered": "plaster",
    "bled": "bled",
    "motoring": "motor",
    "sing": "sing",
    "conflated": "conflat",
    "troubled": "troubl",
    "sized": "size",
    "hopping": "hop",
    "falling": "fall",
    "hissing": "hiss",
    "fizzed": "fizz",
    "failing": "fail",
    "filing": "file",
    "happy": "happi",
    "sky": "sky",
    "relational": "relat",
    "conditional": "condit",
    "vileli": "vile",
    "radicalli": "radic",
    "sensibiliti": "sensibl",
    "electriciti": "electr",
    "hopeful": "hope",
    "goodness": "good",
    "formative": "form",
    "probate": "probat",
    "adoption": "adopt",
    "rate": "rate",
    "cease": "ceas",
    "controll": "control",
    "roll": "roll",
    "yyed": "yy",
    # Porter's later endings.
    "possibly": "possibl",
    "ideology": "ideolog",
    "apology": "apolog",
    # `ment`, `ent` and `ion` after another ending was kept or cut.
    "replacement": "replac",
    "basement": "basem",
    "documents": "docum",
    "departmental": "depart",
    "agreement": "agreem",
    "professional": "profess",
    "environmentally": "environ",
    "commissioners": "commiss",
    "1980s": "1980",
    "3rds": "3rd",
    "b2bing": "b2bing",
}


@pytest.mark.parametrize(("word", "expected"), PRINTED.items())
def test_stems_are_the_scripts(word, expected):
    assert porter(word) == expected


def test_differs_from_porters_stemmer_in_its_fourth_step_alone():
    theirs = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)
    endings = (
        "",
        "s",
        "ed",
        "ing",
        "ly",
        "ation",
        "ment",
        "mental",
        "ional",
        "ness",
        "fulness",
        "ization",
        "y",
        "able",
    )
    forms = {form for form in exceptions() if form.isalpha()}
    words = forms | {form + ending for form in sorted(forms)[::7] for ending in endings}
    unlike = {word for word in words if porter(word) != theirs.stem(word)}
    assert len(words) > 14000
    assert 100 < len(unlike) < len(words) / 5
    # Where they differ, one of the endings that the script tries again is gone.
    assert not [word for word in unlike if not re.fullmatch(rf"{porter(word)}(e?ment|ent|ion)+", theirs.stem(word))]


def test_irregular_words_come_first():
    # Not `was`: it has three letters, and the script stems longer words alone.
    assert [stem(word) for word in ("were", "children", "ran", "feet", "was")] == ["be", "child", "ran", "foot", "was"]
    assert stem("better") == stem("best") == "well"
    assert stem("running") == porter("running") == "run"


def test_the_table_is_sorted_and_can_be_looked_up():
    lines = EXCEPTIONS.read_text(encoding="ascii").splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(exceptions()) == 5593
    # Shorter words and other characters are never looked up.
    assert all(re.fullmatch("[a-z0-9]{4,}", form) for form in exceptions())
    # Its beginning is part of signatures: a changed table is a changed metric.
    assert exceptions_sha256()[:8] == "6f0d6873"


def test_the_licence_lies_beside_it():
    licence = EXCEPTIONS.with_name("WORDNET_LICENSE.txt").read_text(encoding="ascii")
    assert "WordNet 2.0 Copyright 2003 by Princeton University" in licence
    assert EXCEPTIONS.name in licence
