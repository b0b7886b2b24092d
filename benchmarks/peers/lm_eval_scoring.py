"""lm-evaluation-harness as a process of its own: scores labels after prompts, as its multiple-choice tasks do.

Run by `benchmarks/stance_llm.py` with the Python of an environment that holds lm-eval; reads one JSON object a line
(`prompts`, `labels`, `batch_size`) and answers each with one (`seconds`, `processor`, `scores`).
"""

import json
import sys
import time
from importlib import import_module


def main() -> None:
    """Loads the model named on the command line and answers until its input ends."""
    folder, gguf = sys.argv[1], sys.argv[2] or None
    answers = sys.stdout
    # Progress bars and notes of the libraries must not mix with the answers.
    sys.stdout = sys.stderr
    # By name: it is in the peer's environment alone.
    make_request = import_module("lm_eval.api.instance").Instance
    make_model = import_module("lm_eval.models.huggingface").HFLM

    given = {"gguf_file": gguf} if gguf else {}
    model = make_model(pretrained=folder, dtype="float32", device="cpu", batch_size=8, **given)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        model.batch_size_per_gpu = asked["batch_size"]
        requests = [
            make_request("loglikelihood", {}, (prompt, label), number)
            for prompt in asked["prompts"]
            for number, label in enumerate(asked["labels"])
        ]
        began, before = time.perf_counter(), time.process_time()
        scores = [score for score, _ in model.loglikelihood(requests, disable_tqdm=True)]
        taken = {"seconds": time.perf_counter() - began, "processor": time.process_time() - before}
        print(json.dumps({**taken, "scores": scores}), file=answers, flush=True)


if __name__ == "__main__":
    main()
