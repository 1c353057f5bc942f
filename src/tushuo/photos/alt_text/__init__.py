"""Alt texts for the pictures of a website: what lacks them is found and filled in as a patch."""

from __future__ import annotations

from tushuo.photos.alt_text.filling import AltText, Filled, fill, missing
from tushuo.photos.alt_text.patching import unified_diff
from tushuo.photos.alt_text.site import Page, Site

__all__ = ["AltText", "Filled", "Page", "Site", "fill", "missing", "unified_diff"]
