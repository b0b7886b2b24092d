"""A model behind an endpoint, against a real server on loopback: what is asked, what is read, and every fault."""

import json
import math
import os
import re
import runpy
import signal
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.__main__ import command
from harness.config import build
from harness.engine.base import Stopped
from harness.engine.local import Local
from harness.errors import ConfigError, ResourceError, RunFailedError
from harness.model.openai_compatible import OpenaiCompatible, _refused
from harness.model.prompts import Prompt
from harness.records import Example, Mention, NerInput, StanceInput, SummaryInput, Target

pytest.importorskip("openai")
pytestmark = pytest.mark.core
MADE = runpy.run_path(str(Path(__file__).resolve().parent.parent / "made_endpoint.py"))
serve, reply, completion, closed_port = (MADE[name] for name in ("serve", "reply", "completion", "closed_port"))

LABELS = ("favor", "against", "none")
STANCE = Prompt(task="stance", name="s", template="{{ text }} {{ target }}", system="One of {{ labels|join(', ') }}.")
STANCE_JSON = Prompt(task="stance", name="j", template="{{ text }} {{ target }}", answer="json")
NER = Prompt(task="ner", name="n", template="{{ text }}", answer="json")
SUMMARY = Prompt(task="summarization", name="z", template="{{ text }}")
KEY = "sk-CANARY123"


class Scheme:
    """All of a corpus that a prompt looks at."""

    stance_labels = LABELS
    entity_labels = ("GPE", "ORG")


def model(url="http://127.0.0.1:9/v1", prompt=STANCE, **given):
    fast = {"timeout": 5.0, "retries": 2, "backoff": 0.01, "max_wait": 5.0}
    made = OpenaiCompatible(base_url=url, served_model="m", prompt=prompt, **{**fast, **given})
    inputs = {"stance": stances(1), "ner": [NerInput("e", "d", "x")], "summarization": summaries()}[prompt.task]
    made.prepare([Example("e", "d", "d", inputs[0])], Scheme())
    return made


def stances(count):
    return [StanceInput(f"e{n}", f"d{n}", f"text {n}", "", Target("coal", "Coal")) for n in range(count)]


def summaries(**given):
    return [SummaryInput("e", "d", "A text.", "default", (), **given)]


def answer(step, one=None, **given):
    """The answer to one question."""
    with serve(lambda body, number: step) as endpoint:
        made = model(endpoint.url, **given)
        (found,) = made.answer([one or stances(1)[0]])
        found_body = endpoint.asked[0]
    return found, found_body


# ---- what is asked ---------------------------------------------------------------------------------------------------


def test_a_stance_is_asked_for_and_read():
    found, body = answer(reply(completion("Against.")))
    assert (found.bin, found.label, found.raw, found.tokens_read) == ("scored", "against", "Against.", 7)
    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "One of favor, against, none."},
            {"role": "user", "content": "text 0 Coal"},
        ],
        "max_tokens": 64,
        "temperature": 0.0,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("structured", "expected"),
    [
        ("json_object", {"type": "json_object"}),
        ("none", None),
        ("json_schema", "schema"),
        ("json_object_schema", "old"),
    ],
)
def test_json_is_asked_for_as_the_server_has_it(structured, expected):
    found, body = answer(reply(completion('{"stance": "none"}')), prompt=STANCE_JSON, structured=structured)
    assert found.label == "none"
    if expected == "schema":
        stated = body["response_format"]["json_schema"]
        assert body["response_format"]["type"] == "json_schema"
        assert stated["strict"] is True
        assert stated["schema"]["properties"]["stance"]["enum"] == list(LABELS)
        # What a strict server asks of a schema.
        assert stated["schema"]["required"] == ["stance"]
        assert stated["schema"]["additionalProperties"] is False
    elif expected == "old":
        assert body["response_format"] == {"type": "json_object", "schema": model(prompt=STANCE_JSON).schema()}
    else:
        assert body.get("response_format") == expected


def test_entities_and_summaries():
    text = '{"entities": [{"text": "Kyiv", "label": "GPE"}]}'
    found, body = answer(reply(completion(text)), NerInput("e", "d", "In Kyiv."), prompt=NER)
    assert found.mentions == (Mention("GPE", "Kyiv"),)
    assert body["max_tokens"] == 2048
    found, body = answer(reply(completion("It is short.")), summaries(max_words=10)[0], prompt=SUMMARY)
    assert found.text == "It is short."
    # 1.6 tokens a word and 64 more.
    assert body["max_tokens"] == 80
    assert "response_format" not in body


