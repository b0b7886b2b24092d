"""One HTML file out of a summary and the documents: markup, styles, scripts, and a policy that lets nothing else in."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from harness import __version__
from harness.report.html.documents import DocumentsView
from harness.report.html.parts import Summary

# By these words an earlier report is known, which may be written over.
GENERATOR = "harness report"
_HEAD_BYTES = 2_000
# One element, in the order in which they need one another.
_DOCUMENTS_SCRIPTS = (
    "documents_text.js", "documents_draw.js", "documents_address.js", "documents_bodies.js", "documents.js",
)  # fmt: skip


def render(summary: Summary, documents: DocumentsView | None = None) -> str:
    """The whole file.

    Args:
        summary: What stands above the documents.
        documents: What shows them; None for a report without them.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    styles, scripts = [_asset("report.css")], [_asset("report.js")]
    if documents is not None:
        styles.append(_asset("documents.css"))
        scripts.append("".join(map(_asset, _DOCUMENTS_SCRIPTS)))
    # A file loaded from disk has no hash that Chromium could check, so where there are pages the trust in the script
    # passes on to what it loads.
    more = ("'strict-dynamic'",) if documents is not None and documents.pages else ()
    environment = Environment(loader=PackageLoader("harness.report.html"), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    # Styles and scripts are files of this package; a closing tag in one would end it early.
    for text in (*styles, *scripts):
        if "</s" in text.lower():
            raise AssertionError("a style or script holds a closing tag")
    return environment.get_template("report.html.j2").render(
        summary=summary,
        documents=documents,
        styles=[Markup(text) for text in styles],
        scripts=[Markup(text) for text in scripts],
        policy=policy(styles, scripts, more),
        generator=f"{GENERATOR} {__version__}",
    )


def policy(styles: Sequence[str], scripts: Sequence[str], more: Sequence[str] = ()) -> str:
    """The content security policy: these styles and scripts, and nothing else from anywhere.

    Args:
        styles: Texts of the style elements.
        scripts: Texts of the script elements.
        more: What scripts may come from beside these.

    Example:
        >>> policy(["a"], ["b"]).split("; ")[0]
        "default-src 'none'"
    """
    script, style = (" ".join(dict.fromkeys(map(_hash, texts))) for texts in (scripts, styles))
    return (
        f"default-src 'none'; script-src {' '.join((script, *more))}; style-src {style}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def is_report(path: Path) -> bool:
    """Whether an earlier report lies there."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    return head.startswith(b"<!doctype html>") and f'name="generator" content="{GENERATOR} '.encode() in head


def _asset(name: str) -> str:
    return (files("harness.report.html") / "static" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
