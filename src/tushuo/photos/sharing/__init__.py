"""Captions carried to other programs: beside photographs, in them, in tables and albums."""

from __future__ import annotations

from tushuo.photos.sharing.album import Album
from tushuo.photos.sharing.captioned import Captioned, Captions, Failed
from tushuo.photos.sharing.shelf import Shelf
from tushuo.photos.sharing.writing import Shared, Sharing, write_captions

__all__ = [
    "Album",
    "Captioned",
    "Captions",
    "Failed",
    "Shared",
    "Sharing",
    "Shelf",
    "write_captions",
]
