"""The photo library: captions of whole folders in one file, kept up to date and searched."""

from __future__ import annotations

from tushuo.photos.database import default_library
from tushuo.photos.indexing import Done, Report
from tushuo.photos.library import Library
from tushuo.photos.listing import Entry, Info, write_csv, write_jsonl
from tushuo.photos.planning import Plan, Todo
from tushuo.photos.query import Query, parse_query
from tushuo.photos.searching import Hit

__all__ = [
    "Done",
    "Entry",
    "Hit",
    "Info",
    "Library",
    "Plan",
    "Query",
    "Report",
    "Todo",
    "default_library",
    "parse_query",
    "write_csv",
    "write_jsonl",
]
