"""Rebuilds the tiny checkpoints: ``python -m training.tiny --data DIR [--out DIR] [--only ner|stance|summarization]``.

DIR is laid out as the training README says. Each checkpoint is trained in a process of its own on one core, two at a
time; that is faster than one after the other on two cores, and one thread makes the sums come in the same order.
"""

import argparse
import importlib
import logging
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

BUILDERS = {"ner": "tagger", "stance": "stance", "summarization": "summarizer"}
WEIGHTS = Path(__file__).parents[1] / "harness" / "weights"
RNG_SEED = 13


def build(task: str, data: Path, out: Path) -> str:
    """Builds one checkpoint with its card in a fresh process; returns the task."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy and torch are imported
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    import torch

    torch.set_num_threads(1)
    importlib.import_module(f"training.{BUILDERS[task]}").build(data, out / f"tiny_{task}", RNG_SEED)
    return task


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.tiny", description="Rebuild the tiny checkpoints.")
    parser.add_argument("--data", type=Path, required=True, help="folder with stance/, summ/, gum/ and ner/")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the tiny_* folders go (default: the package)")
    parser.add_argument("--only", choices=sorted(BUILDERS), help="build one of them")
    chosen = parser.parse_args(arguments)
    start = time.monotonic()
    tasks = [chosen.only] if chosen.only else list(BUILDERS)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(build, task, chosen.data, chosen.out) for task in tasks]:
            print(f"{future.result()}: done after {(time.monotonic() - start) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
