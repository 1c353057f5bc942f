"""The settings of a search for sentences."""

from __future__ import annotations

from dataclasses import dataclass

from tushuo.errors import UsageError

__all__ = ["Decoding"]


@dataclass(frozen=True)
class Decoding:
    """Settings of a search. The names are those of Hugging Face where it has the same thing.

    Args:
        beams: K, how many unfinished sentences are kept; 1 takes the likeliest word each time.
            In sampling, how many sentences are drawn.
        max_words: The longest sentence, without the begin and end tokens.
        length_penalty: The exponent α of the score `logprob / length**α`, where the length counts
            the words and the end token (as `length_penalty` of Hugging Face; Wu et al., "Google's
            neural machine translation system", 2016, section 7, use a function that grows alike).
            0 ranks by log-probability, 1 by its mean over the words; above 1 favours length.
        patience: The search ends once there are so many times as many finished sentences as beams
            (Kasai et al., "A call for clarity in beam search: how it works and when it stops",
            LREC 2024, section 3). Above 1 pays where sentences are ranked anew in the end.
        min_words: The shortest sentence.
        no_repeat_ngram_size: Runs of so many words occur once in a sentence; 0 allows repetition.
            Where nothing else could follow, a run may repeat all the same.
        num_beam_groups: G, into how many groups the beams are divided (Vijayakumar et al.,
            "Diverse beam search", AAAI 2018); each group avoids the words of those before it.
        diversity_penalty: λ, what a word loses in log-probability for each time that an earlier
            group chose it at the same place (their Hamming diversity, section 4).
        do_sample: Draw sentences by chance rather than search for the likeliest.
        temperature: Log-probabilities are divided by it before drawing; below 1 more careful.
        top_k: Draw among so many likeliest words; 0 for all.
        top_p: Draw among the likeliest words that together have this probability (Holtzman et
            al., "The curious case of neural text degeneration", ICLR 2020, section 3.1).
        seed: Another seed draws other sentences.
        include: The ids of words that every sentence has.
        exclude: The ids of words that no sentence has.
        phrase_weight: What a sentence of the beam gains in the ranking for each point of CIDEr that
            the model expects of it (see `tushuo.caption.phrases`); 0 ranks by likelihood alone.
        match_weight: What it gains for a similarity of 1 to the photograph in the joint space (see
            `tushuo.caption.embedding`); 0 leaves that out.

    Raises:
        UsageError: A number is out of its range, or two settings contradict each other.
    """

    beams: int = 3
    max_words: int = 20
    length_penalty: float = 0.0
    patience: float = 1.0
    min_words: int = 1
    no_repeat_ngram_size: int = 0
    num_beam_groups: int = 1
    diversity_penalty: float = 0.0
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    include: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()
    phrase_weight: float = 0.0
    match_weight: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name}: got {value}, expected {low:g} to {high:g}")
        self._check_lengths()
        self._check_groups()
        self._check_sampling()

    @property
    def rows(self) -> int:
        """R, how many unfinished sentences of a photograph a decoder is asked about at once."""
        return self.beams * (1 + len(set(self.include)))

    def score(self, logprob: float, words: int) -> float:
        """What a finished sentence is ranked by; higher is better."""
        return float(logprob / (words + 1) ** self.length_penalty)

    def _check_lengths(self) -> None:
        if self.min_words > self.max_words:
            raise UsageError(f"min_words {self.min_words} is above max_words {self.max_words}")
        included = len(set(self.include))
        if included > _MOST_INCLUDED:
            raise UsageError(f"{included} words to include, expected at most {_MOST_INCLUDED}")
        if included > self.max_words:
            raise UsageError(f"{included} words to include, but max_words is {self.max_words}")
        if both := sorted(set(self.include) & set(self.exclude)):
            raise UsageError(f"a word is both included and excluded (number {both[0]})")

    def _check_groups(self) -> None:
        if self.beams % self.num_beam_groups:
            raise UsageError(
                f"{self.beams} beams do not divide into {self.num_beam_groups} groups",
                hint="num_beam_groups divides beams",
            )
        if self.diversity_penalty and self.num_beam_groups == 1:
            raise UsageError("diversity_penalty without groups", hint="set num_beam_groups")

    def _check_sampling(self) -> None:
        drawn = (self.temperature, self.top_k, self.top_p) != (1.0, 0, 1.0)
        if drawn and not self.do_sample:
            raise UsageError(
                "temperature, top_k and top_p: for sampling only", hint="set do_sample"
            )
        if self.do_sample and (self.include or self.num_beam_groups > 1):
            raise UsageError(
                "include and num_beam_groups: for beam search only", hint="leave out do_sample"
            )


_MOST_INCLUDED = 20  # each multiplies the work
_RANGES = {
    "beams": (1, 1000),
    "max_words": (1, 1000),
    "length_penalty": (-10, 10),
    "patience": (1, 100),
    "min_words": (1, 1000),
    "no_repeat_ngram_size": (0, 1000),
    "num_beam_groups": (1, 1000),
    "diversity_penalty": (0, 1000),
    "temperature": (0.01, 100),
    "top_k": (0, 1_000_000),
    "top_p": (0.001, 1),
    "seed": (0, 2**63 - 1),
    "phrase_weight": (0, 1000),
    "match_weight": (0, 1000),
}
