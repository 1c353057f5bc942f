"""How much a visitor can ask for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds of a server. The number of pixels is bounded by `tushuo.data.MAX_PIXELS`.

    Attributes:
        upload_bytes: The largest file.
        upload_seconds: How long an upload may take.
        uploads: How many photographs are received, waiting or worked on at once.
        waiting_bytes: How many bytes those may have together.
        form_bytes: The largest form or JSON text.
        decoders: How many processes decode images.
        decoding_seconds: How long one may take for an image.
        decoding_bytes: How much memory one may take.
        remembered: How many captioned photographs can still be asked about.
        thumbnails_bytes: How much memory small pictures of the library may take.
    """

    upload_bytes: int = 50 * _MIB
    upload_seconds: float = 60.0
    uploads: int = 24
    waiting_bytes: int = 400 * _MIB
    form_bytes: int = 256 * 1024
    decoders: int = 2
    decoding_seconds: float = 20.0
    decoding_bytes: int = 1536 * _MIB
    remembered: int = 64
    thumbnails_bytes: int = 64 * _MIB
