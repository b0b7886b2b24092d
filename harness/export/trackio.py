"""Trackio: one run per run folder, in its SQLite files on this machine.

Goes into `OUT`, or where the user's own `TRACKIO_DIR`, `TRACKIO_SPACE_ID` or `TRACKIO_SERVER_URL` says.
Source: https://huggingface.co/docs/trackio
"""

import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from harness.export.base import Options, environment, folder_for, identity, needs, run_name
from harness.export.tracked import flat, signatures
from harness.report.shown import counted
from harness.run_folder import StoredRun


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Logs scores, intervals and n as metrics, and whose they are and signatures as the config.

    Raises:
        ResourceError: The package is not installed.
    """
    named = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_DIR")
    elsewhere = next((name for name in named if os.environ.get(name)), None)
    own = {} if elsewhere else {"TRACKIO_DIR": str(folder_for(out, "trackio").resolve())}
    # The package reads the folder when it is imported, and prints greetings, where standard output is for results.
    with environment(**own), redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trackio = needs("trackio", "trackio")
        for run in runs:
            config = {**identity(run), **{f"signature.{k}": v for k, v in signatures(run, options).items()}}
            trackio.init(
                project=options.project,
                name=run_name(run),
                config=config,
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
            trackio.log(flat(run, options))
            # Not the run's own: the package would finish it once more, and say so, when this process ends.
            trackio.finish()
    where = f"where {elsewhere} says" if elsewhere else str(out)
    # The package's own advice looks in its own folder.
    look = (
        ""
        if elsewhere
        else f"; TRACKIO_DIR={shlex.quote(str(out))} trackio show --project {shlex.quote(options.project)}"
    )
    return f"{where}: {counted(len(runs), 'run')} in project {options.project!r}{look}"
