"""Requests against a real server on loopback that faults as it is told: RELIABILITY's table, row by row."""

import asyncio
import json
import runpy
from pathlib import Path

import pytest

from harness.model.chat_client import ChatClient, Limits, Refusal

pytest.importorskip("openai")
pytestmark = pytest.mark.core
MADE = runpy.run_path(str(Path(__file__).resolve().parent.parent / "made_endpoint.py"))
serve, reply, completion, closed_port = (MADE[name] for name in ("serve", "reply", "completion", "closed_port"))

KEY = "sk-CANARY123"


def limits(**given):
    settled = {
        "concurrency": 4, "requests_per_minute": None, "timeout": 5.0, "retries": 3, "backoff": 0.01, "max_wait": 5.0
    }  # fmt: skip
    return Limits(**{**settled, **given})


def ask(url, count=1, key=None, **given):
    """The replies to questions that are put one after the other."""

    async def run():
        async with ChatClient(url, key, limits(**given)) as client:
            return [await client.ask({"model": "m", "messages": [], "number": number}) for number in range(count)]

    return asyncio.run(run())


def in_turn(*steps):
    """Each question gets the next step, the last one for ever."""
    return lambda body, number: steps[min(number, len(steps) - 1)]


GOOD = reply()
ERROR = {"error": {"message": "it is so", "type": "odd", "code": None}}


@pytest.mark.parametrize(
    ("steps", "requests", "fault"),
    [
        ([GOOD], 1, None),
        ([reply(ERROR, status=429, headers={"Retry-After": "0"}), GOOD], 2, None),
        ([reply(ERROR, status=503), reply(ERROR, status=503), GOOD], 3, None),
        ([reply(ERROR, status=503)], 4, "http_503: odd: it is so"),
        ([reply(ERROR, status=500), GOOD], 2, None),
        ([reply(ERROR, status=408), GOOD], 2, None),
        ([reply(ERROR, status=529), GOOD], 2, None),
        ([reply(ERROR, status=400)], 1, "http_400: odd: it is so"),
        ([reply(ERROR, status=422)], 1, "http_422: odd: it is so"),
        ([reply(b"<html>hi</html>", kind="text/html")], 4, "bad_body: expected a JSON object, found text/html: <html>"),
        ([reply(b"<html>hi</html>", kind="text/html"), GOOD], 2, None),
        ([reply(b"{", kind="application/json"), GOOD], 2, None),
        ([reply(b"[" * 100_000)], 4, "bad_body: expected a JSON object"),
        ([reply([1, 2]), GOOD], 2, None),
        ([reply(fault="reset"), GOOD], 2, None),
        ([reply(fault="reset")], 4, "bad_body: no whole reply"),
        # A provider's fault that a router sends with status 200.
        ([reply({"error": {"code": 502, "message": "gone"}}), GOOD], 2, None),
        ([reply({"error": {"code": 400, "message": "gone"}})], 1, "http_400: gone"),
        # What a single document meets, and not the run.
        (
            [reply({"error": {"message": "flagged by moderation", "code": 403}}, status=403)],
            1,
            "content_filter: flagged by moderation",
        ),
        (
            [reply({"error": {"message": "This model's maximum context length is 9 tokens"}}, status=400)],
            1,
            "overlong: This model's maximum context length is 9 tokens",
        ),
    ],
)
def test_each_fault_has_its_requests_and_its_word(steps, requests, fault):
    with serve(in_turn(*steps)) as endpoint:
        (found,) = ask(endpoint.url)
        assert len(endpoint.asked) == found.requests == requests
    if fault is None:
        assert found.fault is None
        assert found.body == completion()
    else:
        assert found.body is None
        assert found.fault.startswith(fault)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (reply(ERROR, status=401), "http_401: odd: it is so; no key was sent"),
        (reply(ERROR, status=402), "http_402: odd: it is so"),
        (reply(ERROR, status=403), "http_403: odd: it is so; no key was sent"),
        (reply({"detail": "Not Found"}, status=404), "http_404: Not Found; is it the model's name, and does base_url"),
        (reply({"error": "model 'm' not found"}, status=404), "http_404: model 'm' not found"),
        (
            reply({"error": {"code": "insufficient_quota", "message": "pay"}}, status=429),
            "http_429: insufficient_quota",
        ),
        (
            reply(ERROR, status=429, headers={"Retry-After": "3600"}),
            "http_429: asks to wait 3600 s, more than max_wait",
        ),
        (reply({}, status=307, headers={"Location": "http://127.0.0.1:9/v2"}), "http_307: to http://127.0.0.1:9/v2;"),
    ],
)
def test_what_every_question_would_meet_is_asked_once(step, said):
    with serve(in_turn(step)) as endpoint:
        with pytest.raises(Refusal) as refusal:
            ask(endpoint.url)
        assert len(endpoint.requests) == 1
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_wait_that_is_asked_for_is_kept():
    with serve(in_turn(reply(ERROR, status=429, headers={"Retry-After": "1"}), GOOD)) as endpoint:
        (found,) = ask(endpoint.url)
        assert found.fault is None
        assert endpoint.times[1] - endpoint.times[0] >= 1


