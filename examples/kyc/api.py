"""The Python API with a template: what each form says, and what a person should look at."""

from __future__ import annotations

import sys
from pathlib import Path

from hcr_scan import Settings, filled_forms, load_classifier, load_template, transcribe

HERE = Path(__file__).parent

if __name__ == "__main__":
    template = load_template(HERE / "kyc.toml")
    pages = transcribe(sys.argv[1:] or [HERE / "filled.tif"], load_classifier(), Settings(), templates=[template])
    for form in filled_forms(pages, [template]):
        values = {field.name: field.value for field in form.fields}
        print(f"{values.get('surname', '?')}, {values.get('given_names', '?')}: income {values.get('total', '?')}")
        for field in form.fields:
            if field.reasons:
                print(f"  look at {field.name}: {field.value!r} ({field.confidence:.2f}; {', '.join(field.reasons)})")
