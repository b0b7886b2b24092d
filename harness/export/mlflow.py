"""MLflow: one run per run folder, in an experiment of the project's name.

Goes where `MLFLOW_TRACKING_URI` says; without it into `OUT/mlflow.db` (SQLite) on this machine.
Source: https://mlflow.org/docs/latest/tracking.html
"""

import logging
import os
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import RunFailedError
from harness.export.base import Options, environment, folder_for, identity, needs, run_name
from harness.export.tracked import flat, signatures
from harness.report.shown import counted
from harness.run_folder import StoredRun

_INSTALL = "mlflow-skinny sqlalchemy alembic"
# What one call takes, by MLflow's own limits.
_METRICS, _TAGS = 1000, 100
_TAG_LENGTH = 5000


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Logs scores, intervals and n as metrics, whose they are as parameters, and signatures as tags.

    Raises:
        ResourceError: The package is not installed.
        RunFailedError: The store refuses.
    """
    uri, place = os.environ.get("MLFLOW_TRACKING_URI"), None
    if not uri:
        folder = folder_for(out, "mlflow").resolve()
        uri, place = f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()
        needs("sqlalchemy", _INSTALL)
        needs("alembic", _INSTALL)
    with _quietly(), environment(MLFLOW_DISABLE_TELEMETRY="true"):
        mlflow = needs("mlflow", _INSTALL)
        if place:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            client = mlflow.MlflowClient(tracking_uri=uri)
            known = client.get_experiment_by_name(options.project)
            experiment = known.experiment_id if known else client.create_experiment(options.project, place)
            for run in runs:
                _log(client, experiment, run, options)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            # An address of the user's may hold a password.
            said = re.sub(r"//[^/\s@]*@", "//", str(error).replace(uri, "MLFLOW_TRACKING_URI"))
            raise RunFailedError(f"export to mlflow: {said}") from None
    where = folder / "mlflow.db" if place else "the store that MLFLOW_TRACKING_URI names"
    return f"{where}: {counted(len(runs), 'run')} in experiment {options.project!r}"


def _log(client: Any, experiment: str, run: StoredRun, options: Options) -> None:
    entities = needs("mlflow.entities", _INSTALL)

    now = int(time.time() * 1000)
    metrics = [entities.Metric(name, value, now, 0) for name, value in flat(run, options).items()]
    parameters = [entities.Param(name, value) for name, value in identity(run).items()]
    tags = [
        entities.RunTag(f"signature.{name}"[:250], text[:_TAG_LENGTH])
        for name, text in signatures(run, options).items()
    ]
    created = client.create_run(experiment, run_name=run_name(run)).info.run_id
    for first in range(0, len(metrics), _METRICS):
        client.log_batch(created, metrics=metrics[first : first + _METRICS])
    for first in range(0, len(tags), _TAGS):
        client.log_batch(created, tags=tags[first : first + _TAGS])
    client.log_batch(created, params=parameters)
    client.set_terminated(created)


@contextmanager
def _quietly() -> Iterator[None]:
    """What the store says about its own tables concerns nobody here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
