"""The Python API in ten lines: every field and line of the pages given, with its confidence."""

from __future__ import annotations

import sys

from hcr_scan import PageFailure, Settings, load_classifier, transcribe

if __name__ == "__main__":
    for page in transcribe(sys.argv[1:] or ["examples/forms"], load_classifier(), Settings()):
        where = f"{page.source.path} page {page.source.page}"
        if isinstance(page, PageFailure):
            print(f"{where} {page.message}", file=sys.stderr)
            continue
        for field in page.fields:
            print(f"{where}: {field.name} = {field.value!r} ({field.confidence:.2f}, {field.status})")
        for line in page.lines:
            print(f"{where}: {line.text!r} ({line.confidence:.2f}, {line.status})")
