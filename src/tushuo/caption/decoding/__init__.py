"""From what a decoder says about the next word to whole sentences: beam search and sampling."""

from __future__ import annotations

from tushuo.caption.decoding.beam import beam_search
from tushuo.caption.decoding.sampling import sample
from tushuo.caption.decoding.settings import Decoding
from tushuo.caption.decoding.step import DecoderStep, Hypothesis, StepFunction

__all__ = ["DecoderStep", "Decoding", "Hypothesis", "StepFunction", "beam_search", "sample"]
