"""What only the user can give, in words: for messages about values and records that are missing."""

from collections.abc import Mapping

# By kind: the checkpoint that its `path` names, and a name for instance.
_CHECKPOINTS = {
    "hf_nli": ("a model for natural language inference", "MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli"),
    "hf_encoder": ("an encoder such as BERT or RoBERTa", "roberta-large"),
    "hf_tagger": ("a token-classification model", "dslim/bert-base-NER"),
    "hf_pair": ("a sequence-classification model of (text, target)", None),
    "hf_seq2seq": ("an encoder-decoder", "facebook/bart-large-cnn"),
    "gliner2": ("a GLiNER2 checkpoint", "fastino/gliner2.5-base-v1"),
    "hf_causal": ("a causal language model", "HuggingFaceTB/SmolLM2-135M-Instruct"),
}
_RECORDS = {
    "entities": '{"doc": "d1", "start": 0, "end": 6, "label": "GPE"}',
    "stance": '{"doc": "d1", "target": "tax", "label": "against"}',
    "summaries": '{"doc": "d1", "text": "Short."}',
}


def needs_value(key: str, kind: str | None) -> str:
    """Says that `key` has no value, what one is, and how it is given.

    Args:
        key: The full path of the key.
        kind: The kind that it is a parameter of, where there is one.
    """
    if kind == "command" and key.endswith("command"):
        return f"{key}: needs a value: a program and its arguments (docs/command.md); give {key}=[python,my.py]"
    if not key.endswith("path"):
        return f"{key}: needs a value, give {key}=..."
    if kind in _CHECKPOINTS:
        what, name = _CHECKPOINTS[kind]
        instance = f" or {key}={name}" if name else ""
        return (
            f"{key}: needs a value: a folder that holds {what} (config.json, tokenizer, model.safetensors), or a hub "
            f"name of one in the local cache; give {key}=FOLDER{instance}"
        )
    if kind == "predictions":
        lines = ", ".join(f"{name} {line}" for name, line in _RECORDS.items())
        return (
            f"{key}: needs a value: a file or folder of records in JSON Lines, the same as gold ({lines}); "
            f"model.format=conll, brat, ... reads other formats; give {key}=FILE"
        )
    if kind == "spacy":
        return f"{key}: needs a value: an installed spaCy pipeline or its folder; give {key}=en_core_web_sm"
    return f"{key}: needs a value: a file or folder; give {key}=PATH"


def no_records(path: str, file: str, task: str, found: Mapping[str, int], annotator: str | None) -> str:
    """Says that predictions hold no records of a task, what they do hold, and what such a record is.

    Args:
        path: Where the predictions lie.
        file: The record file of the task.
        task: The task.
        found: How many records of each file there are.
        annotator: Whose records were asked for, if anybody's.
    """
    whose = f" of annotator {annotator!r}" if annotator else ""
    holds = ", ".join(f"{name} ({count})" for name, count in found.items()) or "nothing"
    said = f"{path}: holds no {file} records{whose}, which task {task!r} needs; it holds {holds}"
    # Who gave records of another task knows how they are written.
    return said if found.keys() & _RECORDS.keys() else f"{said}; expected lines such as {_RECORDS[file]}"
