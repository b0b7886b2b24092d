"""Result files of other tools with invented content, in the shape that the tools write; read with `runpy`."""

import copy
import io
import json
import struct
import zipfile
import zlib

import pyarrow as pa

# As lm_eval 0.4.13 writes it; what says nothing about scores is left out.
LM_EVAL = {
    "results": {
        "pond_stance": {
            "name": "pond_stance",
            "alias": "pond_stance",
            "sample_len": 50,
            "acc,none": 0.62,
            "acc_stderr,none": 0.07,
            "brier_score,none": 0.41,
            "brier_score_stderr,none": "N/A",
        },
        "pond_summaries": {
            "alias": " - pond_summaries",
            "rouge1,take_first": 31.5,
            "rouge1_stderr,take_first": 2.0,
        },
        "pond": {"alias": "pond", "acc,none": 0.5},
    },
    "groups": {"pond": {"alias": "pond", "acc,none": 0.5}},
    "group_subtasks": {"pond": ["pond_stance", "pond_summaries"]},
    "configs": {
        "pond_stance": {
            "task": "pond_stance",
            "dataset_path": "json",
            "doc_to_text": "{{text}} Stance:",
            "metadata": {"version": 1.0, "pretrained": "some/model"},
        },
        "pond_summaries": {"task": "pond_summaries", "metadata": {"version": 2.0}},
    },
    "versions": {"pond_stance": 1.0, "pond_summaries": 2.0},
    "n-shot": {"pond_stance": 0, "pond_summaries": 0},
    "higher_is_better": {"pond_stance": {"acc": True, "brier_score": False}, "pond_summaries": {"rouge1": True}},
    "n-samples": {
        "pond_stance": {"original": 60, "effective": 50},
        "pond_summaries": {"original": 10, "effective": 10},
    },
    "config": {"model": "hf", "model_args": {"pretrained": "some/model"}, "limit": 50},
    "lm_eval_version": "0.4.13",
    "task_hashes": {"pond_stance": "00ff"},
    "model_source": "hf",
    "model_name": "some/model",
    "chat_template_sha": None,
    "system_instruction_sha": None,
}

# As inspect_ai 0.3.285 writes it, likewise.
INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {
        "task": "pond_stance",
        "task_version": 0,
        "task_args": {},
        "dataset": {"name": "pond", "samples": 4, "sample_ids": ["p1", "p2", "p3", 4], "shuffled": False},
        "model": "some/model",
        "model_generate_config": {},
        "config": {"epochs": 1},
        "packages": {"inspect_ai": "0.3.285"},
    },
    "plan": {"name": "plan", "steps": []},
    "results": {
        "total_samples": 4,
        "completed_samples": 3,
        "scores": [
            {
                "name": "match",
                "scorer": "match",
                "reducer": "mean",
                "scored_samples": 3,
                "params": {},
                "metrics": {
                    "accuracy": {"name": "accuracy", "value": 0.75, "params": {}},
                    "stderr": {"name": "stderr", "value": 0.25, "params": {}},
                },
            },
            {
                "name": "includes",
                "scorer": "includes",
                "params": {},
                "metrics": {"inspect_ai/accuracy": {"name": "accuracy", "value": 1.0, "params": {}}},
            },
        ],
    },
    "stats": {"started_at": "2026-01-01T00:00:00+00:00"},
}


def changed(content, path, value=...):
    """A copy in which what stands at a path (`a/b/0`) is another value, or is taken out."""
    whole = copy.deepcopy(content)
    *parts, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    inner = whole
    for part in parts:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return whole


def zipped(members, method="zstd", announced=None):
    """An archive as Inspect writes `.eval` files: Zstandard, which the standard library does not write.

    Args:
        members: Bytes by name.
        method: `zstd`, `deflate` or `store`.
        announced: The size that the archive says a member has, where that is not the true one.
    """
    number = {"zstd": 93, "deflate": 8, "store": 0}[method]
    stream, directory = io.BytesIO(), io.BytesIO()
    for name, data in members.items():
        if method == "zstd":
            packed = pa.compress(data, codec="zstd", asbytes=True)
        elif method == "deflate":
            packer = zlib.compressobj(wbits=-15)
            packed = packer.compress(data) + packer.flush()
        else:
            packed = data
        size = len(data) if announced is None else announced
        common = struct.pack("<5H3I2H", 20, 0, number, 0, 0, zlib.crc32(data), len(packed), size, len(name), 0)
        offset = stream.tell()
        stream.write(b"PK\x03\x04" + common + name.encode() + packed)
        directory.write(b"PK\x01\x02" + struct.pack("<H", 20) + common)
        directory.write(struct.pack("<3H2I", 0, 0, 0, 0, offset) + name.encode())
    start, table = stream.tell(), directory.getvalue()
    stream.write(table)
    stream.write(b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, len(members), len(members), len(table), start, 0))
    content = stream.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(content))
    return content


def eval_file(path, content=None, **more):
    """Writes an `.eval` log."""
    data = json.dumps(INSPECT if content is None else content).encode()
    path.write_bytes(zipped({"summaries.json": b"[]", "header.json": data}, **more))
    return path


def json_file(path, content):
    """Writes a JSON file as Python does, NaN and all."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
