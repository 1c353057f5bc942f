"""The command `tushuo`. Each command has a file; heavy imports happen when a command runs."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process."""
    try:
        from tushuo.cli.app import app

        app(prog_name="tushuo")
    except KeyboardInterrupt:
        sys.exit(130)
