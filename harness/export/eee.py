"""Every Eval Ever: one JSON file per run, schema 0.3 of the package `every-eval-ever`.

Source: https://github.com/evaleval/every_eval_ever. Where the schema has no field for what a score rests on (signature,
gold hash, slice, support) it is in `additional_details` or `details`, whose values are strings.
"""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.export.base import Options, Score, folder_for, hub_name, identity, is_hub_name, ledger, scores_of, speed
from harness.files import canonical_json, sha256, write_json
from harness.report.shown import counted
from harness.run_folder import StoredRun, folder_name

SCHEMA_VERSION = "0.3.0"
# Bounds by what a score is called; of the others none are stated.
_BOUNDS = {
    **dict.fromkeys(("f1", "precision", "recall", "accuracy", "favg", "macro_f1"), (0, 1)),
    **dict.fromkeys(("mcc", "kappa"), (-1, 1)),
}


def export(runs: Sequence[StoredRun], out: Path | None, options: Options) -> str:
    """Writes `data/<data>/<developer>/<model>/<uuid>.json` under a folder, as the shared store has its files."""
    folder = folder_for(out, "eee")
    now = _now()
    records = [(run, record(run, options, now)) for run in runs]
    for run, content in records:
        place = folder.joinpath("data", *_folders(run, content["model_info"]))
        write_json(place / f"{_uuid(run, options)}.json", content)
    return f"{folder}: {counted(len(records), 'record')} of Every Eval Ever {SCHEMA_VERSION}"


def record(run: StoredRun, options: Options, now: int) -> dict[str, Any]:
    """A run as a record.

    Args:
        run: The run.
        options: What was asked.
        now: Seconds since 1970: when the record is made.
    """
    said = identity(run)
    imported = run.run.get("imported")
    model = hub_name(run) or said["model"]
    name = f"{said['data']}/{said['task']}"
    identifier = f"{name}/{model}/{now}"
    asked = scores_of(run, options)
    scores = [score for score in asked if score.row["value"] is not None]
    undefined = [score.name for score in asked if score.row["value"] is None]
    if not scores:
        raise UsageError(f"{run.folder}: no score that was asked for is defined, so there is nothing to export")
    library = {
        "name": imported["tool"] if imported else "harness",
        "version": imported["version"] if imported else said["harness_version"],
        "additional_details": {
            "versions": canonical_json(run.run.get("versions") or {}),
            **({"undefined_scores": canonical_json(undefined)} if undefined else {}),
        },
    }
    developer = model.split("/")[0] if "/" in model else "unknown"
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": identifier,
        "retrieved_timestamp": str(now),
        "source_metadata": {
            "source_name": "harness",
            "source_type": "evaluation_run",
            "source_organization_name": options.organization,
            "evaluator_relationship": "other",
            "additional_details": {
                **{f"ledger.{key}": str(value) for key, value in ledger(run).items()},
                **{key: repr(value) for key, value in speed(run).items()},
            },
        },
        "eval_library": library,
        "model_info": {
            "name": said["model"],
            "id": model,
            "developer": developer,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                "learns_from_gold": said["learns_from_gold"],
                "signature_sha256": said["model_signature_sha256"],
            },
        },
        "evaluation_results": [_result(run, score, name, identifier, said) for score in scores],
    }


def _result(run: StoredRun, score: Score, name: str, identifier: str, said: dict[str, str]) -> dict[str, Any]:
    key, row = score.key, score.row
    config: dict[str, Any] = {
        "metric_id": f"harness.{key.metric}.{key.average}",
        "metric_name": f"{key.metric} ({key.average})",
        "lower_is_better": score.lower_is_better,
        "metric_parameters": {"average": key.average, "slice": key.slice},
        "additional_details": {"signature": row["signature"]},
    }
    kind = key.metric.rpartition(".")[2]
    bounds: tuple[Any, Any] | None = _BOUNDS.get(kind) if score.fraction else None
    if bounds:
        config["metric_kind"] = kind
    if key.average == "count":
        config["metric_unit"], bounds = "count", (0, "Infinity")
    elif score.fraction:
        config["metric_unit"] = "proportion"
    if bounds:
        # The store's own check refuses what is called continuous and has no bounds.
        config |= {"score_type": "continuous", "min_score": bounds[0], "max_score": bounds[1]}
    details = {"average": key.average, "slice": key.slice, "signature": row["signature"]}
    details |= {
        entry: str(row[entry])
        for entry in ("n", "unit", "support", "unreliable", "note", "method")
        if row.get(entry) is not None
    }
    uncertainty: dict[str, Any] = {"num_samples": row["n"]}
    if row["low"] is not None and row["high"] is not None:
        uncertainty["confidence_interval"] = {
            "lower": row["low"],
            "upper": row["high"],
            "confidence_level": row["level"],
            "method": row["method"] or "not stated",
        }
        resamples = (run.config.get("interval") or {}).get("resamples")
        if "bootstrap" in (row["method"] or "") and isinstance(resamples, int):
            uncertainty["num_bootstrap_samples"] = resamples
    return {
        "evaluation_result_id": f"{identifier}#{key.metric}/{key.average}@{key.slice}",
        "evaluation_name": name if key.slice == "all" else f"{name} ({key.slice})",
        "source_data": {
            "dataset_name": said["data"],
            # Gold of a user's own is on no hub and at no address.
            "source_type": "other",
            "additional_details": {
                entry: said[entry] for entry in ("documents", "documents_sha256", "gold_sha256", "label_map", "task")
                if entry in said
            },
        },
        "metric_config": config,
        "score_details": {"score": row["value"], "details": details, "uncertainty": uncertainty},
    }  # fmt: skip


def _folders(run: StoredRun, model: Mapping[str, Any]) -> tuple[str, ...]:
    """Data, developer and model: where the shared store looks for a record of this model's id."""
    data, developer, name = (
        folder_name(one, {}, {}) for one in (run.scores["data"]["name"], model["developer"], model["name"])
    )
    if is_hub_name(model["id"]):
        developer, name = model["id"].split("/")
    # The store keeps one name for itself.
    return "data_" if data == "data" else data, developer, name


def _uuid(run: StoredRun, options: Options) -> str:
    """The same for the same scores, in the form that the schema asks of file names (version 4)."""
    digest = sha256([run.scores, run.folder.name, options.metrics, options.organization])
    return str(uuid.UUID(digest[:32], version=4))


def _now() -> int:
    # The convention of reproducible builds: https://reproducible-builds.org/specs/source-date-epoch/
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(fixed) if fixed.isascii() and fixed.isdigit() else int(time.time())
