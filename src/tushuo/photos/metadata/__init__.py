"""Descriptions in photographs and beside them: read, and written without touching the picture.

The containers are mended byte by byte here, since the libraries that could do it either decode and
encode the picture anew, do not know XMP, or are large programs of another language.
"""

from __future__ import annotations

from tushuo.photos.metadata.containers import Container, container_of, read_notes
from tushuo.photos.metadata.existing import persons
from tushuo.photos.metadata.notes import Notes
from tushuo.photos.metadata.sidecar import read_sidecars, sidecar_of
from tushuo.photos.metadata.xmp import ALT_TEXT, DESCRIPTION, WRITTEN, merged, with_default

__all__ = [
    "ALT_TEXT",
    "DESCRIPTION",
    "WRITTEN",
    "Container",
    "Notes",
    "container_of",
    "merged",
    "persons",
    "read_notes",
    "read_sidecars",
    "sidecar_of",
    "with_default",
]
