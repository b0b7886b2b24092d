"""A program of the user's as a child process: lines in, lines out, and nothing of it left behind."""

import os
import selectors
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from harness.errors import ResourceError
from harness.said import printable

# Bytes. A longer line is no record; a batch that says more is no answer.
MOST_LINE = 4 * 2**20
MOST_OUTPUT = 64 * 2**20
MOST_STDERR_LINE = 2000
# Lines of stderr: shown of one process, and kept for the message about its end.
MOST_SHOWN = 1000
KEPT = 5
# Seconds that a program has to end by itself once it has said all, once its stdin is closed, and once it got SIGTERM.
GRACE = 10.0
POLITE = 0.5
TERMINATE = 2.0
_CHUNK = 65536
# Seconds between looks at whether it has ended: a process that it left behind may hold its output open.
_LOOK = 0.1

# Kills the programs of a harness that was itself killed: its end of the pipe closes however it dies.
_WATCH = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    number = int(line)
    groups.add(number) if number > 0 else groups.discard(-number)
for number in groups:
    try:
        os.killpg(number, signal.SIGKILL)
    except OSError:
        pass
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a program stopped answering.

    Args:
        reason: In words, with what it said last on stderr.
        clean: It ended by itself with exit code 0.
        timed_out: It was still running when its time was over.
    """

    reason: str
    clean: bool = False
    timed_out: bool = False


class Watcher:
    """A small process that outlives this one by a moment, to kill the programs that it had started."""

    def __init__(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCH], stdin=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        self._stdin = cast(IO[bytes], process.stdin)
        weakref.finalize(self, _close_watcher, process, self._stdin)

    def tell(self, number: int) -> None:
        """Names a process group to be killed (positive), or one that has ended (negative)."""
        try:
            os.write(self._stdin.fileno(), f"{number}\n".encode())
        except OSError:  # somebody killed it; programs run all the same
            return


def _close_watcher(process: subprocess.Popen[bytes], stdin: IO[bytes]) -> None:
    stdin.close()
    process.wait()


class Lines:
    """Cuts a stream into lines; of a longer one than `most` only its first `most + 1` bytes are given."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that a chunk completes, without their ends."""
        *complete, last = chunk.split(b"\n")
        for part in complete:
            yield from self._add(part)
            if not self._skipping:
                yield bytes(self._held)
            self._held.clear()
            self._skipping = False
        yield from self._add(last)

    def rest(self) -> Iterator[bytes]:
        """What stands after the last line's end."""
        if self._held:
            yield bytes(self._held)
        self._held.clear()

    def _add(self, part: bytes) -> Iterator[bytes]:
        if self._skipping:
            return
        self._held += part[: self._most + 1 - len(self._held)]
        if len(self._held) > self._most:
            yield bytes(self._held)
            self._held.clear()
            self._skipping = True


