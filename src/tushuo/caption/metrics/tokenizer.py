"""Captions to words, as the Stanford PTB tokenizer does it for the COCO caption scores.

The published scores are computed on the words that Stanford CoreNLP 3.4.1's `PTBTokenizer` finds
(`-preserveLines -lowerCase`), less a fixed list of punctuation (Chen et al., "Microsoft COCO
Captions", 2015, section 3.1). This module finds the same words without Java: at each place the rule
that matches the longest text wins, and the earlier rule on a tie, as in the scanner it follows.

The rules were found by comparing with that tokenizer. They cover what captions hold: words, clitics
(`do n't`), hyphens, numbers, abbreviations, quotes, brackets, symbols. Tokens that span spaces
(telephone numbers, tags with attributes), web addresses with paths and most emoticons are left out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

__all__ = ["PUNCTUATION", "tokenize"]

PUNCTUATION = frozenset(
    {"''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-"}
    | {".", "?", "!", ",", ":", "-", "--", "...", ";"}
)
"""The tokens that pycocoevalcap removes; lower-cased brackets (`-lrb-`) are not among them."""

# Abbreviations whose dot belongs to them.
_ABBREVIATIONS = """
adj adm alex assoc asst atty attys ave brig capt cf cie cmdr col comdr cpl dept det dr
drs ens ft gen gov govs hon insp jos lieut lt maj messrs mfg mlle mme mr mrs ms mt natl pfc ph pres
prof profs pvt rep reps rev sen sens sgt spc st ste supt supts treas vs wm al ala apr ariz assn aug
bancorp bhd bldg blvd bros calif co colo conn corp cos ct dak dec esq est etc ext feb fla fri ga inc
ind intl jan jr jul jun kan kans ky ltd mar md mich minn mo mon nov oct okla penn plc pte pty ptys
rd rt sep sept seq sq sr sys tel tenn thu thurs tue tues univ va vt wed wis wisc wyo"""
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": "''", "apos": "'", "nbsp": "--"}
_ENTITIES |= {"mdash": "--", "ndash": "--"}
# Common words unless they begin with a capital: "ill." ends a sentence, "Ill." is a state.
_STATES = "ark del ill la mass miss mont neb nev ore pa tex wash"
_BEFORE_NUMBERS = "art ca fig figs no nos op pp prop"
_ALNUM = r"[^\W_²³¹]"
_LETTER = r"[^\W\d_²³¹]"
_LETTERS = rf"{_LETTER}+"
_PART = rf"(?:[A-HJ-XZdlno]['’](?={_LETTER}{{2}}))?{_ALNUM}+"
_THING = rf"{_PART}(?:[-‐‑_]{_PART})*"
_NUMBER = r"[-+]?(?:\d+|[.,:]\d+)(?:[.,:]\d+)*"
_SLASHED = r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"
_END = rf"(?!{_ALNUM})"
_ALONE = r"(?![\w'-])"
_NUMBER_FOLLOWS = "\x00"  # stands for a next word that begins with a digit


def _either(words: str) -> str:
    return "|".join(words.split())


# The first part of a word that is cut in two; these rules go before all others.
_CUTS = re.compile(
    rf"(?i:{_LETTERS}?(?=n['’`]t)"  # do|n't
    rf"|{_LETTERS}(?<!cap)(?='n{_END})"  # more|'n
    rf"|can(?=not{_ALONE})|(?:gon|wan)(?=na{_ALONE})|got(?=ta{_ALONE})|(?:lem|gim)(?=me{_ALONE})"
    r"|'t(?=is|was))"
)
_RULES = [
    re.compile(rule)
    for rule in (
        r"(?i:n['’`]t)",
        r"['’](?:[sdm]|re|ve|ll|S|D|M|RE|VE|LL)(?![A-Za-z])",  # dog|'s
        rf"(?i:ma['’]am|n?e['’]er|nor['’]easter|c['’]mon|c'est|qu['’]il|cap'n){_END}",
        rf"(?i:['’]n['’]|['’]\d\ds|(?:somethin'|ol'|['’]em|['’]n|'til|'cause){_END})|’\d\d{_END}",
        rf"(?i:y['’](?={_ALNUM})|[dlj]['’])",
        r"'\d\ds?(?=$|[.,;:!?)\]])",  # '90s
        _THING,
        rf"{_LETTERS}(?:[.!?]{_LETTERS})+",  # example.com
        rf"[A-Za-z](?:\.[A-Za-z])+(?:\.?-{_THING}|\.)?",  # u.s.
        rf"(?i:{_either(_ABBREVIATIONS)}|[A-Z])\.",
        rf"(?:{_either(_STATES.title())}|{_either(_STATES.upper())})\.",
        rf"(?i:{_either(_BEFORE_NUMBERS)})\.(?=[{_NUMBER_FOLLOWS}\d])",
        _NUMBER,
        rf"\d+(?:[.,]\d+)*(?:-{_ALNUM}+)+",  # 3.5-inch
        rf"{_SLASHED}(?:/{_SLASHED}){{1,2}}",  # and/or
        r"[A-Z]+(?:[&+][A-Z]+)+|[Cc]\+\+|[CFc]#|[A-Z]+\$",  # AT&T, C++, US$
        r"@[A-Za-z_]\w*|#[A-Za-z]+|\w[\w.]{0,63}@[\w.]*\w",
        r"<[/!?]?[A-Za-z][\w.:-]*/?>",  # <unk>
        r"(?:https?://|www\.)[^\s\x00\"'<>()]*\w",
        r">?[:;=]['-]?[()DP](?!\w)",  # :-)
        rf"(?i:&(?:{'|'.join(_ENTITIES)});)",
        r"\.\.\.|--+|``|''|[?!]+|_+|\*+|#+|@+|<<|>>",
        r"[^\s\x00]",
    )
]
_UNIFY = str.maketrans(
    {"“": '"', "”": '"', "«": '"', "»": '"', "‘": "`", "‹": "`", "›": "'", "…": " ... "}
    | {"–": " -- ", "—": " -- ", "―": " -- ", "\xad": None}
    | dict.fromkeys("\u200b\u200d\u2060\ufeff", " ")
    | dict(zip("½¼¾⅓⅔", (" 1/2 ", " 1/4 ", " 3/4 ", " 1/3 ", " 2/3 "), strict=True))
)
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_SYMBOLS = {'"': "''", "€": "$", "¤": "$", "£": "#", "¢": "cents", "’": "'", "‐": "-", "‑": "-"}
_CLITIC = re.compile(r"n’t|’(?:[sdm]|re|ve|ll)")
# The scanner drops what its alphabet lacks: controls, 32-bit characters (emoji), some brackets.
_UNKNOWN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\U00010000-\U0010ffff₹「」『』【】]")


def tokenize(caption: str) -> list[str]:
    """Split a caption into the lower-case words that the caption scores are computed on.

    Args:
        caption: One caption; line breaks count as spaces.

    Returns:
        The words, without punctuation; empty for an empty or purely punctuated caption.
    """
    chunks = _UNKNOWN.sub(" ", caption.translate(_UNIFY)).split()
    return [
        word
        for chunk, following in pairwise([*chunks, ""])
        for word in _chunk_words(chunk, following[:1].isdigit())
    ]


@lru_cache(maxsize=1 << 15)
def _chunk_words(chunk: str, number_follows: bool) -> tuple[str, ...]:
    """Words of a stretch without spaces; whether a number follows decides about "no."."""
    text = chunk + _NUMBER_FOLLOWS * number_follows
    words = []
    place = 0
    while place < len(chunk):
        token = _token(text, place)
        place += len(token)
        words.append(_written(token))
    return tuple(word.lower() for word in words if word not in PUNCTUATION)


def _token(text: str, place: int) -> str:
    cut = _CUTS.match(text, place)
    found = [cut] if cut else [rule.match(text, place) for rule in _RULES]
    return max((match.group() for match in found if match), key=len)


def _written(token: str) -> str:
    """The token in the treebank's own spelling."""
    if token.startswith("--"):
        return "--"
    if token.startswith("&") and token.endswith(";"):
        return _ENTITIES[token[1:-1].lower()]
    if _CLITIC.fullmatch(token.lower()):
        return token.replace("’", "'")
    return _SYMBOLS.get(token) or "".join(
        _BRACKETS.get(character, character) for character in token
    )
