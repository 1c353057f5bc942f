"""Installed models of a small world: bundles in English and Chinese with the same encoder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tiny import WORDS, tiny_bundle
from tushuo.caption import Bundle, Evaluation, load_bundle, save_bundle
from tushuo.data import Vocabulary

CHINESE = ["一", "只", "狗", "在", "草", "地", "跑"]


def chinese_bundle(like: Bundle) -> Bundle:
    """The same networks, whose words are Chinese characters."""
    assert len(CHINESE) == len(WORDS)
    vocabulary = Vocabulary.build([CHINESE], min_count=1, language="zh")
    return replace(like, vocabulary=vocabulary, name="tiny-zh")


def install(root: Path) -> Path:
    """Fill a folder of installed models: tiny-en, with scores, and whole-zh."""
    scores = Evaluation("tok:ptb|images:2", {"BLEU-4": 0.25, "CIDEr-D": 0.5})
    save_bundle(root / "tiny-en", replace(tiny_bundle(), evaluation=scores), "# tiny-en\n")
    chinese = chinese_bundle(load_bundle(root / "tiny-en"))
    save_bundle(root / "whole-zh", chinese, "# tiny-zh\n")
    return root