def test_parameters_that_a_model_refuses_can_be_left_out_and_others_added():
    _, body = answer(
        reply(), temperature=None, rng_seed=None, limit_key="max_completion_tokens", max_new_tokens=5,
        extra={"reasoning_effort": "low"},
    )  # fmt: skip
    assert set(body) == {"model", "messages", "max_completion_tokens", "reasoning_effort"}
    assert body["max_completion_tokens"] == 5


# ---- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "bin", "reason"),
    [
        ({**completion(), "choices": []}, "failed", "empty_response: []"),
        ({**completion(), "choices": None}, "failed", "empty_response: null"),
        ({"choices": "x"}, "failed", "empty_response"),
        ({"choices": [7]}, "failed", "empty_response"),
        ({}, "failed", "empty_response"),
        (completion(None), "failed", "empty_response"),
        (completion(""), "failed", "empty_response"),
        (completion(7), "failed", "empty_response"),
        (
            completion(None, finish="length"),
            "unparsed",
            "empty_response: the output limit was reached before an answer",
        ),
        (completion(None, refusal="I cannot."), "unparsed", "refusal: the model declined"),
        (completion("fav", finish="content_filter"), "unparsed", "content_filter: cut by the server"),
        (completion("Well, who knows."), "unparsed", "the answer names none of favor, against, none"),
        (completion("favor"), "scored", None),
        (completion([{"type": "text", "text": "fav"}, {"type": "text", "text": "or"}]), "scored", None),
        ({**completion(), "usage": {"prompt_tokens": "many", "completion_tokens": -1}}, "scored", None),
        ({**completion(), "usage": None, "model": 7, "system_fingerprint": []}, "scored", None),
    ],
)
def test_each_reply_has_its_bin(body, bin, reason):
    found, _ = answer(reply(body))
    assert found.bin == bin
    assert (found.reason is None) if reason is None else found.reason.startswith(reason)
    assert (found.label == "favor") is (bin == "scored")


def test_a_refusal_keeps_its_words():
    assert answer(reply(completion(None, refusal="I cannot.")))[0].raw == "I cannot."
    assert answer(reply(completion("part", finish="content_filter")))[0].raw == "part"


def test_output_cut_at_the_limit_is_scored_and_flagged():
    found, _ = answer(reply(completion("It is", finish="length")), summaries()[0], prompt=SUMMARY)
    assert (found.bin, found.text, found.output_truncated) == ("scored", "It is", True)
    found, _ = answer(reply(completion("It is.")), summaries()[0], prompt=SUMMARY)
    assert found.output_truncated is False


def with_logprobs(named, content="favor", token=None):
    body = completion(content)
    first = {"token": token or content, "logprob": -0.1, "top_logprobs": named}
    body["choices"][0]["logprobs"] = {"content": [{"token": "\n", "logprob": 0.0, "top_logprobs": []}, first]}
    return reply(body)


def token(text, probability):
    return {"token": text, "logprob": math.log(probability)}


def test_likelihood_is_of_the_first_token():
    # By hand: against 0.3 + 0.2 ("ag", " Against"), favor 0.25, none 0.125; "n" begins none alone, "The" no label.
    named = [token("ag", 0.3), token("fav", 0.25), token(" Against", 0.2), token("n", 0.125), token("The", 0.1)]
    found, body = answer(with_logprobs(named), decide="likelihood")
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert found.label == "against"
    assert found.scores == pytest.approx({"favor": 0.25 / 0.875, "against": 0.5 / 0.875, "none": 0.125 / 0.875})
    assert sum(found.scores.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "named",
    [
        [],
        None,
        "x",
        [7, None, {}],
        [token("The", 0.9)],
        [{"token": "favor", "logprob": "high"}],
        [{"token": "favor", "logprob": None}],
        [{"token": "favor", "logprob": float("nan")}],
        [{"token": "favor", "logprob": 700.0}],
        [{"token": "  ", "logprob": -1.0}],
    ],
)
def test_without_likelihoods_the_answer_is_read(named):
    found, _ = answer(with_logprobs(named), decide="likelihood")
    assert (found.label, found.scores) == ("favor", None)


