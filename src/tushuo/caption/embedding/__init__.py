"""One space for photographs and sentences: those that mean the same lie close together."""

from __future__ import annotations

from tushuo.caption.embedding.embedder import Embedder, Space
from tushuo.caption.embedding.files import load_embedder, save_embedder
from tushuo.caption.embedding.pieces import PieceList, is_chinese, pieces_of
from tushuo.caption.embedding.recall import Recall, recall
from tushuo.caption.embedding.relevance import Relevance, fit_relevance

__all__ = [
    "Embedder",
    "PieceList",
    "Recall",
    "Relevance",
    "Space",
    "fit_relevance",
    "is_chinese",
    "load_embedder",
    "pieces_of",
    "recall",
    "save_embedder",
]
