"""Names, labels and texts of users made safe to show: nothing in them moves a cursor, opens a link or breaks a cell."""

import re
import unicodedata

# They join what belongs together in Persian, in Indian scripts and in emoji, and do nothing else.
_JOINERS = "\u200c\u200d"
# Characters with a meaning inside a cell; a backslash takes it from them. `&` would begin an entity, `$` a formula, and
# an underscore inside a word means nothing.
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_]))")
# What tables are drawn with, for terminals that cannot show it.
_PLAIN = str.maketrans(
    {"─": "-", "━": "=", "·": "-", "×": "x", "–": "-", "…": "...", "≠": "!=", "¹": "1", "²": "2", "³": "3"}
    | dict(zip("⁴⁵⁶⁷⁸⁹⁰", "4567890", strict=True))
)


def visible(text: object) -> str:
    r"""The text on one line with every character that could act on a terminal shown as its escape.

    Control characters (line breaks among them), lone surrogates, line separators and marks that turn the direction of
    writing become `\n`, `\x1b`, `\ud800`, `\u202e`.

    Example:
        >>> visible("a\x1b[2Jb\n")
        'a\\x1b[2Jb\\n'
    """
    said = str(text)
    # Nearly every text, and many times as fast.
    if said.isprintable():
        return said
    return "".join(_escaped(character) if _acts(character) else character for character in said)


def markdown(text: object) -> str:
    r"""The text as the content of a Markdown table cell, read literally by every renderer.

    Example:
        >>> markdown("a|b <img>")
        'a\\|b \\<img\\>'
    """
    shown = _MARKDOWN.sub(r"\\\1", visible(text))
    # `www.` and `http://` become links in GitHub's dialect even without brackets.
    return re.sub(r"(?i)\b(www)\.|(https?|ftp):(?=//)", lambda m: f"{m[1]}\\." if m[1] else f"{m[2]}\\:", shown)


def plain(text: str, encoding: str | None) -> str:
    """The text in what an output of this encoding can hold."""
    if (encoding or "ascii").lower().replace("-", "").replace("_", "") in ("utf8", "utf16", "utf32", "utf8sig"):
        return text
    try:
        text.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")
    return text


def _acts(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and character not in _JOINERS)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
