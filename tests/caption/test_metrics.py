"""BLEU, CIDEr, CIDEr-D and ROUGE-L by hand, by their properties, and their errors."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.caption.metrics import bleu, cider, cider_d, evaluate_captions, rouge_l
from tushuo.errors import DatasetError, UsageError

REFERENCES = {
    "a": [
        "a brown dog runs on the grass",
        "the dog is running over a green field",
        "a dog runs",
    ],
    "b": ["two children play on the beach", "two kids in the sand"],
    "c": ["a man rides a red bicycle down the street", "a cyclist on a road"],
    "d": ["a horse jumps over a fence"],
}
CANDIDATES = {
    "a": "a dog runs on a green field",
    "b": "two two children play in the sand in the sand",
    "c": "dog",
    "d": "",
}
corpora = st.lists(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=7), min_size=2, max_size=4),
    min_size=1,
    max_size=5,
)


def words(*sentences):
    return [sentence.split() for sentence in sentences]


def test_a_small_corpus_scores_as_in_pycocoevalcap():
    scores = evaluate_captions(CANDIDATES, REFERENCES)
    assert scores.bleu == pytest.approx(
        (0.4776875403294499, 0.4531741911948627, 0.3839406128379326, 4.3818616588632046e-05),
        abs=1e-12,
    )
    assert scores.cider_d == pytest.approx(1.1408738131570466, abs=1e-12)
    assert scores.rouge_l == pytest.approx(0.33308303564919445, abs=1e-12)
    by_image = {"a": 2.97430944, "b": 1.58918581, "c": 0, "d": 0}
    assert scores.cider_d_by_image == pytest.approx(by_image, abs=1e-8)


def test_bleu_clips_repeated_words():
    # Papineni et al., section 2.1: "the" counts twice of seven times.
    candidate = words("the the the the the the the")
    references = [words("the cat is on the mat", "there is a cat on the mat")]
    assert bleu(candidate, references)[0] == pytest.approx(2 / 7)


def test_bleu_takes_the_closest_reference_length_and_the_shorter_on_a_tie():
    references = [words("a b c d e f", "a b")]
    assert bleu(words("a b c d"), references, max_order=1) == pytest.approx((1.0,))
    references = [words("a b c d e f", "a b c d e f g h")]
    penalty = math.exp(1 - 6 / 4)
    assert bleu(words("a b c d"), references, max_order=2) == pytest.approx((penalty, penalty))


def test_bleu_sums_counts_over_the_corpus_before_dividing():
    candidates = words("a b c d", "x")
    references = [words("a b c d"), words("y")]
    assert bleu(candidates, references, max_order=1) == pytest.approx((4 / 5,))


def test_cider_is_the_cosine_of_tf_idf_vectors():
    # Both words of the first image are rare: its vectors are log(2) * (1, 1) and log(2) * (1, 0).
    candidates, references = words("red dog", "cat"), [words("dog"), words("cat")]
    first, second = cider(candidates, references)
    assert first == pytest.approx(10 * math.sqrt(1 / 2) / 4)
    assert second == pytest.approx(10 / 4)


def test_cider_d_punishes_another_length():
    candidates, references = words("dog dog dog", "cat"), [words("dog"), words("cat")]
    [first, _] = cider_d(candidates, references)
    # Clipping: min(3, 1) * 1 / (3 * 1); the length differs by two words.
    assert first == pytest.approx(10 / 4 / 3 * math.exp(-(2**2) / (2 * 6**2)))
    assert cider(candidates, references)[0] == pytest.approx(10 / 4)


def test_rouge_l_joins_the_best_precision_and_recall():
    [score] = rouge_l(words("a dog runs fast"), [words("a brown dog runs", "dog runs")])
    precision, recall = 3 / 4, 1.0
    assert score == pytest.approx(2.44 * precision * recall / (recall + 1.44 * precision))


@given(corpora)
def test_scores_stay_in_their_ranges(corpus):
    candidates = [first for first, *_ in corpus]
    references = [others for _, *others in corpus]
    assert all(0 <= score <= 1 + 1e-9 for score in bleu(candidates, references))
    assert all(0 <= score <= 1 + 1e-9 for score in rouge_l(candidates, references))
    # Without repeated words there is nothing to clip: only the length can cost.
    assert all(0 <= score <= 10 + 1e-9 for score in cider(candidates, references))
    assert all(0 <= score <= 10 + 1e-9 for score in cider_d(candidates, references))


@given(corpora)
def test_cider_d_never_exceeds_cider(corpus):
    candidates = [first for first, *_ in corpus]
    references = [others for _, *others in corpus]
    pairs = zip(cider_d(candidates, references), cider(candidates, references), strict=True)
    assert all(clipped <= plain + 1e-9 for clipped, plain in pairs)


def test_a_copy_of_the_only_reference_scores_full():
    captions = {"1": "a dog runs on the grass", "2": "two people swim in a lake"}
    scores = evaluate_captions(captions, {image: [text] for image, text in captions.items()})
    assert scores.as_dict() == pytest.approx(
        dict.fromkeys(["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L"], 1)
        | {"CIDEr": 10, "CIDEr-D": 10}
    )


def test_case_punctuation_and_order_of_images_do_not_matter():
    shouted = {image: f"{text.upper()} !" for image, text in reversed(CANDIDATES.items())}
    shouted["d"] = "."
    ours, theirs = (evaluate_captions(each, REFERENCES) for each in (shouted, CANDIDATES))
    assert ours.as_dict() == pytest.approx(theirs.as_dict())


def test_the_signature_names_what_scores_depend_on():
    line = evaluate_captions(CANDIDATES, REFERENCES).signature()
    assert line == (
        "tok:ptb-corenlp-3.4.1|bleu:corpus,n4,closest|rouge-l:beta1.2|cider:n4,df-references"
        "|cider-d:n4,sigma6,df-references|distinct:n1,n2|self-bleu:corpus,n4,one-set"
        "|refs:1-3|images:4|metrics:1"
    )
    one = evaluate_captions({"1": "dog"}, {"1": ["a dog"] * 5})
    assert "|refs:5|" in one.signature()


def test_nothing_to_score_is_an_error():
    with pytest.raises(DatasetError, match=r"^got no captions to score; give at least one image$"):
        evaluate_captions({}, {})


def test_ids_of_one_side_only_are_named():
    with pytest.raises(DatasetError) as caught:
        evaluate_captions({"1": "a", "x": "b"}, {"1": ["a"], "2": ["b"], "3": ["c"]})
    assert str(caught.value) == (
        "captions and references are not of the same images: 2 with references but no caption "
        "(such as '2'), 1 with a caption but no references (such as 'x'); score exactly the images "
        "that have references"
    )


def test_an_image_without_references_is_named():
    with pytest.raises(DatasetError, match="image '2' has no reference captions; leave the image"):
        evaluate_captions({"1": "a", "2": "b"}, {"1": ["a"], "2": []})


def test_references_as_one_string_are_refused():
    with pytest.raises(UsageError, match=r"references of '1' are one string.*\['a dog'\]"):
        evaluate_captions({"1": "a dog"}, {"1": "a dog"})
