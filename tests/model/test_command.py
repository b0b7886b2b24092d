"""A program of the user's: the lines it reads and writes, and what becomes of examples when it misbehaves."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ResourceError
from harness.model import command_lines, program
from harness.model.command import Command
from harness.model.command_lines import Batch, input_line
from harness.records import Answer, Entity, Mention, NerInput, StanceInput, SummaryInput, Target

pytestmark = [pytest.mark.core, pytest.mark.timeout(120)]

# Reads every line, then answers each with what `answer(one)` gives.
WHOLE = """
import json, os, signal, sys, time
{body}
asked = [json.loads(line) for line in sys.stdin]
for one in asked:
    said = answer(one)
    if said is not None:
        print(said if isinstance(said, str) else json.dumps(dict(said, id=one["id"])), flush=True)
"""
# Answers each line at once.
BY_LINE = """
import json, os, signal, sys, time
{body}
for line in sys.stdin:
    one = json.loads(line)
    said = answer(one)
    if said is not None:
        print(said if isinstance(said, str) else json.dumps(dict(said, id=one["id"])), flush=True)
"""
CAPITALS = """
import re
def answer(one):
    found = re.finditer("[A-Z][a-z]+", one["text"])
    return {"entities": [{"start": m.start(), "end": m.end(), "label": "PER"} for m in found]}
"""


def ner(*texts):
    return [NerInput(f"e{i}", "d", text) for i, text in enumerate(texts)]


@pytest.fixture
def made(tmp_path):
    """Makes a command out of a program's text; its processes are ended with the test."""
    commands = []

    def make(body, shape=WHOLE, **given):
        file = tmp_path / f"program{len(commands)}.py"
        file.write_text(shape.replace("{body}", body), encoding="utf-8")
        commands.append(Command(command=(sys.executable, str(file)), **given))
        return commands[-1]

    yield make
    for command in commands:
        if command._session.program is not None:
            command._session.program.end()


def bins(answers):
    return [answer.bin for answer in answers]


def one_line(tmp_path, text):
    """A program that reads all and writes these bytes."""
    (tmp_path / "said").write_bytes(text if isinstance(text, bytes) else text.encode())
    code = "import sys; sys.stdin.read(); sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    return Command(command=(sys.executable, "-c", code, str(tmp_path / "said")))


# ---- what is read and written -------------------------------------------------------------------------------------


def test_a_program_reads_what_a_model_may_see_and_nothing_else():
    stance = StanceInput("e", "d", "No!", "Coal is cheap.", Target("coal", "Coal power"), "s2")
    summary = SummaryInput("f", "d", "A. B.", "headline", (("s1", "A."), ("s2", "B.")), max_words=8)
    assert json.loads(input_line(stance, ["favor", "against"])) == {
        "id": "e", "doc": "d", "task": "stance", "text": "No!", "context": "Coal is cheap.",
        "target": {"id": "coal", "text": "Coal power"}, "sentence": "s2", "labels": ["favor", "against"],
    }  # fmt: skip
    assert json.loads(input_line(summary, [])) == {
        "id": "f", "doc": "d", "task": "summarization", "text": "A. B.", "style": "headline", "max_words": 8,
        "min_words": None, "max_sentences": None, "sentences": [{"id": "s1", "text": "A."}, {"id": "s2", "text": "B."}],
    }  # fmt: skip


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line(text):
    line = input_line(NerInput("e", "d", text), [])
    assert "\n" not in line
    assert json.loads(line)["text"] == text


# A program that waits for the end of its input cannot be kept running.
@pytest.mark.parametrize(("shape", "keep"), [(WHOLE, False), (BY_LINE, False), (BY_LINE, True)])
def test_entities_of_a_program(made, shape, keep):
    command = made(CAPITALS, shape, keep_running=keep)
    texts = ["\U0001f600 Bob met Ann", "nobody", "Zoë"]
    answers = command.answer(ner(*texts))
    # Code points: the emoji is one.
    assert answers[0].entities == (Entity(2, 5, "PER"), Entity(10, 13, "PER"))
    assert answers[1] == Answer(entities=())
    assert [e.text for e in answers[2].entities] == ["Zo"]
    assert command.answer(ner(*texts)) == answers
    assert command.answer([]) == []


