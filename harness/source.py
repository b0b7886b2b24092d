"""Hashes of source code: a kept answer is used again only while the rules that gave it are what they were."""

import importlib
import re
import sys
from functools import cache
from pathlib import Path

from harness.files import sha256

_IMPORTED = re.compile(r"^\s*from ([\w.]+) import", re.MULTILINE)


@cache
def code_sha256(module: str) -> str:
    """Hash of a kind's source and of what it imports from the kinds' packages, so that a changed rule asks again."""
    packages = tuple({f"{module.rpartition('.')[0]}.", "harness.model."}) if "." in module else ()
    waiting, sources = [module], {}
    while waiting:
        name = waiting.pop()
        file = getattr(sys.modules.get(name) or importlib.import_module(name), "__file__", None)
        if name in sources or file is None:
            continue
        sources[name] = Path(file).read_text(encoding="utf-8")
        waiting += [found for found in _IMPORTED.findall(sources[name]) if packages and found.startswith(packages)]
    return sha256(sources)