def test_no_reply_is_a_timeout():
    with serve(in_turn(reply(delay=30))) as endpoint:
        (found,) = ask(endpoint.url, timeout=0.2, retries=1)
        assert (found.fault, found.requests) == ("timeout: no reply within 0.2 s", 2)


@pytest.mark.parametrize("fault", ["drip", "flood"])
def test_a_reply_without_an_end_is_none(fault, monkeypatch):
    monkeypatch.setattr("harness.model.chat_client.MOST_BYTES", 5_000_000)
    with serve(in_turn(reply(fault=fault))) as endpoint:
        (found,) = ask(endpoint.url, timeout=0.5 if fault == "drip" else 30, retries=0)
    expected = {"drip": "timeout: no reply within 0.5 s", "flood": "too_long: the reply has more than 5000000 bytes"}
    assert found.fault == expected[fault]


def test_the_waits_of_one_question_have_an_end():
    with serve(in_turn(reply(ERROR, status=503))) as endpoint:
        (found,) = ask(endpoint.url, retries=1000, backoff=0.05, max_wait=0.3)
        # 0.025 s at least, then twice as much each time.
        assert 2 <= len(endpoint.asked) <= 5
    assert found.fault.startswith("http_503")


def test_nobody_listening_costs_retries_once():
    found = ask(f"http://127.0.0.1:{closed_port()}/v1", count=3)
    assert [one.requests for one in found] == [4, 1, 1]
    assert all(one.fault.startswith("connection: no connection (ConnectError") for one in found)


def test_requests_are_spread_over_the_minute():
    with serve(in_turn(GOOD)) as endpoint:
        ask(endpoint.url, count=4, requests_per_minute=600)
        assert endpoint.times[-1] - endpoint.times[0] >= 0.28


def test_a_redirect_carries_nothing_elsewhere():
    with serve(in_turn(GOOD)) as other:
        moved = reply({}, status=307, headers={"Location": f"{other.url}/chat/completions"})
        with serve(in_turn(moved)) as endpoint, pytest.raises(Refusal, match="redirects are not followed"):
            ask(endpoint.url, key=KEY)
        assert other.requests == []


def test_only_the_named_key_is_sent(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Canary: CANARY")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serve(in_turn(GOOD)) as endpoint:
        ask(endpoint.url)
        assert "CANARY" not in repr(endpoint.requests)
        assert "authorization" not in endpoint.requests[0][2]
        ask(endpoint.url, key=KEY)
        assert endpoint.requests[1][2]["authorization"] == f"Bearer {KEY}"
        assert "X-Canary" not in repr(endpoint.requests)
        # Nothing about this machine either.
        known = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
        assert set(endpoint.requests[0][2]) == known


def test_a_key_that_the_server_repeats_is_taken_out():
    echo = completion(f"your key is {KEY}, and {KEY}.")
    with serve(in_turn(reply(echo), reply({"error": {KEY: KEY}}, status=400))) as endpoint:
        first, second = ask(endpoint.url, count=2, key=KEY)
    assert KEY not in repr(first)
    assert first.body["choices"][0]["message"]["content"] == "your key is ***, and ***."
    assert second.fault.startswith("http_400")
    assert KEY not in repr(second)


def test_what_a_server_says_is_one_short_line():
    hostile = "a\x1b]0;x\x07\nb\x00" + "é" * 10_000
    with serve(in_turn(reply({"error": {"message": hostile}}, status=400))) as endpoint:
        (found,) = ask(endpoint.url)
    assert found.fault.isprintable()
    assert len(found.fault) < 250


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (reply(ERROR, status=401), "http_401"),
        (reply(ERROR, status=403), "http_403"),
        # Not every server lists its models; one that warms up says so.
        (reply(ERROR, status=404), None),
        (reply(ERROR, status=405), None),
        (reply(ERROR, status=503), None),
        (reply(b"<html>", kind="text/html"), None),
    ],
)
def test_a_look_finds_out_about_the_key_alone(step, said):
    async def look(url):
        async with ChatClient(url, KEY, limits()) as client:
            await client.look()

    with serve(in_turn(GOOD), models=step) as endpoint:
        if said is None:
            asyncio.run(look(endpoint.url))
        else:
            with pytest.raises(Refusal, match=f"{said}: odd: it is so; the key was not taken"):
                asyncio.run(look(endpoint.url))
        assert [(method, path) for method, path, *_ in endpoint.requests] == [("GET", "/v1/models")]


def test_a_look_at_nobody():
    async def look():
        async with ChatClient(f"http://127.0.0.1:{closed_port()}/v1", None, limits()) as client:
            await client.look()

    with pytest.raises(Refusal, match=r"no connection .*is the server running"):
        asyncio.run(look())


def test_the_request_is_what_was_given():
    with serve(in_turn(GOOD)) as endpoint:
        ask(endpoint.url)
    assert json.loads(json.dumps(endpoint.asked)) == [{"model": "m", "messages": [], "number": 0}]
    assert endpoint.requests[0][1] == "/v1/chat/completions"
