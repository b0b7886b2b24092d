"""A compact letter display: rows that share a letter were not told apart."""

from collections.abc import Iterable, Sequence
from string import ascii_letters

# Every column costs a walk over all, and nobody reads so many.
_MOST_COLUMNS = 500


def compact_letters(names: Sequence[str], distinguished: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    """Letters such that two names share one if and only if they were not told apart.

    Insert and absorb (Piepho 2004): at first one letter belongs to all; for every pair that was told apart each letter
    that both have becomes two, one without each of them, and a letter whose names all share another one is dropped. The
    order of the pairs changes nothing: what is left are the largest groups in which no two were told apart.

    Source: Piepho 2004, https://doi.org/10.1198/1061860043515.

    Args:
        names: In the order of the table, so that `a` is the first row's.
        distinguished: Pairs that a test told apart.

    Returns:
        By name; beyond 52 letters numbers joined by commas. None where more than 500 would be needed.

    Example:
        >>> compact_letters(["best", "good", "poor"], [("best", "poor")])
        {'best': 'a', 'good': 'ab', 'poor': 'b'}
    """
    columns: list[frozenset[str]] = [frozenset(names)]
    for one, other in distinguished:
        split = [column for column in columns if one in column and other in column]
        kept = [column for column in columns if not (one in column and other in column)]
        new = {column - {name} for column in split for name in (one, other)}
        columns = [
            column
            for column in {*kept, *new}
            if not any(column < another for another in (*kept, *new))
        ]  # fmt: skip
        if len(columns) > _MOST_COLUMNS:
            return None
    place = {name: number for number, name in enumerate(names)}
    columns.sort(key=lambda column: sorted(place[name] for name in column))
    if len(columns) <= len(ascii_letters):
        signs, joint = list(ascii_letters), ""
    else:
        signs, joint = [str(number) for number in range(1, len(columns) + 1)], ","
    return {
        name: joint.join(sign for sign, column in zip(signs, columns, strict=False) if name in column) for name in names
    }
