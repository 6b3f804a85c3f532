"""``python -m hcr_scan``: the command line, where its script is not on the path."""

from __future__ import annotations

from hcr_scan.cli import main

if __name__ == "__main__":
    main()
