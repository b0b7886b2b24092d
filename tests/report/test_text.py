"""No character of a user's acts on what shows it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.text import markdown, plain, visible

pytestmark = pytest.mark.core

# With lone surrogates, which files cannot hold but JSON escapes can.
ANY = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 模 😀", "plain é 模 😀"),
        ("\x1b]0;p\x07", "\\x1b]0;p\\x07"),
        ("c\nd\te\r", "c\\nd\\te\\r"),
        ("\x00\x0b\x7f\x9b", "\\x00\\x0b\\x7f\\x9b"),
        ("\ud800", "\\ud800"),
        ("a\u202eb\u2066c\u200ed\ufeff", "a\\u202eb\\u2066c\\u200ed\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("می‌خواهم 👩‍👧", "می‌خواهم 👩‍👧"),
        (12, "12"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown


@given(ANY)
def test_visible_leaves_nothing_that_acts(text):
    shown = visible(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    shown.encode("utf-8")
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("c\nd", "c\\\\nd"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("[x](y)", "\\[x\\](y)"),
        ("*a* `b` ~c~", "\\*a\\* \\`b\\` \\~c\\~"),
        ("bert_base", "bert_base"),
        ("_a_", "\\_a\\_"),
        ("&lt;", "\\&lt;"),
        ("$x$", "\\$x\\$"),
        ("\\|", "\\\\\\|"),
        ("http://x www.y", "http\\://x www\\.y"),
    ],
)
def test_markdown(text, shown):
    assert markdown(text) == shown


@given(ANY)
def test_a_markdown_cell_holds_no_bare_bar_and_no_line_break(text):
    shown = markdown(text)
    assert "\n" not in shown
    # Without every escaped character, no character with a meaning is left.
    rest = ""
    characters = iter(shown)
    for character in characters:
        if character == "\\":
            next(characters, "")
        else:
            rest += character
    assert not set(rest) & set("|<>[]`*~&$")


@given(ANY, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", "utf_8", "UTF-16", None]))
def test_plain_can_always_be_written(text, encoding):
    plain(visible(text) + "─━·×–≠¹²", encoding).encode(encoding or "ascii")


def test_plain_keeps_what_fits():
    assert plain("─ × é", "utf-8") == "─ × é"
    assert plain("── 5 × é", "latin-1") == "-- 5 x é"
