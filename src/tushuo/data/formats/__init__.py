"""The layouts of caption data sets, one a file: each tells its own and lists its photographs."""

from __future__ import annotations

from tushuo.data.formats import coco, flickr8k, folder, karpathy

__all__ = ["coco", "flickr8k", "folder", "karpathy"]
