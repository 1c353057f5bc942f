"""Captions of photographs: bundles, decoding, attention maps and scores."""

from __future__ import annotations

from tushuo.caption.bundle import Bundle, load_bundle, save_bundle
from tushuo.caption.captioner import Caption, Captioner, ImageLike
from tushuo.caption.confidence import Calibration, fit_calibration
from tushuo.caption.decoding import DecoderStep, Decoding, Hypothesis, beam_search, sample
from tushuo.caption.evaluation import Evaluation
from tushuo.caption.explain import explain
from tushuo.caption.heatmap import heatmap, spotlight
from tushuo.caption.languages import Views, caption_files_each
from tushuo.caption.loading import bundle_of, installed_bundles, load_captioner
from tushuo.caption.options import DecodingOptions
from tushuo.caption.stream import Outcome, Photograph, caption_files, process
from tushuo.caption.watching import Unfinished, Watch

__all__ = [
    "Bundle",
    "Calibration",
    "Caption",
    "Captioner",
    "DecoderStep",
    "Decoding",
    "DecodingOptions",
    "Evaluation",
    "Hypothesis",
    "ImageLike",
    "Outcome",
    "Photograph",
    "Unfinished",
    "Views",
    "Watch",
    "beam_search",
    "bundle_of",
    "caption_files",
    "caption_files_each",
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
