"""Hashes of files that move an answer, for signatures."""

import hashlib
from functools import lru_cache
from pathlib import Path


def content_sha256(file: Path) -> str:
    """SHA-256 of a file's content; a large one is read again only when its size or time changed."""
    facts = file.stat()
    # Hashing a small file again is cheaper than trusting a clock that ticks every few milliseconds.
    read = _remembered if facts.st_size > 2**24 else _digest
    return read(file.resolve(), facts.st_size, facts.st_mtime_ns)


def folder_sha256(folder: Path) -> str:
    """SHA-256 over the names and contents of all files under a folder."""
    total = hashlib.sha256()
    named = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    for name, file in sorted(named.items()):
        if "__pycache__" not in name:
            total.update(f"{name}\0{content_sha256(file)}\n".encode())
    return total.hexdigest()


def _digest(file: Path, size: int, changed: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


_remembered = lru_cache(maxsize=256)(_digest)