def test_a_program_that_is_kept_running_is_started_once(made):
    body = "def answer(one): return {'label': str(os.getpid())}"
    asked = [[StanceInput(f"e{i}", "d", "x", "", Target("t", "T"))] for i in range(3)]
    kept = made(body, BY_LINE, keep_running=True)
    assert len({kept.answer(batch)[0].label for batch in asked}) == 1
    anew = made(body, BY_LINE)
    assert len({anew.answer(batch)[0].label for batch in asked}) == 3


def test_no_deadlock_however_much_is_written_on_both_sides(made):
    """A pipe holds 64 KiB: whoever writes all before reading anything waits for ever."""
    body = "def answer(one): sys.stderr.write('x' * 3000 + chr(10)); return {'text': one['text']}"
    texts = ["y" * 40_000 + str(i) for i in range(64)]
    asked = [SummaryInput(f"e{i}", "d", text, "default", ()) for i, text in enumerate(texts)]
    for shape in (WHOLE, BY_LINE):
        assert [answer.text for answer in made(body, shape).answer(asked)] == texts


LINES = {
    "list": ('{"id":"e0","entities":[{"start":0,"end":3,"label":"P","score":0.5}]}', {Entity(0, 3, "P")}),
    "records": ('{"id":"e0","start":0,"end":3,"label":"P"}\n{"id":"e0","start":4,"end":5,"label":"Q"}',
                {Entity(0, 3, "P"), Entity(4, 5, "Q")}),
    "records with a line that says it was looked at": ('{"id":"e0"}\n{"id":"e0","start":0,"end":3,"label":"P"}',
                                                       {Entity(0, 3, "P")}),
    "none": ('{"id":"e0"}', set()),
    "the same twice": ('{"id":"e0","entities":[]}\n{"id":"e0","entities":[]}', set()),
    "Windows line ends and blank lines": ('\r\n{"id":"e0","entities":[]}\r\n\r\n', set()),
}  # fmt: skip


@pytest.mark.parametrize(("said", "entities"), LINES.values(), ids=list(LINES))
def test_the_ways_to_give_entities(said, entities):
    batch = Batch({"e0": ner("Bob x")[0]}, one_line=False)
    for line in said.encode().split(b"\n"):
        batch.take(line)
    assert batch.answers()["e0"].bin == "scored"
    assert set(batch.answers()["e0"].entities) == entities


@pytest.mark.parametrize(
    ("entity", "counted"),
    [
        ('{"start":0,"end":3,"label":"P","text":"Bob"}', (1, 0, 0)),
        ('{"label":"P","text":"Bob"}', (0, 1, 0)),  # a string without a place is looked for in the text
        ('{"start":0,"end":3,"label":"P","text":"bob"}', (0, 0, 1)),  # the text says otherwise
        ('{"start":0,"end":6,"label":"P"}', (0, 0, 1)),  # beyond the text
        ('{"start":2,"end":2,"label":"P"}', (0, 0, 1)),  # empty
        ('{"start":-1,"end":2,"label":"P"}', (0, 0, 1)),
        ('{"start":true,"end":3,"label":"P"}', (0, 0, 1)),  # true is 1 to Python
        ('{"start":0.0,"end":3,"label":"P"}', (0, 0, 1)),
        ('{"start":0,"end":3,"label":""}', (0, 0, 1)),
        ('{"start":0,"end":3}', (0, 0, 1)),
        ('"Bob"', (0, 0, 1)),
        ("null", (0, 0, 1)),
    ],
)
def test_an_entity_that_fits_no_stretch_is_misaligned_and_costs_no_other(entity, counted):
    batch = Batch({"e0": ner("Bob x")[0]}, one_line=False)
    batch.take(f'{{"id":"e0","entities":[{entity},{{"start":4,"end":5,"label":"Q"}}]}}'.encode())
    answer = batch.answers()["e0"]
    assert (len(answer.entities) - 1, len(answer.mentions or ()), answer.misaligned) == counted
    assert Entity(4, 5, "Q") in answer.entities
    if counted[1]:
        assert answer.mentions == (Mention("P", "Bob"),)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"entities":[],"tokens_cut":2,"chars_read":3', ("scored", 3)),
        ('"tokens_cut":2,"chars_read":3', ("scored", 3)),  # a record that says it was looked at, and no more
        ('"entities":[],"chars_read":5', ("scored", None)),  # all of it
        ('"entities":[],"chars_read":6', ("unparsed", None)),
        ('"entities":[],"chars_read":-1', ("unparsed", None)),
        ('"entities":[],"chars_read":"3"', ("unparsed", None)),
    ],
)
def test_how_far_a_program_read(said, expected):
    batch = Batch({"e0": ner("Bob x")[0]}, one_line=False)
    batch.take(f'{{"id":"e0",{said}}}'.encode())
    answer = batch.answers()["e0"]
    assert (answer.bin, answer.chars_read) == expected