def test_a_token_that_begins_two_labels_belongs_to_neither():
    named = [token("f", 0.9), token("ag", 0.05)]
    prompt = Prompt(task="stance", template="{{ text }}", words={"none": "flat"})
    found, _ = answer(with_logprobs(named, "favor"), decide="likelihood", prompt=prompt)
    assert found.scores == {"favor": 0.0, "against": 1.0, "none": 0.0}


def test_a_server_that_gives_none_is_read():
    found, _ = answer(reply(completion("none")), decide="likelihood")
    assert (found.label, found.scores) == ("none", None)


# ---- many questions --------------------------------------------------------------------------------------------------


def test_answers_are_whose_they_are_and_no_more_than_allowed_are_under_way():
    def rule(body, number):
        words = body["messages"][-1]["content"]
        return reply(completion(LABELS[int(words.split()[1]) % 3]), delay=0.02 * (number % 4))

    with serve(rule) as endpoint:
        found = model(endpoint.url, concurrency=3).answer(stances(20))
        assert [one.label for one in found] == [LABELS[n % 3] for n in range(20)]
        assert len(endpoint.asked) == 20
        assert 2 <= endpoint.most <= 3


def test_one_bad_document_costs_itself():
    def rule(body, number):
        bad = "text 3 " in body["messages"][-1]["content"]
        return reply({"error": {"message": "no"}}, status=400) if bad else reply()

    with serve(rule) as endpoint:
        found = model(endpoint.url).answer(stances(6))
        assert [one.bin for one in found] == ["scored"] * 3 + ["failed"] + ["scored"] * 2
        assert found[3].reason == "http_400: no"
        assert len(endpoint.asked) == 6


def test_what_no_request_can_be_made_of_costs_itself():
    odd = StanceInput("e1", "d1", "half \ud800 of a pair", "", Target("coal", "Coal"))
    with serve(lambda body, number: reply()) as endpoint:
        first, second, third = model(endpoint.url).answer([stances(1)[0], odd, stances(3)[2]])
        assert (first.label, third.label) == ("favor", "favor")
        assert second.bin == "failed"
        assert second.reason.startswith("UnicodeEncodeError")
        assert len(endpoint.asked) == 2


def test_a_schema_that_the_server_has_not_is_explained():
    fault = {"error": {"message": "response_format: json_schema is not supported"}}
    found, _ = answer(reply(fault, status=400), prompt=STANCE_JSON)
    assert found.reason.endswith("of that form may have json_object_schema, json_object or none)")


def test_what_the_first_question_meets_the_others_are_spared():
    with serve(lambda body, number: reply({"error": "no such model"}, status=404)) as endpoint:
        with pytest.raises(ResourceError, match="http_404: no such model"):
            model(endpoint.url).answer(stances(50))
        assert len(endpoint.asked) == 1


def test_a_key_that_is_taken_back_ends_the_run_and_keeps_its_answers():
    def rule(body, number):
        return reply() if number < 5 else reply({"error": {"message": "gone"}}, status=401)

    committed = []
    with serve(rule) as endpoint:
        with pytest.raises(RunFailedError, match=r"http_401: gone; .*what was answered is kept"):
            Local().run(
                model(endpoint.url, concurrency=2), stances(50), lambda batch, _: committed.extend(batch), lambda: None
            )
        assert len(endpoint.asked) <= 7
    assert len(committed) == 5


def test_a_server_that_dies_leaves_the_rest_failed():
    with serve(lambda body, number: reply()) as endpoint:
        made = model(endpoint.url, concurrency=2)
        stream = made.stream(stances(12))
        found = [pair for batch in (next(stream), next(stream)) for pair in batch]
        endpoint.closed.set()
        endpoint.server.shutdown()
        endpoint.server.server_close()
        endpoint.rule = lambda body, number: reply(fault="reset")
        found += [pair for batch in stream for pair in batch]
        # As `serve` ends it again.
        endpoint.server.shutdown = lambda: None
    assert sorted(one.id for one, _ in found) == sorted(one.id for one in stances(12))
    bins = [one.bin for _, one in found]
    assert bins[0] == "scored"
    assert bins[-1] == "failed"
    assert any("connection" in (one.reason or "") for _, one in found)


