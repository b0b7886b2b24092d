"""Weights & Biases: one run per run folder, offline unless `WANDB_MODE` says otherwise.

What is written offline goes nowhere until the user gives `wandb sync`.
Source: https://docs.wandb.ai/ref/python/sdk/functions/init
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import RunFailedError
from harness.export.base import Options, environment, folder_for, identity, needs, run_name, scores_of
from harness.export.tracked import flat
from harness.report.shown import counted
from harness.run_folder import StoredRun

_COLUMNS = (
    "metric", "average", "slice", "value", "low", "high", "level", "method", "n", "unit", "support", "signature",
)  # fmt: skip


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Puts scores into the summary, every row with interval and signature into a table, whose they are into the config.

    Raises:
        ResourceError: The package is not installed.
        RunFailedError: It refuses.
    """
    folder = folder_for(out, "wandb")
    mode = os.environ.get("WANDB_MODE") or "offline"
    own = str(folder.resolve() / "wandb")
    # Its files would else be in the home folder, and its faults be reported to its makers.
    with environment(WANDB_ERROR_REPORTING="false", WANDB_DATA_DIR=own, WANDB_CACHE_DIR=own):
        wandb = needs("wandb", "wandb")
        # Scores alone: nothing about this machine, its packages, its code or what is printed.
        settings = wandb.Settings(
            console="off",
            disable_git=True,
            save_code=False,
            silent=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for run in runs:
                _log(wandb, run, options, mode=mode, dir=str(folder), settings=settings)
        except (wandb.Error, OSError) as error:
            raise RunFailedError(f"export to wandb: {error}") from None
    return f"{folder}: {counted(len(runs), 'run')} in project {options.project!r}, mode {mode}"


def _log(wandb: Any, run: StoredRun, options: Options, **where: Any) -> None:
    started = wandb.init(
        project=options.project,
        name=run_name(run),
        group=f"{run.scores['data']['name']}/{run.scores['task']}",
        config=identity(run),
        reinit="create_new",
        **where,
    )
    started.summary.update(flat(run, options))
    rows = [[score.row.get(name) for name in _COLUMNS] for score in scores_of(run, options)]
    started.log({"scores": wandb.Table(columns=list(_COLUMNS), data=rows)})
    started.finish()
