"""What people would say about a photograph, phrase by phrase, to choose among sentences by it.

A network that sees the mean of the feature map predicts for each common run of one to four words
how much people's captions are made of it. A sentence made of what is predicted probably agrees
with what people say, as CIDEr measures agreement: so the sentences that a search has found are
ranked by it, beside how likely the decoder finds them.
"""

from tushuo.caption.phrases.files import load_phrases, save_phrases
from tushuo.caption.phrases.fit import count_phrases, fit_phrases
from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.ranking import reranked
from tushuo.caption.phrases.table import PhraseTable

__all__ = [
    "PhraseTable",
    "Phrases",
    "count_phrases",
    "fit_phrases",
    "load_phrases",
    "reranked",
    "save_phrases",
]
