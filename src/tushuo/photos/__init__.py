"""The photo library: captions of whole folders in one file, kept up to date and searched."""

from __future__ import annotations

from tushuo.photos.browsing import Browsed, Month, Photo, Place, Shown
from tushuo.photos.database import default_library
from tushuo.photos.embedding import Embedder, Space, embedder_of
from tushuo.photos.indexing import Done, Report
from tushuo.photos.library import Library
from tushuo.photos.listing import Entry, Info, write_csv, write_jsonl
from tushuo.photos.parsing import parse_query
from tushuo.photos.planning import Plan, Todo
from tushuo.photos.query import Query
from tushuo.photos.searching import Hit
from tushuo.photos.sharing import (
    Album,
    Captioned,
    Captions,
    Failed,
    Shared,
    Sharing,
    write_captions,
)
from tushuo.photos.watching import watch

__all__ = [
    "Album",
    "Browsed",
    "Captioned",
    "Captions",
    "Done",
    "Embedder",
    "Entry",
    "Failed",
    "Hit",
    "Info",
    "Library",
    "Month",
    "Photo",
    "Place",
    "Plan",
    "Query",
    "Report",
    "Shared",
    "Sharing",
    "Shown",
    "Space",
    "Todo",
    "default_library",
    "embedder_of",
    "parse_query",
    "watch",
    "write_captions",
    "write_csv",
    "write_jsonl",
]
