"""`python -m tushuo`, the same as the command `tushuo`."""

from __future__ import annotations

from tushuo.cli import main

if __name__ == "__main__":
    main()
