"""From the CSV of a scan to pandas: what is sure goes on, what is not goes to a person.

    hcr-scan examples/forms --out results.csv
    python examples/to_pandas.py results.csv

Needs pandas (pip install '.[pandas]').
"""

from __future__ import annotations

import sys

import pandas as pd


def read_results(path: str) -> pd.DataFrame:
    """One row a field or line; text stays text: leading zeros are kept, and a town called NA is no missing value."""
    text = ["file", "template", "kind", "name", "value", "status", "reasons", "raw", "alternatives", "error"]
    numbers = ["confidence", "min_glyph_confidence", "left", "top", "right", "bottom"]
    return pd.read_csv(
        path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=dict.fromkeys(numbers, "")
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/to_pandas.py results.csv")
    results = read_results(sys.argv[1])
    print(results.groupby(["file", "page", "status"]).size().unstack(fill_value=0).to_string())
    doubtful = results[results["status"].isin(["review", "rejected", "failed"])]
    print(f"\n{len(doubtful)} of {len(results)} rows need a look:")
    print(doubtful[["file", "page", "name", "value", "confidence", "reasons"]].to_string(index=False))
