"""What stands in the body of a chat reply; nothing of it is taken on trust, and what is not there is empty."""

import json
import math
from collections.abc import Mapping
from typing import Any

# Characters of a name that a server gives itself or its model, and of a reply that is shown.
MOST_CHARACTERS = 200


def first_choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of the answers that a reply holds."""
    choices = body.get("choices")
    return _mapping(choices[0] if isinstance(choices, list) and choices else None)


def message_of(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message of an answer."""
    return _mapping(choice.get("message"))


def text_of(content: Any) -> str:
    """A message's text, which some servers give in parts.

    Example:
        >>> text_of([{"type": "text", "text": "fav"}, {"type": "text", "text": "or"}])
        'favor'
    """
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def tokens_used(body: Mapping[str, Any], name: str) -> int | None:
    """A count of the reply's `usage`; None where there is none that can be meant."""
    value = _mapping(body.get("usage")).get(name)
    return value if type(value) is int and 0 <= value < 2**53 else None


def answered_by(body: Mapping[str, Any]) -> tuple[str, str]:
    """The model and the `system_fingerprint` that a reply names."""
    model, print_ = (
        value[:MOST_CHARACTERS] if isinstance(value, str) else ""
        for value in (body.get("model"), body.get("system_fingerprint"))
    )
    return model, print_


def excerpt(body: Mapping[str, Any]) -> str:
    """The beginning of what a reply holds for answers."""
    return json.dumps(body.get("choices"), ensure_ascii=True)[:MOST_CHARACTERS]


def begun_by_first_token(choice: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, float]:
    """Probability of each label as the answer's first token; empty where no named token begins a label.

    Args:
        choice: An answer, with `logprobs`.
        words: Label -> how an answer writes it. A token belongs to the one label that begins with it.
    """
    tokens = _mapping(choice.get("logprobs")).get("content")
    written = [token for token in tokens if isinstance(token, Mapping)] if isinstance(tokens, list) else []
    named = next((token for token in written if text_of(token.get("token")).strip()), {}).get("top_logprobs")
    folded = {label: word.casefold() for label, word in words.items()}
    mass = dict.fromkeys(words, 0.0)
    for token in named if isinstance(named, list) else []:
        begin = text_of(token.get("token")).strip().casefold() if isinstance(token, Mapping) else ""
        value = token.get("logprob") if begin else None
        meant = [label for label, word in folded.items() if begin and word.startswith(begin)]
        if len(meant) == 1 and isinstance(value, int | float) and math.isfinite(value) and value <= 1e-6:
            mass[meant[0]] += math.exp(value)
    total = sum(mass.values())
    return {label: share / total for label, share in mass.items()} if total > 0 else {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
