"""Captions of photographs: bundles, decoding, attention maps and scores."""

from __future__ import annotations

from tushuo.caption.bundle import Bundle, installed_bundles, load_bundle, save_bundle
from tushuo.caption.captioner import Caption, Captioner, ImageLike, load_captioner
from tushuo.caption.confidence import Calibration, fit_calibration
from tushuo.caption.decoding import DecoderStep, Decoding, Hypothesis, beam_search, sample
from tushuo.caption.explain import explain
from tushuo.caption.heatmap import heatmap, spotlight
from tushuo.caption.options import DecodingOptions
from tushuo.caption.stream import Outcome, Photograph, caption_files, process

__all__ = [
    "Bundle",
    "Calibration",
    "Caption",
    "Captioner",
    "DecoderStep",
    "Decoding",
    "DecodingOptions",
    "Hypothesis",
    "ImageLike",
    "Outcome",
    "Photograph",
    "beam_search",
    "caption_files",
    "explain",
    "fit_calibration",
    "heatmap",
    "installed_bundles",
    "load_bundle",
    "load_captioner",
    "process",
    "sample",
    "save_bundle",
    "spotlight",
]
