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


def render(summary: Summary, documents: DocumentsView | None = None) -> str:
    """The whole file.

    Args:
        summary: What stands above the documents.
        documents: What shows them; None for a report without them.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    css, js = (_asset(name) for name in ("report.css", "report.js"))
    styles, scripts = [css], [js]
    if documents is not None:
        styles.append(documents.css)
        scripts.append(documents.js)
    environment = Environment(loader=PackageLoader("harness.report.html"), autoescape=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    # Styles and scripts are files of this package; a closing tag in one would end it early.
    for text in (*styles, *scripts):
        if "</s" in text.lower():
            raise AssertionError("a style or script holds a closing tag")
    return environment.get_template("report.html.j2").render(
        summary=summary,
        documents=documents,
        css=Markup(css),
        js=Markup(js),
        documents_css=Markup(documents.css) if documents is not None else "",
        documents_js=Markup(documents.js) if documents is not None else "",
        policy=policy(styles, scripts, documents.script_sources if documents is not None else ()),
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
