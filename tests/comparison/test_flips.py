"""Fixed and broken, counted again from the records that the systems wrote."""

import json
from collections import Counter

import pytest

from harness.__main__ import command

pytestmark = pytest.mark.core


def records(capsys, *arguments):
    capsys.readouterr()
    assert command(["compare", *map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def stances(entries):
    return {(entry["doc"], entry["target"]): entry["label"] for entry in entries}


def spans(entries):
    return {(entry["doc"], entry["start"], entry["end"], entry["label"]) for entry in entries}


def test_stance_flips_are_those_of_the_records(systems, capsys):
    gold = stances(systems.gold["stance"])
    before, after = (stances(systems.answers[name]["stance"]) for name in ("poor", "good"))
    content = records(capsys, systems.runs["poor"]["stance"], systems.runs["good"]["stance"], "--flips")
    assert content["schema"] == "harness.comparison.flips/1"
    found = Counter((row["gold"], row["before"], row["after"]) for row in content["rows"])
    assert found == Counter((gold[key], before[key], after[key]) for key in gold if before[key] != after[key])
    for row in content["rows"]:
        right = (row["before"] == row["gold"], row["after"] == row["gold"])
        assert row["what"] == {(False, True): "fixed", (True, False): "broken"}.get(right, "wrong in another way")
    labels = {row["label"]: row for row in content["labels"]}
    for label in ("favor", "against", "none"):
        own = [key for key in gold if gold[key] == label]
        assert labels[label]["gold"] == len(own)
        assert labels[label]["right_before"] == sum(before[key] == label for key in own)
        assert labels[label]["fixed"] == sum(before[key] != label == after[key] for key in own)
        assert labels[label]["broken"] == sum(before[key] == label != after[key] for key in own)
    assert labels["all"]["fixed"] == sum(labels[label]["fixed"] for label in ("favor", "against", "none"))


def test_the_test_swaps_documents_not_examples(systems, capsys):
    """p by every one of the ways to change the signs of the documents' gains, dynamically over their sum."""
    gold = stances(systems.gold["stance"])
    before, after = (stances(systems.answers[name]["stance"]) for name in ("poor", "good"))
    gains = Counter()
    for key in gold:
        gains[key[0]] += (after[key] == gold[key]) - (before[key] == gold[key])
    ways = Counter({0: 1})
    for gain in gains.values():
        moved = Counter()
        for total, number in ways.items():
            moved[total + gain] += number
            moved[total - gain] += number
        ways = moved
    seen = abs(sum(gains.values()))
    expected = sum(number for total, number in ways.items() if abs(total) >= seen) / 2 ** len(gains)
    content = records(capsys, systems.runs["poor"]["stance"], systems.runs["good"]["stance"], "--flips")
    row = next(row for row in content["labels"] if row["label"] == "all")
    assert row["p"] == pytest.approx(expected)
    assert max(abs(gain) for gain in gains.values()) == 2  # or it would be McNemar's test anyhow


def test_entities_are_fixed_and_broken_by_label(systems, capsys):
    gold = spans(systems.gold["entities"])
    before, after = (spans(systems.answers[name]["entities"]) for name in ("poor", "good"))
    content = records(capsys, systems.runs["poor"]["ner"], systems.runs["good"]["ner"], "--flips")
    for row in content["labels"]:
        own = [{span for span in side if row["label"] in ("all", span[3])} for side in (gold, before, after)]
        assert row["gold"] == len(own[0])
        assert row["fixed"] == len(own[0] & own[2] - own[1])
        assert row["broken"] == len(own[0] & own[1] - own[2])
        assert row["spurious_gone"] == len(own[1] - own[0] - own[2])
        assert row["spurious_new"] == len(own[2] - own[0] - own[1])
    # The list names each as the columns do.
    listed = Counter(row["what"] for row in content["rows"])
    (sums,) = [row for row in content["labels"] if row["label"] == "all"]
    for name in ("fixed", "broken", "spurious gone", "spurious new"):
        assert listed[name] == sums[name.replace(" ", "_")]
    assert listed["spurious gone"] > listed["spurious new"] > 0


def test_which_run_is_named_first_decides_the_direction(systems, capsys):
    good, poor = systems.runs["good"]["stance"], systems.runs["poor"]["stance"]
    one, other = (records(capsys, *order, "--flips")["labels"][0] for order in ((poor, good), (good, poor)))
    assert (one["before"], one["fixed"], one["broken"]) == ("poor", other["broken"], other["fixed"])
    assert one["p"] == pytest.approx(other["p"])
    based = records(capsys, good, "--baseline", poor, "--flips")["labels"][0]
    assert (based["before"], based["fixed"]) == ("poor", one["fixed"])


def test_what_people_read(systems, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    runs = [str(systems.runs[name]["stance"]) for name in ("poor", "good")]
    assert command(["compare", *runs, "--flips", "4"]) == 0
    out = capsys.readouterr().out
    assert "flips: made · stance · poor → good" in out
    assert "whole documents changing sign (20 documents)" in out
    listed = [line for line in out.splitlines() if line.startswith(("fixed ", "broken "))]
    assert len(listed) == 4
    assert "--flips N lists more" in out
    shown = next(line for line in out.splitlines() if "python -m harness show" in line)
    assert command(["show", *shown.partition("harness show ")[2].split()]) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["poor/stance", "--flips"], "there is only one row"),
        (["poor/summarization", "good/summarization", "--flips"], "--documents says where they differ most"),
        (["poor/stance", "good/stance", "--flips", "0"], "expected a number from 1"),
        (["poor/stance", "--flips", "good/stance"], "put run folders before it"),
    ],
)
def test_what_cannot_be_told_is_one_message(systems, capsys, arguments, reason):
    named = [
        str(systems.runs[one.split("/")[0]][one.split("/")[1]]) if one.startswith(("poor", "good")) else one
        for one in arguments
    ]
    assert command(["compare", *named]) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""