def test_a_signal_is_heard_while_the_server_is_silent():
    with serve(lambda body, number: reply(delay=0 if number == 0 else 60)) as endpoint:
        committed = []
        made = model(endpoint.url, timeout=60.0)

        def stop():
            return signal.SIGINT if len(endpoint.asked) > 1 else None

        with pytest.raises(Stopped):
            Local().run(made, stances(9), lambda batch, _: committed.extend(batch), stop)
        assert [one.id for one in committed] == ["e0"]


def test_tokens_and_price_add_up():
    with serve(lambda body, number: reply(completion(tokens=(1000, 10)))) as endpoint:
        made = model(endpoint.url, input_price=2.0, output_price=10.0)
        made.answer(stances(5))
        spent = made.spent()
    assert spent["usage"] == {"requests": 5, "input_tokens": 5000, "output_tokens": 50}
    # 5000 x 2 / 1e6 + 50 x 10 / 1e6
    assert spent["cost"] == pytest.approx(0.0105)
    assert spent["answered_by"] == [{"model": "served", "system_fingerprint": "fp_1"}]
    assert model().spent()["cost"] is None


def test_an_estimate_is_of_what_would_be_sent():
    # "One of favor, against, none." and "text 0 Coal": 28 + 11 characters, 4 a token; 64 tokens may be written.
    expected = (39 / 4 * 2 + 64 * 10) / 1e6
    assert model(input_price=2.0, output_price=10.0).estimate(stances(1)) == pytest.approx(expected)
    assert model().estimate(stances(1)) is None


# ---- long texts ------------------------------------------------------------------------------------------------------

LONG = " ".join("Ann Lee" if n % 9 == 8 else f"w{n}" for n in range(120))


def entities_of(body, number):
    text = body["messages"][-1]["content"]
    found = [{"text": name, "label": "ORG"} for name in re.findall("Ann Lee|Ann|Lee", text)]
    return reply(completion(json.dumps({"entities": found}), tokens=(len(text), 1)))


def test_entities_of_a_long_text_are_asked_for_in_windows():
    with serve(entities_of) as endpoint:
        made = model(endpoint.url, prompt=NER, max_characters=150, stride=20, concurrency=3)
        short, long = made.answer([NerInput("s", "d", "Ann Lee ran."), NerInput("e", "d", LONG)])
        texts = [body["messages"][-1]["content"] for body in endpoint.asked]
        assert endpoint.most <= 3
    assert short.mentions == (Mention("ORG", "Ann Lee"),)
    # A window that cut a name saw half of it, and another one all of it.
    assert long.mentions == (Mention("ORG", "Ann Lee"),) * LONG.count("Ann Lee")
    assert max(map(len, texts)) <= 150
    assert (long.windows, long.ungrounded, long.tokens_cut) == (len(texts) - 1, 0, 0)
    assert long.tokens_read == sum(map(len, texts)) - len("Ann Lee ran.")
    assert made.spent()["usage"]["requests"] == len(texts) > 5


