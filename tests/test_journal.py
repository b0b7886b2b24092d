"""The journal: what is committed survives, what is foreign is refused."""

import json
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RunError, RunFailedError
from harness.journal import (
    NAME,
    Journal,
    answer_from_dict,
    answer_from_json,
    answer_to_json,
    as_stored,
    journalled_answers,
    remove_journal,
)
from harness.records import BINS, Answer, Entity

pytestmark = pytest.mark.core

SHARED = {"model": {"kind": "x", "weights": "aa"}, "versions": {"torch": "2"}}
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
ENTITIES = st.builds(Entity, st.integers(), st.integers(), words, words, st.none() | numbers)
ANSWERS = st.builds(
    Answer,
    entities=st.none() | st.lists(ENTITIES).map(tuple),
    label=st.none() | words,
    scores=st.none() | st.dictionaries(words, numbers),
    text=st.none() | words,
    sentences=st.none() | st.lists(words).map(tuple),
    bin=st.sampled_from(BINS),
    reason=st.none() | words,
    raw=st.none() | words,
    ungrounded=st.integers(0, 9),
    tokens_read=st.none() | st.integers(0, 9),
    output_truncated=st.booleans(),
)  # fmt: skip


@given(ANSWERS)
def test_an_answer_comes_back_as_it_went(answer):
    back = answer_from_json(answer_to_json(answer))
    assert back == answer
    # Equality of entities leaves text and score out.
    assert [(e.text, e.score) for e in back.entities or ()] == [(e.text, e.score) for e in answer.entities or ()]
    assert as_stored(back) == back
    assert list(as_stored(answer).scores or ()) == sorted(answer.scores or ())


def test_an_empty_answer_and_none_are_told_apart():
    assert as_stored(Answer(entities=())).entities == ()
    assert as_stored(Answer(text="")).text == ""
    assert as_stored(Answer()).entities is None


def test_fields_of_another_version_are_passed_over():
    assert answer_from_dict({"label": "a", "mood": "b", "text": None}) == Answer(label="a")


def test_answers_are_there_again(tmp_path):
    with Journal(tmp_path, SHARED) as journal:
        journal.commit([("a", Answer(label="1")), ("b", Answer(label="2"))])
        journal.commit([("b", Answer(label="3"))])
    with Journal(tmp_path, SHARED) as journal:
        assert journal.answers() == {"a": Answer(label="1"), "b": Answer(label="3")}
    remove_journal(tmp_path)
    assert list(tmp_path.iterdir()) == []
    remove_journal(tmp_path)  # once more does no harm


def test_a_batch_is_whole_or_not_at_all(tmp_path):
    with Journal(tmp_path, SHARED) as journal:
        journal.commit([("a", Answer(label="1"))])
        with pytest.raises(ValueError, match="JSON"):
            journal.commit([("b", Answer(label="2")), ("c", Answer(scores={"x": float("nan")}))])
        with pytest.raises(sqlite3.Error):
            journal.commit([("d", Answer(label="2")), (object(), Answer(label="2"))])
        assert list(journal.answers()) == ["a"]


def test_another_fingerprint_is_refused_and_told(tmp_path):
    with Journal(tmp_path, SHARED) as journal:
        journal.commit([("a", Answer(label="1"))])
    other = {"model": {"kind": "x", "weights": "bb"}, "versions": {"torch": "2"}, "more": 1}
    with pytest.raises(RunError) as caught:
        Journal(tmp_path, other)
    assert caught.value.exit_code == 2
    assert "model.weights ('aa' then, 'bb' now)" in str(caught.value)
    assert "more (None then, 1 now)" in str(caught.value)
    assert "torch" not in str(caught.value)
    assert "fresh=true" in str(caught.value)
    with Journal(tmp_path, SHARED) as journal:
        assert list(journal.answers()) == ["a"]