STANCE = {
    '{"label":"favor"}': "scored",
    '{"label":"favor","scores":{"favor":0.75,"against":0.25}}': "scored",
    '{"label":"favor","scores":{"favor":NaN,"against":0.25}}': "nonfinite",
    '{"label":"favor","scores":{"favor":1e999,"against":0}}': "nonfinite",
    '{"label":"favor","scores":{"favor":0.75,"against":0.5}}': "unparsed",
    '{"label":"favor","scores":{"favor":-0.5,"against":1.5}}': "unparsed",
    '{"label":"favor","scores":{"favor":"1"}}': "unparsed",
    '{"label":"favor","scores":{"favor":true}}': "unparsed",
    '{"label":"favor","scores":[1]}': "unparsed",
    '{"label":3}': "unparsed",
    '{"label":" "}': "unparsed",
    "{}": "unparsed",
    '{"error":"cannot"}': "failed",
    '{"error":{"code":3},"label":"favor"}': "failed",
    '{"label":"favor","tokens_read":-1}': "unparsed",
    '{"label":"favor","tokens_read":3,"tokens_cut":2,"output_truncated":true}': "scored",
}


@pytest.mark.parametrize(("said", "bin_"), STANCE.items())
def test_a_stance_record(said, bin_):
    batch = Batch({"e": StanceInput("e", "d", "x", "", Target("t", "T"))}, one_line=False)
    record = '{"id":"e"' + (", " + said[1:] if said != "{}" else "}")
    batch.take(record.encode())
    answer = batch.answers()["e"]
    assert answer.bin == bin_, answer
    if bin_ in ("unparsed", "nonfinite"):
        assert answer.raw
        assert answer.reason
    if "tokens_cut" in said and bin_ == "scored":
        assert (answer.tokens_read, answer.tokens_cut, answer.output_truncated) == (3, 2, True)


def test_summaries_as_text_and_as_sentences():
    one = SummaryInput("e", "d", "A. B.", "extract", (("s1", "A."), ("s2", "B.")))
    said = {
        '{"id":"e","text":"Short."}': Answer(text="Short."),
        '{"id":"e","sentences":["s2","s1","s2"]}': Answer(text="B.\nA.", sentences=("s2", "s1")),
    }
    for line, answer in said.items():
        batch = Batch({"e": one}, one_line=False)
        batch.take(line.encode())
        assert batch.answers()["e"] == answer
    for line in (
        '{"id":"e","sentences":["s9"]}',
        '{"id":"e","sentences":"s1"}',
        '{"id":"e","text":["x"]}',
        '{"id":"e"}',
    ):
        batch = Batch({"e": one}, one_line=False)
        batch.take(line.encode())
        assert batch.answers()["e"].bin == "unparsed"


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b'{"id":"e0"', b'{"id":"e0","entities":[[]]}', b'{"id":{}}']))
)
@settings(max_examples=200)
def test_no_line_breaks_the_reader(lines):
    for one_line in (True, False):
        batch = Batch({one.id: one for one in ner("Bob", "x")}, one_line=one_line)
        for line in lines:
            batch.take(line)
        for answer in batch.answers().values():
            assert answer.bin in ("scored", "unparsed", "nonfinite", "failed")


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 7))
def test_lines_are_the_same_however_they_arrive(lines, size):
    given_lines = [line.replace(b"\n", b"") for line in lines]
    stream = b"".join(line + b"\n" for line in given_lines)
    reader = program.Lines(most=8)
    found = [line for i in range(0, len(stream), size) for line in reader.feed(stream[i : i + size])]
    # A line that is too long is told by its length, and never kept whole.
    assert found + list(reader.rest()) == given_lines
    reader = program.Lines(most=3)
    found = [line for i in range(0, len(stream), size) for line in reader.feed(stream[i : i + size])]
    assert found == [line[:4] for line in given_lines]