def test_a_long_text_is_cut_where_that_is_wanted():
    with serve(entities_of) as endpoint:
        made = model(endpoint.url, prompt=NER, max_characters=100, overlong="truncate")
        (found,) = made.answer([NerInput("e", "d", LONG)])
        (text,) = [body["messages"][-1]["content"] for body in endpoint.asked]
    assert LONG.startswith(text)
    assert 90 < len(text) <= 100
    # Four characters are taken for a token, rounded up.
    assert (found.tokens_cut, found.chars_read) == (-(-(len(LONG) - len(text)) // 4), len(text))


def test_long_texts_are_refused_before_anything_is_asked():
    one, long = summaries()[0], SummaryInput("f", "d", "x" * 31, "default", ())
    made = model(prompt=SUMMARY, max_characters=30)
    assert made.check([one, long]) == [
        "example 'f': its text has 31 characters, one prompt may hold 30 (model.summarization.overlong=error; "
        "'truncate' cuts the end and counts it, 'map_reduce' reads all of it)"
    ]
    (refused,) = made.answer([long])
    assert (refused.bin, refused.tokens_read, refused.tokens_cut) == ("failed", 0, 8)
    assert model(prompt=SUMMARY).check([long]) == []
    assert model(prompt=NER, max_characters=3).check([NerInput("e", "d", "long")]) == []
    asked = StanceInput("e", "d", "x" * 20, "y" * 20, Target("t", "T"))
    assert len(model(max_characters=30).check([asked])) == 1


SENTENCES = tuple((f"s{n}", f"Sentence {n} is here.") for n in range(9))
ARTICLE = SummaryInput("e", "d", " ".join(text for _, text in SENTENCES), "default", SENTENCES)


def test_a_summary_of_summaries():
    def rule(body, number):
        found = re.findall(r"Sentence \d", body["messages"][-1]["content"])
        return reply(completion(f"{found[0]} to {found[-1]}.", tokens=(10, 2)))

    with serve(rule) as endpoint:
        made = model(endpoint.url, prompt=SUMMARY, max_characters=80, overlong="map_reduce")
        (found,) = made.answer([ARTICLE])
        texts = [body["messages"][-1]["content"] for body in endpoint.asked]
    # Four sentences of 19 characters, with the spaces between them, are 79.
    assert texts == [
        " ".join(text for _, text in SENTENCES[:4]),
        " ".join(text for _, text in SENTENCES[4:8]),
        SENTENCES[8][1],
        "Sentence 0 to Sentence 3.\nSentence 4 to Sentence 7.\nSentence 8 to Sentence 8.",
    ]
    assert (found.text, found.windows, found.tokens_read) == ("Sentence 0 to Sentence 8.", 3, 40)


def test_the_beginning_and_the_end_of_a_long_text():
    with serve(lambda body, number: reply(completion("Short."))) as endpoint:
        model(endpoint.url, prompt=SUMMARY, max_characters=80, overlong="lead_tail").answer([ARTICLE])
        (body,) = endpoint.asked
    lead, tail = body["messages"][-1]["content"].split("\n")
    assert (lead, tail) == ("Sentence 0 is here. Sentence 1 is here.", "Sentence 7 is here. Sentence 8 is here.")


def test_a_part_that_failed_is_the_whole_texts_fault():
    bad = reply({"error": "no"}, status=400)
    for number_of_it, asked in ((0, 1), (2, 5)):
        with serve(lambda body, number, at=number_of_it: bad if number == at else entities_of(body, 0)) as endpoint:
            made = model(endpoint.url, prompt=NER, max_characters=150, stride=20, concurrency=1)
            (found,) = made.answer([NerInput("e", "d", LONG)])
            # After the first of them the others are not asked.
            assert len(endpoint.asked) == asked
        assert (found.bin, found.entities, found.mentions) == ("failed", None, None)
        assert found.reason == f"part {number_of_it + 1}: http_400: no"


def test_a_key_that_is_taken_back_between_parts_ends_the_run():
    refused = reply({"error": "gone"}, status=401)
    with serve(lambda body, number: refused if number == 3 else entities_of(body, 0)) as endpoint:
        made = model(endpoint.url, prompt=NER, max_characters=150, stride=20, concurrency=2)
        with pytest.raises(ResourceError, match="http_401: gone"):
            made.answer([NerInput("e", "d", " ".join([LONG] * 10))])
        # Of some forty parts hardly one is begun after that.
        assert len(endpoint.asked) < 12
    _refused.clear()


def test_an_estimate_has_every_part():
    made = model(prompt=SUMMARY, max_characters=80, overlong="map_reduce", max_new_tokens=5, input_price=4.0)
    # Four parts of 79, 79, 19 and, at five tokens of four characters a summary, 62 characters; four a token.
    assert made.estimate([ARTICLE]) == pytest.approx((79 + 79 + 19 + 62) / 4 * 4.0 / 1e6)


# ---- parameters ------------------------------------------------------------------------------------------------------


def test_the_signature_has_what_moves_an_answer_and_no_secret(monkeypatch):
    monkeypatch.setenv("MINE", KEY)
    first = model(api_key_env="MINE").signature()
    assert KEY not in json.dumps(first)
    same = {"concurrency": 1, "requests_per_minute": 5, "timeout": 1.0, "retries": 0, "input_price": 1.0}
    assert model(**same).signature() == first
    others = [{"temperature": 1.0}, {"rng_seed": 1}, {"extra": {"top_k": 1}}, {"structured": "none"}]
    for other in (*others, {"max_characters": 9}, {"overlong": "truncate"}):
        assert model(**other).signature() != first
    assert model(url="http://127.0.0.1:9/v1/").signature()["base_url"] == first["base_url"]
    assert model(url="http://127.0.0.1:10/v1").signature() != first
    assert model(prompt=STANCE_JSON).signature() != first


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"base_url": "http://u:CANARYPW@127.0.0.1/v1"}, "base_url must hold neither name, password"),
        ({"served_model": " "}, "served_model must name a model"),
        ({"api_key_env": KEY}, "api_key_env must be the name of an environment variable"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"retries": -1}, "retries must be at least 0"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"max_characters": 0}, "max_characters must be at least 1"),
        ({"overlong": "lead_tail"}, "'lead_tail' is not for stance; choose error, truncate"),
        ({"stride": -1}, "stride must not be negative"),
        ({"timeout": 0.0}, "timeout must be a number above 0"),
        ({"timeout": math.inf}, "timeout must be a number above 0"),
        ({"requests_per_minute": 0}, "requests_per_minute must be a number above 0"),
        ({"temperature": -1.0}, "temperature must be 0 or more"),
        ({"input_price": math.nan}, "input_price must be 0 or more"),
        ({"extra": {"model": "x"}}, "extra: 'model' is set by the parameters of this kind"),
        ({"prompt": {"task": "ner", "template": "{{ text }}", "answer": "json"}, "decide": "likelihood"}, "for stance"),
        (
            {"prompt": {"task": "stance", "template": "{{ text }}", "answer": "json"}, "decide": "likelihood"},
            "likelihood is of bare labels",
        ),
        ({"api_key": "x"}, "unknown key; did you mean 'api_key_env'?"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, message):
    values = {
        "kind": "openai_compatible", "base_url": "http://127.0.0.1/v1", "served_model": "m",
        "prompt": {"task": "stance", "template": "{{ text }}"},
    }  # fmt: skip
    with pytest.raises(ConfigError, match="model") as fault:
        build("model", {**values, **given}, "model.stance")
    assert message in str(fault.value)
    # pydantic shows what it was given for some faults; never an address or a key.
    assert "CANARY" not in str(fault.value)


