"""The command `tushuo`. Each command has a file; heavy imports happen when a command runs."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process."""
    from tushuo.cli.app import app
    from tushuo.cli.faces import guarded

    guarded(app)(prog_name="tushuo")
