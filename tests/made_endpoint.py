"""A real HTTP server on loopback that answers as it is told, faults included; test files read it with `runpy`."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(content="favor", *, finish="stop", tokens=(7, 2), **more):
    """A reply as the protocol has it; `more` goes into the message."""
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "served",
        "system_fingerprint": "fp_1",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **more}}
        ],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)},
    }


def reply(body=None, *, status=200, headers=None, kind="application/json", delay=0.0, fault=None):
    """What the server does with one request.

    Args:
        body: What is sent: bytes as they are, anything else as JSON; None = a good completion.
        status: The status.
        headers: Further headers.
        kind: Content type.
        delay: Seconds before anything is sent.
        fault: `reset` breaks off in the midst of the body; `drip` sends a byte now and then, without an end; `flood`
            sends without an end.
    """
    body = completion() if body is None else body
    return {"body": body, "status": status, "headers": headers or {}, "kind": kind, "delay": delay, "fault": fault}


class Endpoint:
    """What was asked, and how many at once at most."""

    def __init__(self, rule):
        self.rule, self.requests, self.times, self.most = rule, [], [], 0
        self._now, self._lock = 0, threading.Lock()
        self.closed = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self):
        """The bodies of the questions."""
        return [body for method, _, _, body in self.requests if method == "POST"]

    def begin(self, method, path, headers, body):
        with self._lock:
            self.requests.append((method, path, headers, body))
            self.times.append(time.monotonic())
            self._now += method == "POST"
            self.most = max(self.most, self._now)
            return sum(1 for other, *_ in self.requests if other == "POST") - 1

    def end(self):
        with self._lock:
            self._now -= 1


@contextmanager
def serve(rule, *, models=None):
    """A server whose `rule(body, number)` gives the reply to question `number`, from 0; `models` that to GET."""
    endpoint = Endpoint(rule)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            endpoint.begin("GET", self.path, self.sent(), None)
            self.send(models or reply({"object": "list", "data": [{"id": "served"}]}))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = endpoint.begin("POST", self.path, self.sent(), body)
            try:
                self.send(endpoint.rule(body, number))
            finally:
                endpoint.end()

        def sent(self):
            return {name.casefold(): value for name, value in self.headers.items()}

        def send(self, given):
            if given["delay"]:
                endpoint.closed.wait(given["delay"])
            body = given["body"]
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(given["status"])
                self.send_header("Content-Type", given["kind"])
                fault = given["fault"]
                self.send_header("Content-Length", str(len(data) if fault is None else 10**9))
                for name, value in given["headers"].items():
                    self.send_header(name, value)
                self.end_headers()
                if fault == "reset":
                    self.wfile.write(data[: len(data) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                while fault == "drip" and not endpoint.closed.wait(0.05):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                while fault == "flood" and not endpoint.closed.is_set():
                    self.wfile.write(b" " * 1_000_000)
                if fault is None:
                    self.wfile.write(data)
            except OSError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    endpoint.port = server.server_address[1]
    endpoint.server = server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port():
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