def test_a_key_over_an_open_line_is_remarked():
    assert model().remarks == ()
    assert model(api_key_env="MINE").remarks == ()
    assert model(url="https://h.example/v1", api_key_env="MINE").remarks == ()
    assert "unencrypted" in model(url="http://h.example/v1", api_key_env="MINE").remarks[0]


def test_a_refused_key_is_shown_once_in_a_process(monkeypatch):
    monkeypatch.setenv("MINE", "one")
    _refused.clear()
    with serve(lambda body, number: reply(), models=reply({"error": "no"}, status=401)) as endpoint:
        for _ in range(3):
            with pytest.raises(ResourceError, match="http_401: no; the key was not taken"):
                model(endpoint.url, api_key_env="MINE").load()
        assert len(endpoint.requests) == 1
        monkeypatch.setenv("MINE", "two")
        with pytest.raises(ResourceError):
            model(endpoint.url, api_key_env="MINE").load()
        assert len(endpoint.requests) == 2
    _refused.clear()


def test_what_is_missing_is_said_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("MINE", raising=False)
    with pytest.raises(ResourceError, match="the environment variable MINE is not set"):
        model(api_key_env="MINE").load()
    with pytest.raises(ResourceError, match="no connection"):
        model(f"http://127.0.0.1:{closed_port()}/v1").load()
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ResourceError, match="needs the package openai: pip install openai"):
        model().load()


