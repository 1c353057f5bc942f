"""Photographs, captions, vocabularies and batches: everything between files and arrays."""

from __future__ import annotations

from tushuo.data.batches import CaptionBatch, caption_batches, count_batches
from tushuo.data.captions import CaptionDataset, load_captions, split, with_dev
from tushuo.data.colour import to_rgb
from tushuo.data.example import Example
from tushuo.data.finding import Found, find_images
from tushuo.data.images import IMAGE_SUFFIXES, MAX_BYTES, MAX_PIXELS, ImageSource, load_image
from tushuo.data.mnist import Digits, Mnist, load_data_wrapper, load_mnist, normalize_digit
from tushuo.data.preprocess import Preprocessing, ResizeMode
from tushuo.data.vocabulary import BOS, EOS, PAD, SPECIAL_TOKENS, UNK, Vocabulary
from tushuo.data.words import LANGUAGES, detokenize, is_chinese, tokenize

__all__ = [
    "BOS",
    "EOS",
    "IMAGE_SUFFIXES",
    "LANGUAGES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "PAD",
    "SPECIAL_TOKENS",
    "UNK",
    "CaptionBatch",
    "CaptionDataset",
    "Digits",
    "Example",
    "Found",
    "ImageSource",
    "Mnist",
    "Preprocessing",
    "ResizeMode",
    "Vocabulary",
    "caption_batches",
    "count_batches",
    "detokenize",
    "find_images",
    "is_chinese",
    "load_captions",
    "load_data_wrapper",
    "load_image",
    "load_mnist",
    "normalize_digit",
    "split",
    "to_rgb",
    "tokenize",
    "with_dev",
]
