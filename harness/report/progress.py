"""How far a run is: a bar on stderr where somebody looks at it, nothing where nobody does."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.evaluate import Progress
from harness.report.text import plain, visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


def make_progress() -> Progress:
    """A bar when stderr is a terminal, else silence."""
    return _Bar() if sys.stderr is not None and sys.stderr.isatty() else Progress()


class _Bar(Progress):
    """One bar at a time; it goes when its task ends, because the table tells the rest."""

    def __init__(self) -> None:
        self._bars: Bars | None = None

    def start(self, title: str, total: int) -> Callable[[int], None]:
        """Begins a bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.finish()
        # stdout belongs to tables and to what users print themselves, so it is not redirected.
        bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr, markup=False, emoji=False, highlight=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bars.start()
        self._bars = bars
        bar = bars.add_task(plain(visible(title), getattr(sys.stderr, "encoding", None)), total=total)
        return lambda more: bars.advance(bar, more)

    def finish(self) -> None:
        """Takes the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