# ---- whole runs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Eight documents with a stance each; commands run where they lie."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"d{n}", "text": f"Text number {n}."} for n in range(8)]
    stance = [{"doc": f"d{n}", "target": "coal", "label": LABELS[n % 3]} for n in range(8)]
    for name, records in (("documents", rows), ("stance", stance), ("targets", [{"id": "coal", "text": "Coal"}])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def arguments(url, *more, **given):
    fast = {"retries": 1, "backoff": 0.01, "timeout": 5, **given}
    return [
        "data=local", "data.name=mine", "data.documents=documents.jsonl", "data.gold=.", "task=stance",
        "model=openai_compatible", f"model.base_url={url}", "model.served_model=m", "interval.resamples=100",
        *(f"model.stance.{name}={value}" for name, value in fast.items()), *more,
    ]  # fmt: skip


def run(capsys, *given, **more):
    code = command(arguments(*given, **more))
    said = capsys.readouterr()
    return code, said.out + said.err


def right(body, number):
    which = int(body["messages"][-1]["content"].split("number ")[1].split(".")[0])
    return reply(completion(LABELS[which % 3], tokens=(100, 1)))


def only(folder, name):
    (found,) = folder.rglob(name)
    return json.loads(found.read_text()) if name.endswith(".json") else found


def test_a_run_from_one_end_to_the_other(corpus, capsys):
    with serve(right) as endpoint:
        code, said = run(capsys, endpoint.url, "model.input_price=1.5", "model.output_price=2")
        assert code == 0, said
        assert len(endpoint.asked) == 8
        first = only(corpus / "results", "run.json")
        assert first["cost"] == pytest.approx((800 * 1.5 + 8 * 2) / 1e6)
        assert first["usage"] == {"requests": 8, "input_tokens": 800, "output_tokens": 8}
        assert first["answered_by"] == [{"model": "served", "system_fingerprint": "fp_1"}]
        # Nothing is asked again, however it would be asked, and what it cost is still known.
        code, said = run(capsys, endpoint.url, "model.concurrency=2", retries=3, timeout=9)
        assert code == 0, said
        assert len(endpoint.asked) == 8
        assert only(corpus / "results", "run.json")["cost"] == first["cost"]
    scores = only(corpus / "results", "scores.json")
    assert {row["value"] for row in scores["scores"] if row["metric"] == "stance.accuracy"} == {1.0}


def test_a_vllm_server_is_asked_as_its_own_configuration_says(corpus, capsys):
    """Its replies as it writes them: keys of its own, and no fingerprint."""

    def rule(body, number):
        which = int(body["messages"][-1]["content"].split("number ")[1].split(".")[0])
        said = completion(json.dumps({"stance": LABELS[which % 3]}), reasoning_content=None, tool_calls=[])
        return reply({**said, "model": body["model"], "system_fingerprint": None, "prompt_logprobs": None})

    with serve(rule) as endpoint:
        line = [argument for argument in arguments(endpoint.url, "prompt=stance_json") if argument[:6] != "model="]
        code = command(["model=vllm", *line])
        assert code == 0, capsys.readouterr().err
        assert {body["model"] for body in endpoint.asked} == {"m"}
        schemas = [body["response_format"]["json_schema"]["schema"] for body in endpoint.asked]
    assert [schema["properties"]["stance"]["enum"] for schema in schemas] == [list(LABELS)] * 8
    (folder,) = (corpus / "results/mine/stance").iterdir()
    assert folder.name.startswith("vllm")
    run_json, scores = (json.loads((folder / name).read_text()) for name in ("run.json", "scores.json"))
    assert run_json["answered_by"] == [{"model": "m", "system_fingerprint": ""}]
    assert scores["ledger"]["examples"]["scored"] == 8
    assert {row["value"] for row in scores["scores"] if row["metric"] == "stance.accuracy"} == {1.0}


def test_a_dry_run_asks_nothing_and_says_the_price(corpus, capsys):
    with serve(right) as endpoint:
        code, said = run(capsys, endpoint.url, "dry_run=true", "model.input_price=1000", "model.output_price=1000")
        assert code == 0, said
        assert endpoint.requests == []
    assert "none" not in next(line for line in said.splitlines() if "openai_compatible" in line).split("results")[0]


@pytest.mark.parametrize("where", ["look", "question"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_one_message_and_nothing_written(corpus, capsys, monkeypatch, status, where):
    _refused.clear()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def rule(body, number):
        return reply({"error": {"message": f"Incorrect API key: Bearer {KEY}"}}, status=status)

    with serve(rule, models=rule(None, 0) if where == "look" else None) as endpoint:
        code, said = run(capsys, endpoint.url, "model.api_key_env=OPENAI_API_KEY")
        assert len(endpoint.requests) == (1 if where == "look" else 2)
    assert code == 2
    assert said.count(f"http_{status}") == 1
    assert "CANARY" not in said
    assert not [path for path in (corpus / "results").rglob("*") if path.is_file()]
    assert not (corpus / "results" / "mine").exists()
    _refused.clear()


def test_nobody_listening_is_one_line(corpus, capsys):
    code, said = run(capsys, f"http://127.0.0.1:{closed_port()}/v1")
    assert code == 2
    assert said.count("no connection") == 1
    assert len(said.strip().splitlines()) == 1
    assert not (corpus / "results" / "mine").exists()


def test_faults_are_rows_and_the_same_command_goes_on(corpus, capsys):
    def rule(body, number):
        return right(body, number) if number < 3 else reply({"error": "x"}, status=503)

    with serve(rule) as endpoint:
        code, said = run(capsys, endpoint.url, "model.input_price=1", "model.output_price=0", concurrency=1)
        assert code == 1
        assert "5 of 8 examples have no scored answer (failed 5)" in " ".join(said.split())
        ledger = only(corpus / "results", "scores.json")["ledger"]["examples"]
        assert (ledger["total"], ledger["scored"], ledger["failed"]) == (8, 3, 5)
        asked = len(endpoint.asked)
        assert asked == 3 + 5 * 2
        endpoint.rule = right
        code, said = run(capsys, endpoint.url, "model.input_price=1", "model.output_price=0", concurrency=1)
        assert code == 0, said
        assert len(endpoint.asked) == asked + 5
    # Of both commands together.
    found = only(corpus / "results", "run.json")
    assert found["usage"]["input_tokens"] == 800
    assert found["cost"] == pytest.approx(800 / 1e6)


def test_no_secret_is_left_anywhere(corpus, capsys, monkeypatch):
    """Nor by a sweep, a gate or a report."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def rule(body, number):
        if number % 2:
            return reply({"error": {"message": f"Authorization: Bearer {KEY}"}}, status=400)
        return reply(completion(f"favor {KEY}"))

    with serve(rule) as endpoint:
        sweep = ["-m", *arguments(endpoint.url, "model.api_key_env=OPENAI_API_KEY", "model.stance.rng_seed=1,2")]
        assert command(sweep) == 1
        assert KEY in endpoint.requests[1][2]["authorization"]
    one, other = sorted(str(path.parent) for path in (corpus / "results").rglob("scores.json"))
    assert command(["check", one, "--baseline", other, "--junit", "junit.xml"]) in (0, 1, 3)
    assert command(["report", one, "--out", "report.html"]) == 0
    assert "CANARY" not in "".join(capsys.readouterr())
    files = [path for path in corpus.rglob("*") if path.is_file()]
    assert {"junit.xml", "report.html", "predictions.parquet"} <= {path.name for path in files}
    for path in files:
        # What is compressed cannot be searched as it lies.
        parquet = repr(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else ""
        assert b"CANARY" not in path.read_bytes() + parquet.encode(), path
    for bad in (f"+model.api_key={KEY}", "model.base_url=http://u:CANARYPW@127.0.0.1:9/v1", f"model.api_key_env={KEY}"):
        code, said = run(capsys, "http://127.0.0.1:9/v1", bad)
        assert code == 2
        assert "CANARY" not in said


def test_an_interrupted_run_keeps_its_answers_and_its_price(corpus, capsys):
    def rule(body, number):
        if number == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return reply(right(body, number)["body"], delay=0 if number < 4 else 60)

    with serve(rule) as endpoint:
        code, said = run(capsys, endpoint.url, "model.input_price=1", concurrency=1)
        assert code == 130, said
        assert len(endpoint.asked) == 5
        found = only(corpus / "results", "run.json")
        assert (found["status"], found["usage"]["input_tokens"]) == ("started", 400)
        endpoint.rule = right
        code, said = run(capsys, endpoint.url, "model.input_price=1", concurrency=1)
        assert code == 0, said
        # The one that was waited for, and the three that were left.
        assert len(endpoint.asked) == 5 + 4
    found = only(corpus / "results", "run.json")
    assert found["usage"]["input_tokens"] == 800
    assert found["cost"] == pytest.approx(800 / 1e6)