# ---- a program that misbehaves ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"id":"e0","entities":[]}\n', ["scored", "missing"]),
        ('{"id":"e1","entities":[]}', ["missing", "scored"]),  # the last line has no end
        ("", ["missing", "missing"]),
        ('{"id":"e0","entities":[\n{"id":"e1","entities":[]}\n', ["unparsed", "scored"]),
        ('{"id":"e0","entities":[]}\nLoading...\n', ["scored", "unparsed"]),  # what it was meant for is not known
        ('{"id":"e0","entities":[]}\n{"id":"e0","entities":[{"start":0,"end":1,"label":"P"}]}\n{"id":"e1"}',
         ["unparsed", "scored"]),
        ('{"id":"e0"}\n{"id":"e1"}\n{"id":"other"}\n{"id":"x"}', ["scored", "scored"]),
        (b'{"id":"e0","x":"\xff"}\n{"id":"e1"}', ["unparsed", "scored"]),
        ('[1]\n"x"\n3\nnull\n{"id":3}\n', ["unparsed", "unparsed"]),
        ('{"id":"e0","entities":' + "[" * 100_000 + "\n" + '{"id":"e1"}', ["unparsed", "scored"]),
        ('{"id":"e0","n":' + "9" * 5000 + '}\n{"id":"e1"}', ["unparsed", "scored"]),
        ('{"id":"e0","entities":[{"start":0,"end":1,"label":"P","score":NaN}]}\n{"id":"e1"}', ["nonfinite", "scored"]),
    ],
)  # fmt: skip
def test_what_is_said_of_two_examples(tmp_path, said, expected, capfd):
    command = one_line(tmp_path, said)
    answers = command.answer(ner("Bob", "x"))
    assert bins(answers) == expected
    for answer in answers:
        assert (answer.raw is not None) == (answer.bin in ("unparsed", "nonfinite"))
    assert ("was not asked, the first 'other'" in capfd.readouterr().err) == ('"other"' in str(said))


def test_a_line_of_an_example_that_was_asked_alone_is_its_own(tmp_path):
    (answer,) = one_line(tmp_path, "The entities are: Bob.").answer(ner("Bob"))
    assert (answer.bin, answer.raw) == ("unparsed", "The entities are: Bob.")


def test_a_line_without_end_is_not_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "MOST_LINE", 1000)
    monkeypatch.setattr(command_lines, "MOST_LINE", 1000)
    answers = one_line(tmp_path, '{"id":"e0","x":"' + "y" * 300_000 + '"}\n{"id":"e1"}').answer(ner("Bob", "x"))
    assert bins(answers) == ["unparsed", "scored"]
    assert "longer than" in answers[0].reason
    assert len(answers[0].raw) <= 1001


def test_output_without_end_is_cut_off(made, monkeypatch):
    monkeypatch.setattr(program, "MOST_OUTPUT", 10**6)
    body = 'def answer(one):\n    while True: print(\'{"id":"foreign"}\')'
    (answer,) = made(body).answer(ner("Bob"))
    assert answer.bin == "failed"
    assert "wrote more than" in answer.reason


# A program that waits for the end of its input cannot be kept running.
@pytest.mark.parametrize(("shape", "keep"), [(WHOLE, False), (BY_LINE, False), (BY_LINE, True)])
def test_a_bad_example_costs_itself_alone(made, shape, keep, capfd):
    body = (
        "def answer(one):\n    if 'bad' in one['text']: sys.exit('no such \\x1b[2J key')\n    return {'entities': []}"
    )
    answers = made(body, shape, keep_running=keep).answer(ner(*["fine"] * 5, "bad", "fine", "bad", "fine"))
    assert bins(answers) == ["scored"] * 5 + ["failed", "scored", "failed", "scored"]
    # What it said last is in the ledger, and nothing that acts on a terminal.
    assert answers[5].reason == "the program ended with exit code 1; stderr: no such \\x1b[2J key"
    shown = capfd.readouterr().err
    assert "harness: python" in shown
    assert "\x1b" not in shown