class Program:
    """A running program in a process group of its own.

    It sees the environment that the harness was started with; of it, nothing is recorded, and values of variables that
    are named like secrets are taken out of what it says.

    Args:
        command: The program, found, and its arguments.
        cwd: Where it runs; None for where the harness was started.
        watcher: Told of the process group.

    Raises:
        ResourceError: It cannot be started.
    """

    def __init__(self, command: Sequence[str], cwd: Path | None, watcher: Watcher) -> None:
        try:
            self._process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as fault:
            raise ResourceError(f"model.command: {command[0]!r} cannot be started: {fault.strerror or fault}") from None
        watcher.tell(self._process.pid)
        self._name = Path(command[0]).name
        self._said: deque[str] = deque(maxlen=KEPT)
        self._shown = 0
        self._lines, self._stderr_lines = Lines(MOST_LINE), Lines(MOST_STDERR_LINE)
        self._close = weakref.finalize(self, _end, self._process, watcher)
        self._stdin, self._stdout, self._stderr = (
            cast(IO[bytes], pipe) for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)

    @property
    def running(self) -> bool:
        """Whether it can be asked."""
        return self._close.alive and not _exited(self._process)

    def exchange(self, data: bytes, take: Callable[[bytes], bool], *, last: bool, seconds: float) -> Fault | None:
        """Writes and reads at once, so that neither side waits for the other however much there is.

        Args:
            data: What it is to read.
            take: Given each line that it writes; says whether that was all.
            last: Whether its stdin is closed after `data`, and it is read to its end.
            seconds: How long it may take.

        Returns:
            Why it ended, or None where it goes on running.
        """
        waiting = memoryview(data)
        deadline = time.monotonic() + seconds
        heard = idle = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stderr, selectors.EVENT_READ)
            # Three looks in vain once it has ended: whatever it left behind may hold its output open.
            while self._stdout in selector.get_map() and idle < 3:
                left = deadline - time.monotonic()
                if left <= 0:
                    self.end()
                    return Fault(self._with_last_words(f"timeout: not done within {seconds:g} seconds"), timed_out=True)
                events = [key.fileobj for key, _ in selector.select(min(left, _LOOK))]
                if self._stdin in events:
                    waiting = self._write(waiting)
                    if not waiting:
                        selector.unregister(self._stdin)
                        if last:
                            self._stdin.close()
                if self._stderr in events:
                    self._read_stderr(selector)
                if self._stdout in events:
                    chunk = _read(self._stdout)
                    if chunk == b"":
                        selector.unregister(self._stdout)
                    heard += len(chunk or b"")
                    if heard > MOST_OUTPUT:
                        self.end()
                        return Fault(f"the program wrote more than {MOST_OUTPUT // 2**20} MiB for one batch")
                    done = [take(line) for line in self._lines.feed(chunk or b"")]
                    if any(done) and not last:
                        if waiting:
                            # It answered what it has not read; what comes next could not be told apart.
                            self.end()
                        return None
                if not events and _exited(self._process):
                    _signal_group(self._process, signal.SIGKILL)
                    idle += 1
        for line in self._lines.rest():
            take(line)
        return self._ended(deadline)

    def end(self) -> None:
        """Ends it, and all that it started."""
        self._close()

    def _ended(self, deadline: float) -> Fault:
        process = self._process
        until = min(deadline, time.monotonic() + GRACE)
        while not _exited(process) and time.monotonic() < until:
            time.sleep(0.01)
        code = _exit_code(process)
        while chunk := _read(self._stderr):
            self._hear(self._stderr_lines.feed(chunk))
        self._hear(self._stderr_lines.rest())
        self.end()
        if code is None:
            return Fault(self._with_last_words("the program closed its output and went on running"))
        if code == 0:
            return Fault("the program ended without answering", clean=True)
        said = f"exit code {code}" if code > 0 else f"signal {-code} ({_signal_name(-code)})"
        return Fault(self._with_last_words(f"the program ended with {said}"))

    def _read_stderr(self, selector: selectors.BaseSelector) -> None:
        chunk = _read(self._stderr)
        if chunk == b"":
            selector.unregister(self._stderr)
        self._hear(self._stderr_lines.feed(chunk or b""))

    def _write(self, waiting: memoryview) -> memoryview:
        try:
            return waiting[os.write(self._stdin.fileno(), waiting[:_CHUNK]) :]
        except BlockingIOError:
            return waiting
        except OSError:  # it reads no further; what it writes still counts
            return waiting[len(waiting) :]

    def _hear(self, lines: Iterator[bytes]) -> None:
        for line in lines:
            said = printable(line.decode("utf-8", "replace").rstrip())
            if not said:
                continue
            self._said.append(said)
            self._shown += 1
            if self._shown <= MOST_SHOWN:
                print(f"harness: {self._name}: {said}", file=sys.stderr)
            elif self._shown == MOST_SHOWN + 1:
                print(f"harness: {self._name}: ... what else it says on stderr is left out", file=sys.stderr)

    def _with_last_words(self, reason: str) -> str:
        return f"{reason}; stderr: {' / '.join(self._said)}" if self._said else reason


def environment() -> dict[str, str]:
    """The variables that a program sees: those of the harness; a Python program writes UTF-8, and at once."""
    return {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", **os.environ}


def _read(pipe: IO[bytes]) -> bytes | None:
    """What can be read now; empty at the end, None where there is nothing yet."""
    try:
        return os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return None


def _exited(process: subprocess.Popen[bytes]) -> bool:
    return _exit_code(process) is not None


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """The exit code as `Popen.returncode` has it, without reaping: until then its group's number is not given anew."""
    if process.returncode is not None:
        return process.returncode
    try:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return process.poll()
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except OSError:
            return


def _end(process: subprocess.Popen[bytes], watcher: Watcher) -> None:
    if process.stdin is not None:
        process.stdin.close()
    for number, seconds in ((None, POLITE), (signal.SIGTERM, TERMINATE)):
        if number is not None and not _exited(process):
            _signal_group(process, number)
        until = time.monotonic() + seconds
        while not _exited(process) and time.monotonic() < until:
            time.sleep(0.01)
    _signal_group(process, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    watcher.tell(-process.pid)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
