"""What a dialect's number differs from the strict score by here, and why: one line each, from counts alone."""

from collections.abc import Mapping

# Counts of a side, as `dialects` stores them.
_Numbers = Mapping[str, float]
_SIDES = ("gold", "predicted")
_MADE = ("flattened", "widened")


def differences(numbers: _Numbers, f1: Mapping[str, float | None], schemes: Mapping[str, str]) -> dict[str, str]:
    """For each dialect the distance of its F1 from the strict one, and the reason in these data.

    Args:
        numbers: The counts of `dialects`, summed.
        f1: F1 by dialect; None where undefined.
        schemes: What tags each side has: `iob1`, `iob2`, `iobes` or `bilou`, or `spans` where they were made.

    Returns:
        By dialect: `0.53 points above strict: ...`.
    """
    reasons = _reasons(numbers, schemes)
    strict = f1.get("harness")
    lines = {}
    for name, value in f1.items():
        if name == "harness":
            lines[name] = "the strict score that the others are compared with: span and label, spans as given"
        elif value is None or strict is None:
            lines[name] = reasons[name]
        else:
            points = 100 * (value - strict)
            far = f"{abs(points):.2f} points {'above' if points > 0 else 'below'} strict"
            lines[name] = f"{far if abs(points) >= 0.005 else 'as strict'}: {reasons[name]}"
    return lines


def _reasons(numbers: _Numbers, schemes: Mapping[str, str]) -> dict[str, str]:
    def of(name: str) -> int:
        return int(numbers.get(name, 0))

    lenient = _joined(_invalid(of("invalid|gold"), of("invalid|predicted")), _made(numbers))
    whole = {"iobes", "bilou"} & set(schemes.values())
    perl = "E- before B- and adjacent S-, L- or U- of one label are no break there" if whole else ""
    found = {
        "conlleval": _joined(perl, lenient),
        "seqeval": _joined("adjacent U- of one label are one entity there" if "bilou" in whole else "", lenient),
        "seqeval_strict_iob2": _dropped(numbers, "seqeval_strict_iob2", "do not begin with B-", schemes),
        "seqeval_strict_iobes": _dropped(numbers, "seqeval_strict_iobes", "are neither S- nor B- to E-", schemes),
        "wnut_entity": _refused(numbers, "the WNUT script") or lenient,
        "no_article": (
            f"{of('article|gold')} gold and {of('article|predicted')} predicted entities begin with an article, which "
            "does not count here"
        ),
        "token": f"counts {of('token|gold')} gold tokens, not {of('harness|gold')} entities: long entities weigh more",
    }
    found["wnut_surface"] = _refused(numbers, "the WNUT script") or (
        f"{of('wnut_surface|gold')} distinct gold and {of('wnut_surface|predicted')} distinct predicted strings with a "
        f"label; one that is right in one place is right"
    )
    cor = {mode: of(f"semeval2013_{mode}|correct") for mode in ("strict", "exact", "type")}
    found |= {
        "semeval2013_strict": "the same rule",
        "semeval2013_exact": _count(cor["exact"] - cor["strict"], "right span", "with a wrong label"),
        "semeval2013_partial": (
            f"{_count(cor['exact'] - cor['strict'], 'right span', 'with a wrong label')}, and "
            f"{_count(of('semeval2013_partial|half'), 'span', 'that only overlaps')} half"
        ),
        "semeval2013_type": _count(cor["type"] - cor["strict"], "overlapping span", "with the right label"),
    }
    return found


def _count(number: int, noun: str, which: str) -> str:
    """`1 right span with a wrong label counts`, `2 right spans ... count`."""
    if number == 1:
        return f"1 {noun} {which} counts"
    return f"{number} {noun}s {which.replace('overlaps', 'overlap')} count"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _invalid(gold: int, predicted: int) -> str:
    if not gold and not predicted:
        return "no transition is invalid"
    return f"{gold} gold and {predicted} predicted invalid transitions begin an entity, which strict seqeval drops"


def _made(numbers: _Numbers) -> str:
    left, wide = (int(sum(numbers.get(f"{name}|{side}", 0) for side in _SIDES)) for name in _MADE)
    said = [
        *([f"{left} spans inside or across a longer one have no tags"] if left else []),
        *([f"{wide} spans were widened to whole tokens"] if wide else []),
    ]
    return "; ".join(said)


def _refused(numbers: _Numbers, tool: str) -> str:
    count = int(sum(numbers.get(f"foreign|{side}", 0) for side in _SIDES))
    return f"no score: {tool} refuses {count} tags that begin with E-, S-, L- or U-" if count else ""


def _dropped(numbers: _Numbers, name: str, why: str, schemes: Mapping[str, str]) -> str:
    if name.endswith("iob2") and (refused := _refused(numbers, "seqeval")):
        return refused
    # seqeval without a mode reads what this one drops.
    lost = {side: numbers.get(f"seqeval|{side}", 0) - numbers.get(f"{name}|{side}", 0) for side in _SIDES}
    if not any(lost.values()):
        return _joined("no tag is dropped", _made(numbers))
    given = " and ".join(dict.fromkeys(f"{side} tags are {schemes[side]}" for side in _SIDES))
    return _joined(
        f"{int(lost['gold'])} of {int(numbers.get('seqeval|gold', 0))} gold and {int(lost['predicted'])} of "
        f"{int(numbers.get('seqeval|predicted', 0))} predicted entities are dropped, which {why} ({given})",
        _made(numbers),
    )