def test_a_program_that_is_killed_or_hangs_costs_the_example_alone(made):
    body = """
def answer(one):
    if one['text'] == 'kill': os.kill(os.getpid(), signal.SIGKILL)
    if one['text'] == 'hang': time.sleep(1000)
    return {'entities': []}"""
    killed, fine = made(body, BY_LINE).answer(ner("kill", "fine"))
    assert (fine.bin, killed.bin) == ("scored", "failed")
    assert killed.reason == "the program ended with signal 9 (SIGKILL)"
    fine, hung = made(body, BY_LINE, timeout=1.5).answer(ner("fine", "hang"))
    assert (fine.bin, hung.bin) == ("scored", "failed")
    assert hung.reason == "timeout: not done within 1.5 seconds"


def test_a_program_that_never_answers_is_not_started_for_ever(made, tmp_path):
    body = f"open({str(tmp_path / 'starts')!r}, 'a').write('x'); sys.exit(3)"
    command = made(body)
    answers = command.answer(ner(*["x"] * 100))
    assert set(bins(answers)) == {"failed"}
    assert answers[-1].reason == (
        "not asked: 12 processes in a row gave no answer; the last: the program ended with exit code 3"
    )
    assert bins(command.answer(ner("y"))) == ["failed"]
    assert (tmp_path / "starts").read_text() == "x" * 12


def test_a_program_that_does_not_flush_is_told_so(tmp_path):
    code = "import sys\nheld = open(1, 'w', buffering=10**6)\nfor line in sys.stdin: held.write(line)"
    command = Command(command=(sys.executable, "-c", code), keep_running=True, timeout=0.7)
    answers = command.answer(ner("a", "b", "c", "d"))
    assert bins(answers) == ["failed"] * 4
    # Two that ran out of time are enough where nothing was ever answered.
    assert all("not asked: 2 processes in a row" in answer.reason for answer in answers)
    assert all(answer.reason.endswith("does it flush after each line?") for answer in answers)


def test_a_program_that_reads_nothing_or_closes_its_output(tmp_path):
    head = Command(command=("true",))
    assert bins(head.answer(ner("x" * 10**6))) == ["missing"]
    code = "import os, time; os.close(1); time.sleep(1000)"
    (answer,) = Command(command=(sys.executable, "-c", code), timeout=0.5).answer(ner("x"))
    assert (answer.bin, answer.reason) == ("failed", "the program closed its output and went on running")


def test_an_entity_a_line_is_refused_of_a_program_that_is_kept_running(made):
    """How many lines an example has is not known before the program ends."""
    body = "def answer(one): return {'start': 0, 'end': 1, 'label': 'P'}"
    (answer,) = made(body, BY_LINE, keep_running=True).answer(ner("Bob"))
    assert answer.bin == "unparsed"
    assert "one list" in answer.reason


def alive(number):
    """Whether a process runs; one that has ended and was not yet waited for by init does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def wait_for_the_end_of(answer):
    """The mark `timeout` ends this where a process is never killed."""
    while any(alive(int(number)) for number in answer.label.split()):
        os.sched_yield()


# Starts a process of its own, which holds the pipes open.
LEAVES = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
def answer(one): return {"label": f"{os.getpid()} {child.pid}"}
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="left out: no /proc to look processes up")
def test_nothing_of_a_program_is_left_behind(made):
    asked = [StanceInput("e", "d", "x", "", Target("t", "T"))]
    (answer,) = made(LEAVES).answer(asked)
    wait_for_the_end_of(answer)
    kept = made(LEAVES, BY_LINE, keep_running=True)
    (answer,) = kept.answer(asked)
    assert all(alive(int(number)) for number in answer.label.split())
    kept._session.program.end()
    wait_for_the_end_of(answer)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="left out: no /proc to look processes up")
def test_nothing_is_left_behind_when_the_harness_is_killed(made):
    command = made(LEAVES, BY_LINE, keep_running=True)
    code = (
        "import sys, time\n"
        "from harness.model.command import Command\n"
        "from harness.records import StanceInput, Target\n"
        "command = Command(command=tuple(sys.argv[1:]), keep_running=True)\n"
        "print(command.answer([StanceInput('e', 'd', 'x', '', Target('t', 'T'))])[0].label, flush=True)\n"
        "time.sleep(1000)"
    )
    root = Path(__file__).resolve().parents[2]
    harness = subprocess.Popen(
        [sys.executable, "-c", code, *command.command], stdout=subprocess.PIPE, cwd=root, text=True
    )
    numbers = [int(number) for number in harness.stdout.readline().split()]
    assert len(numbers) == 2
    assert all(map(alive, numbers))
    harness.kill()
    harness.wait()
    harness.stdout.close()
    wait_for_the_end_of(Answer(label=" ".join(map(str, numbers))))


# ---- what it is started with --------------------------------------------------------------------------------------


def test_the_environment_is_passed_on_and_its_secrets_are_not_stored(made, monkeypatch, capfd):
    monkeypatch.setenv("MY_API_KEY", "canary-12345")
    body = """
