"""``hcr-scan`` and ``python -m hcr_scan``: the command line."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. Workers import this module too and need nothing of it, so it imports nothing by itself."""
    from hcr_scan.cli import main as run_and_exit

    run_and_exit()


if __name__ == "__main__":
    main()
