"""What people would say about a photograph, phrase by phrase, to choose among sentences by it.

From how like a photograph is to those of the training, a network predicts for each common run of
one to four words how much people's captions are made of it. A sentence made of what is predicted
probably agrees with what people say, as CIDEr measures agreement: so sentences are searched for and
ranked by it, beside how likely the decoder finds them.
"""

from tushuo.caption.phrases.files import load_phrases, save_phrases
from tushuo.caption.phrases.fit import count_phrases, fit_phrases
from tushuo.caption.phrases.judge import Judge, judges_of
from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import PhraseTable

__all__ = [
    "Judge",
    "PhraseTable",
    "Phrases",
    "count_phrases",
    "fit_phrases",
    "judges_of",
    "load_phrases",
    "save_phrases",
]
