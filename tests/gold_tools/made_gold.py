"""What tests of gold tools share; read with `runpy`."""

import json


def write(folder, **files):
    """A folder of record files, one JSON object a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in files.items():
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder
