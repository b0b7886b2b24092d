"""`python -m harness gold agreement`: how far annotators agree."""

from harness.command.output import FORMATS, print_grid
from harness.command.parser import Parser


def run(arguments: list[str]) -> int:
    """Runs it; returns the exit code."""
    parser = Parser(
        "gold agreement",
        "How far the annotators of a gold agree: F1 and alpha for entities, alpha for stance, ROUGE for summaries.\n"
        'Records say whose they are ("annotator"), or each annotator has a folder under DIR/annotators/.',
    )
    parser.add_argument("folder", metavar="DIR", help="the gold: a folder, or a file of the format")
    parser.add_argument(
        "--documents", metavar="DIR", help="*.txt or documents.jsonl, where the gold does not hold them"
    )
    parser.add_argument("--data-format", default="jsonl", help="as data.format (default: jsonl)")
    parser.add_argument("--encoding", default="utf-8", help="as data.encoding (default: utf-8)")
    parser.add_argument("--stance-labels", metavar="L", nargs="+", help="as data.labels.stance (favor against none)")
    parser.add_argument("--resamples", metavar="N", type=int, default=10_000, help="for intervals (10000)")
    parser.add_argument("--rng-seed", metavar="N", type=int, default=0, help="of the resamples (0)")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="table (default); csv and json are unrounded"
    )
    asked = parser.parse(arguments)
    if asked.resamples < 100 or asked.rng_seed < 0:
        parser.error("--resamples must be at least 100, and --rng-seed 0 or more")
    from harness import gold_agreement
    from harness.annotators import read_layers
    from harness.config import DataConfig, LabelsConfig

    labels = LabelsConfig(stance=tuple(asked.stance_labels)) if asked.stance_labels else LabelsConfig()
    data = DataConfig(
        name="gold",
        format=asked.data_format,
        documents=asked.documents,
        gold=asked.folder,
        encoding=asked.encoding,
        labels=labels,
    )
    layers = read_layers(data)
    found = gold_agreement.agreements(layers, resamples=asked.resamples, rng_seed=asked.rng_seed)
    print_grid(gold_agreement.grid(found, layers), asked.format, gold_agreement.SCHEMA)
    return 0