def test_fresh_throws_old_answers_away_and_keeps_its_own(tmp_path):
    with Journal(tmp_path, SHARED) as journal:
        journal.commit([("old", Answer(label="1"))])
    with Journal(tmp_path, SHARED, fresh=True) as journal:
        assert journal.answers() == {}
        journal.commit([("new", Answer(label="2"))])
    # The same command again after a kill: what it asked already is not asked again.
    with Journal(tmp_path, SHARED, fresh=True) as journal:
        assert list(journal.answers()) == ["new"]
    with Journal(tmp_path, SHARED) as journal:
        assert list(journal.answers()) == ["new"]
    with Journal(tmp_path, {"model": 2}, fresh=True) as journal:
        assert journal.answers() == {}


class Marker:
    def __reduce__(self):
        return os.system, ("touch marker",)


@pytest.mark.parametrize(
    "content", [b"no database at all, but a long enough text" * 9, pickle.dumps(Marker()), b"\x00" * 4096]
)
def test_what_is_no_journal_is_refused_and_not_run(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(RunError, match="is no journal of this harness"):
        Journal(tmp_path, SHARED)
    assert not (tmp_path / "marker").exists()
    assert (tmp_path / NAME).read_bytes() == content
    with Journal(tmp_path, SHARED, fresh=True) as journal:
        assert journal.answers() == {}


def test_a_folder_in_its_place_is_said(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(RunFailedError, match="cannot be written"):
        Journal(tmp_path, SHARED)


WRITER = """
import os, signal, sys
from pathlib import Path
from harness.journal import Journal, journalled_answers
from harness.records import Answer
journal = Journal(Path(sys.argv[1]), {"a": 1})
for batch in range(6):
    journal.commit([(f"k{batch}{n}", Answer(label=str(batch), text="x" * 300)) for n in range(4)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A journal of six batches of four whose writer was killed."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run([sys.executable, "-c", WRITER, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    return folder


def test_a_kill_loses_nothing_that_was_committed(killed, tmp_path):
    shutil.copytree(killed, tmp_path / "run")
    with Journal(tmp_path / "run", {"a": 1}) as journal:
        assert sorted(journal.answers()) == [f"k{batch}{n}" for batch in range(6) for n in range(4)]


@pytest.mark.parametrize("cut", [1, 7, 100, 512, 2000, 4000])
def test_a_torn_write_ahead_log_costs_at_most_the_last_batch(killed, tmp_path, cut):
    shutil.copytree(killed, tmp_path / "run")
    log = tmp_path / "run" / f"{NAME}-wal"
    with log.open("r+b") as stream:
        stream.truncate(log.stat().st_size - cut)
    with Journal(tmp_path / "run", {"a": 1}) as journal:
        found = journal.answers()
    assert sqlite3.connect(tmp_path / "run" / NAME).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    batches = [sum(f"k{batch}{n}" in found for n in range(4)) for batch in range(6)]
    assert batches in ([4, 4, 4, 4, 4, 0], [4] * 6)
    assert cut > 4000 or batches == [4, 4, 4, 4, 4, 0]


def test_answers_are_json_for_any_reader(tmp_path):
    with Journal(tmp_path, SHARED) as journal:
        journal.commit([("a", Answer(label="1"))])
    rows = sqlite3.connect(tmp_path / NAME).execute("SELECT answer FROM answers").fetchall()
    assert json.loads(rows[0][0])["label"] == "1"


def test_a_journal_is_looked_into_without_beginning_one(tmp_path):
    same, other = {"model": "a"}, {"model": "b"}
    assert journalled_answers(tmp_path, same) == {}
    assert list(tmp_path.iterdir()) == []
    with Journal(tmp_path, same) as journal:
        journal.commit([("k", Answer(label="favor"))])
        # Also while somebody writes to it.
        assert journalled_answers(tmp_path, same) == {"k": Answer(label="favor")}
    assert journalled_answers(tmp_path, same) == {"k": Answer(label="favor")}
    assert journalled_answers(tmp_path, other) == {}
    # `fresh=true` goes on from what it began itself, and from nothing else.
    assert journalled_answers(tmp_path, same, fresh=True) == {}
    with Journal(tmp_path, same, fresh=True) as journal:
        journal.commit([("k", Answer(label="none"))])
    assert journalled_answers(tmp_path, same, fresh=True) == {"k": Answer(label="none")}
    (tmp_path / "journal.sqlite").write_bytes(b"no journal at all, though longer than a hundred bytes" * 3)
    assert journalled_answers(tmp_path, same) == {}