def answer(one):
    print(os.environ['MY_API_KEY'], file=sys.stderr)
    return {'text': os.environ['MY_API_KEY']}"""
    (answer,) = made(body).answer([SummaryInput("e", "d", "x", "default", ())])
    # An answer is what the program says that it is.
    assert answer.text == "canary-12345"
    (answer,) = made("sys.exit('wrong key ' + os.environ['MY_API_KEY'])").answer(ner("x"))
    assert answer.reason.endswith("stderr: wrong key ***")
    (answer,) = made("def answer(one): return os.environ['MY_API_KEY']").answer(ner("x"))
    assert (answer.bin, answer.raw) == ("unparsed", "***")
    assert "canary" not in capfd.readouterr().err


def test_words_reach_the_program_as_they_are(tmp_path):
    code = "import json, sys; print(json.dumps({'id': 'e', 'text': ' '.join(sys.argv[1:])}))"
    command = Command(command=(sys.executable, "-c", code, "$HOME", "a b; rm *", "`id`"))
    (answer,) = command.answer([SummaryInput("e", "d", "x", "default", ())])
    assert answer.text == "$HOME a b; rm * `id`"


def test_the_signature_holds_the_content_of_the_files(tmp_path, monkeypatch):
    script = tmp_path / "my.py"
    script.write_text("1")
    here = Command(command=("python3", "my.py", "--fast"), cwd=str(tmp_path))
    before = here.signature()
    assert set(before["files"]) == {"program", "argument 1"}
    assert here.signature() == before
    assert Command(command=("python3", "my.py", "--fast"), cwd=str(tmp_path), batch_size=1).signature() == before
    script.write_text("2")
    assert here.signature() != before
    script.write_text("1")
    assert dataclasses.replace(here, version="2").signature() != before
    monkeypatch.chdir(tmp_path)
    assert Command(command=("python3", "my.py", "--fast")).signature()["files"] == before["files"]


def test_a_program_beside_the_data_is_found_and_started(tmp_path):
    script = tmp_path / "answer.sh"
    script.write_text('#!/bin/sh\ncat > /dev/null\necho \'{"id":"e0"}\'\n')
    command = Command(command=("./answer.sh",), cwd=str(tmp_path))
    with pytest.raises(ResourceError, match="may not be executed"):
        command.load()
    script.chmod(0o755)
    assert bins(command.answer(ner("x"))) == ["scored"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"command": ("no-such-program-here",)}, "no program on the PATH"),
        ({"command": ("./no-such-program",)}, "no such program"),
        ({"command": ("true",), "cwd": "/no/such/folder"}, "no such folder"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_asked(given, message):
    for method in ("signature", "load"):
        with pytest.raises(ResourceError, match=message):
            getattr(Command(**given), method)()


def test_a_program_that_no_machine_can_run(tmp_path):
    script = tmp_path / "x"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    with pytest.raises(ResourceError, match="cannot be started"):
        Command(command=(str(script),)).answer(ner("x"))


@pytest.mark.parametrize(
    "given", [{"command": ()}, {"command": (" ",)}, {"command": ("a\0",)}, {"batch_size": 0}, {"timeout": 0},
              {"timeout": float("nan")}]
)  # fmt: skip
def test_values_that_cannot_be_meant(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        Command(**{"command": ("true",), **given})
