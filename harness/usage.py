"""The text of `python -m harness --help`, kept here so that nothing has to be imported to print it."""

USAGE = """\
harness: evaluates summarization, NER and stance models on your own documents

Run (a Hydra application; every parameter is key=value, `--cfg job` prints them all):
  python -m harness                                   the default model on the seed text, every task
  python -m harness model=tiny                        tiny transformers that ship with the package
  python -m harness -m model=lead,textrank,tiny       a sweep
  python -m harness +experiment=leaderboard           a recipe from conf/experiment
  python -m harness model=tiny task=ner metric=[entity_f1,entity_confusion]
  python -m harness data=local data.name=mine data.documents=DIR data.gold=DIR model=...
  python -m harness model=predictions model.path=FILE_OR_DIR model.name=mysystem
  python -m harness model=hf_tagger model.ner.path=FOLDER_OR_HUB_NAME
  python -m harness model=hf_causal model.path=FOLDER_OR_HUB_NAME_OR_GGUF
  python -m harness model=openai_compatible model.base_url=http://127.0.0.1:8000/v1 model.served_model=NAME
  python -m harness model=command model.command=[python,my.py] model.name=mysystem

  general keys: data.limit=DOCUMENTS  data.split=test  dry_run=true  fresh=true  energy=true  results=DIR
  --config-dir DIR adds your own configurations

Subcommands (`python -m harness SUBCOMMAND --help` says more):
  compare RUN [RUN ...]    one table per task: value, interval, n, losses (--baseline, --letters, --pairs, --slices,
                           --flips, --documents, --speed, --format, --out FILE)
  why-different A B        what keeps two runs from being ranked together, and the command that mends it
  check RUN --baseline RUN did it get worse? exit 0 passed, 1 failed, 3 inconclusive (--gate, --tolerance, --junit)
  report RUN [RUN ...]     one HTML file: scores, differences, losses, every document (--out FILE, --no-text)
  show RUN                 gold beside predictions
  score RUN                score again from stored predictions; no model is loaded
  predict [key=value ...]  documents without gold: predictions only, as records
  gold init|validate       start annotations; check them
  gold stats DIR           what a gold holds: zones, labels, stance per target, styles
  gold audit DIR           what is no fault and may be a slip, each with its place
  gold convert SRC OUT     write it as jsonl, conll, brat, doccano, prodigy, labelstudio, spacy
  gold agreement DIR       how far the annotators of a gold agree
  gold correlate           metrics against human ratings: Pearson, Spearman, Kendall, with intervals
  list models|tasks|metrics|data|prompts|gates|experiments
  schema records|scores    the JSON Schemas
  doctor                   what is installed, what runs offline
  conformance [T1 ...]     inputs that other tools score wrongly: our number, the right one, theirs
  query ["select ..."]     SQL over stored runs; without SQL the tables and their columns
  export RUN --to TARGET   eee, model-index, mlflow, wandb, trackio, parquet; texts only with --with-texts
  import FILE --task T     scores of lm-evaluation-harness or Inspect beside your own, never ranked with them

RUN is a run folder or any folder above several.

Exit codes: 0 complete · 1 the run or the gate failed · 3 the gate is inconclusive
            2 bad usage, config or data (no model was asked, nothing written)
            130, 143 on signals
"""
