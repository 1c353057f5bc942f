"""Phrases: counted, predicted, kept in a bundle, and what they do to the choice of a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tiny import tiny_bundle
from tushuo.caption import Decoding, load_bundle, save_bundle
from tushuo.caption.captioner import Captioner
from tushuo.caption.decoding import Hypothesis
from tushuo.caption.metrics import cider
from tushuo.caption.phrases import Judge, Phrases, PhraseTable, count_phrases, fit, fit_phrases
from tushuo.caption.phrases.table import phrases_of
from tushuo.data import EOS, SPECIAL_TOKENS, UNK
from tushuo.errors import BundleError, ShapeError, UsageError
from tushuo.graph import Tensor, ops
from tushuo.models.phrase_predictor import PhrasePredictor

WORDS = range(len(SPECIAL_TOKENS), len(SPECIAL_TOKENS) + 7)
sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7)
corpora = st.lists(st.lists(sentences, min_size=1, max_size=3), min_size=2, max_size=5)


def as_words(ids):
    return [str(i) for i in (*ids, EOS)]


@given(corpora, st.data())
def test_what_agrees_with_all_captions_is_cider(captions, data):
    table = count_phrases(captions, 1)
    assume(len(table))
    which = data.draw(st.integers(0, len(captions) - 1))
    sentence = data.draw(st.sampled_from([one for several in captions for one in several]))
    expected = np.zeros(len(table), np.float32)
    for one in captions[which]:
        places, values = table.shares(one)
        expected[places] += values / len(captions[which])
    network = PhrasePredictor(3, len(table), directions=2, photographs=4, rank=1)
    candidates = [as_words(sentence)] * len(captions)
    references = [[as_words(one) for one in several] for several in captions]
    found = Phrases(table, network).agreement(expected, sentence)
    assert found == pytest.approx(cider(candidates, references)[which], abs=1e-4)


def test_rare_phrases_and_those_of_all_photographs_are_left_out():
    a, b, c = WORDS[:3]
    table = count_phrases([[[a, b], [a]], [[a, c]], [[a, b]]], 2)
    assert set(table.phrases) == {(a, b), (b,), (b, EOS), (a, b, EOS)}
    np.testing.assert_allclose(table.rarity, np.log(1.5), rtol=1e-6)


def test_of_too_many_phrases_the_usual_ones_are_kept():
    a, b, c = WORDS[:3]
    captions = [[[a, b]], [[a, c]], [[a, b]], [[c]]]
    assert count_phrases(captions, 1, most=1).phrases == ((a,),)
    all_of_them = count_phrases(captions, 1)
    assert count_phrases(captions, 1, most=5).phrases == all_of_them.phrases[:5]


def test_unknown_words_make_no_phrase():
    table = count_phrases([[[WORDS[0], UNK]], [[WORDS[1]]]], 1)
    assert table.phrases
    assert not any(UNK in phrase for phrase in table.phrases)


def learnt(photographs=60, rank=50, ridge=1e-3):
    """Photographs whose features say which word their caption begins with."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=photographs)
    captions = [[[WORDS[k], WORDS[3]], [WORDS[k], WORDS[4]]] for k in kinds]
    pooled = np.eye(3)[kinds] + 0.01 * rng.normal(size=(photographs, 3)) + 5
    table = count_phrases(captions, 2)
    phrases = fit_phrases(
        table, pooled.astype(np.float32), captions, ridge=ridge, rank=rank, directions=3
    )
    return phrases, kinds, pooled


def test_what_people_say_is_learnt():
    phrases, kinds, pooled = learnt()
    expected = phrases.expected(pooled[:, None])  # (N, L = 1, D)
    for k in range(3):
        place = phrases.table.phrases.index((WORDS[k],))
        said = expected[:, place]
        assert said[kinds == k].min() > said[kinds != k].max() + 0.3


def test_the_fit_is_that_of_kernel_ridge_regression():
    phrases, kinds, pooled = learnt(ridge=0.2)
    x = (pooled - pooled.mean(0)) / pooled.std(0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)  # all three directions: turned, angles stay
    likeness = np.exp(x @ x.T - 1)
    table, said = phrases.table, np.zeros((len(pooled), len(phrases.table)))
    for row, k in zip(said, kinds, strict=True):
        for last in WORDS[3:5]:
            places, values = table.shares([WORDS[k], last])
            row[places] += values / 2
    usual = said.mean(0)
    weights = np.linalg.solve(likeness + 0.2 * np.eye(len(x)), said - usual)
    np.testing.assert_allclose(
        phrases.expected(pooled[:, None]), likeness @ weights + usual, atol=1e-4
    )


def test_a_lower_rank_predicts_nearly_the_same():
    exact, _, pooled = learnt()
    low, _, _ = learnt(rank=2)  # three kinds differ in two directions
    assert low.network.lower.weight.shape[0] == 2
    np.testing.assert_allclose(
        low.expected(pooled[:, None]), exact.expected(pooled[:, None]), atol=0.02
    )


def test_what_tells_nothing_weighs_little():
    """Three photographs differ in two directions, and a dead channel in none."""
    rng = np.random.default_rng(1)
    captions = [[[WORDS[k], WORDS[3]]] for k in range(3)] * 4
    pooled = np.tile(rng.normal(size=(3, 40)).astype(np.float32), (4, 1))
    pooled[:, 7] = 0.0
    table = count_phrases(captions, 1)
    network = fit_phrases(table, pooled, captions, ridge=0.1, rank=30, directions=20).network
    assert network.project.weight.shape == (2, 40)
    assert network.lower.weight.shape == (2, 12)
    assert max(np.abs(w).max() for w in network.state_dict().values()) < 10


def test_of_very_many_photographs_some_are_taken(monkeypatch):
    monkeypatch.setattr(fit, "_MOST_PHOTOGRAPHS", 20)
    phrases, _, pooled = learnt(photographs=60, ridge=0.1)
    assert phrases.network.known.weight.shape == (20, 3)
    assert phrases.expected(pooled[:, None]).shape == (60, len(phrases.table))


def test_8_bit_weights_predict_nearly_the_same(tmp_path):
    mine = ranking_bundle()
    save_bundle(tmp_path / "b", mine, "", store="int8")
    features = np.random.default_rng(5).normal(size=(9, 4, 1280))
    exact, short = (one.phrases.expected(features) for one in (mine, load_bundle(tmp_path / "b")))
    assert np.abs(short - exact).std() < 0.05 * (exact - exact.mean(0)).std()


def test_the_sentence_that_people_would_say_comes_first():
    phrases, kinds, pooled = learnt()
    seen = int(kinds[0])
    expected = phrases.expected(pooled[:1, None])[0]
    likely, said = (
        Hypothesis((WORDS[k], WORDS[3]), -1.0, score, np.zeros((2, 4)))
        for k, score in (((seen + 1) % 3, -0.4), (seen, -0.5))
    )
    judge = Judge(phrases, expected, Decoding(phrase_weight=1.0), 20)
    first, second = judge.ranked([likely, said])
    assert (first.ids, second.ids) == (said.ids, likely.ids)
    assert first.score > second.score
    assert first.logprob == said.logprob


def ranking_bundle():
    bundle = tiny_bundle()
    rng = np.random.default_rng(3)
    captions = [[rng.choice(WORDS, size=4).tolist()] for _ in range(12)]
    pooled = rng.normal(size=(12, 1280)).astype(np.float32)
    phrases = fit_phrases(
        count_phrases(captions, 1), pooled, captions, ridge=0.1, rank=8, directions=6
    )
    decoding = replace(bundle.decoding, phrase_weight=2.0)
    return replace(bundle, phrases=phrases, decoding=decoding)


@given(sentences, st.floats(0.1, 5), st.floats(0, 1))
def test_what_words_gain_sums_to_half_the_agreement_of_a_usual_sentence(sentence, weight, power):
    phrases, _, pooled = learnt()
    expected = phrases.expected(pooled[:1, None])[0]
    settings = Decoding(phrase_weight=weight, length_penalty=power)
    judge = Judge(phrases, expected, settings, 20)
    gained = sum(judge(tuple(sentence[:i]))[word] for i, word in enumerate((*sentence, EOS)))
    table = phrases.table
    usual = 0.5 * weight * (table.length + 1) ** power * 10 / 4
    wanted = 0.0
    for phrase, count in phrases_of(sentence).items():
        if phrase in table.phrases:
            i = table.phrases.index(phrase)
            wanted += count * expected[i] * table.rarity[i] / table.norms[len(phrase) - 1]
    assert gained == pytest.approx(usual * wanted, rel=1e-3, abs=1e-3)


def test_norms_and_length_are_those_of_usual_sentences():
    phrases, kinds, _ = learnt()
    table, norms = phrases.table, []
    for k in kinds:
        for last in WORDS[3:5]:
            found = phrases_of([WORDS[k], last])
            pairs = [p for p in found if len(p) == 2 and p in table.phrases]
            norms.append(np.linalg.norm(table.rarity[[table.phrases.index(p) for p in pairs]]))
    assert table.norms[1] == pytest.approx(np.mean(norms), rel=1e-4)
    assert table.length == 2


def test_a_captioner_finds_what_people_would_say():
    captioner = Captioner(ranking_bundle())
    bundle, features = captioner.bundle, np.random.default_rng(4).normal(size=(5, 4, 1280))
    expected = bundle.phrases.expected(features)

    def agreements(captions):
        ids = [bundle.vocabulary.encode(caption.words)[1:-1] for caption in captions]
        return np.array(
            [bundle.phrases.agreement(e, i) for e, i in zip(expected, ids, strict=True)]
        )

    plain = captioner.caption_features(features, phrase_weight=0.0)
    guided = captioner.caption_features(features, phrase_weight=20.0)
    assert agreements(guided).sum() > agreements(plain).sum()
    for caption, agreement in zip(guided, agreements(guided), strict=True):
        likely = bundle.decoding.score(caption.logprob, len(caption.words))
        assert caption.score == pytest.approx(likely + 20 * agreement, rel=1e-4)
        assert all(caption.score >= other.score for other in caption.alternatives)


def test_the_probability_of_a_favoured_sentence_is_the_decoders_own():
    captioner = Captioner(ranking_bundle())
    features = np.random.default_rng(4).normal(size=(1, 4, 1280))
    (caption,) = captioner.caption_features(features, phrase_weight=20.0)
    decoder, ids = captioner.bundle.decoder, captioner.bundle.vocabulary.encode(caption.words)
    logits, _ = decoder(Tensor(features.astype(np.float32)), Tensor(np.array([[ids[:-1]]])))
    log_probs = ops.log_softmax(logits, axis=-1).numpy()[0, 0]  # (T, V)
    assert caption.logprob == pytest.approx(
        log_probs[np.arange(len(ids) - 1), ids[1:]].sum(), abs=1e-4
    )


def test_drawn_sentences_are_left_as_they_were_drawn():
    captioner = Captioner(ranking_bundle())
    features = np.random.default_rng(4).normal(size=(2, 4, 1280))
    with_them = captioner.caption_features(features, do_sample=True, seed=3)
    without = captioner.caption_features(features, do_sample=True, seed=3, phrase_weight=0.0)
    assert [c.text for c in with_them] == [c.text for c in without]


def test_a_captioner_without_them_says_so():
    with pytest.raises(UsageError, match="phrase_weight: model 'tiny' knows no phrases"):
        Captioner(tiny_bundle()).settings(phrase_weight=1.0)


@pytest.fixture
def folder(tmp_path):
    save_bundle(tmp_path / "b", ranking_bundle(), "")
    return tmp_path / "b"


def test_there_and_back(folder):
    mine, loaded = ranking_bundle(), load_bundle(folder)
    assert loaded.phrases.table.phrases == mine.phrases.table.phrases
    assert loaded.decoding == mine.decoding
    features = np.ones((1, 4, 1280), np.float32)
    np.testing.assert_allclose(
        loaded.phrases.expected(features), mine.phrases.expected(features), atol=0.02
    )


def test_people_can_read_them(folder):
    written = json.loads((folder / "phrases.json").read_text("utf-8"))["phrases"]
    assert "dog" in written
    assert any(" " in phrase for phrase in written)


def edit(folder, **changes):
    path = folder / "phrases.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def edit_weights(folder, **changes):
    path = folder / "phrases.safetensors"
    weights = {**load_file(path), **changes}
    path.unlink()
    save_file({name: x for name, x in weights.items() if x is not None}, path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "phrases.json").unlink(), "phrase_weight 2, but the folder has no phrases"),
        (lambda f: (f / "phrases.safetensors").unlink(), "phrases.safetensors: missing"),
        (lambda f: edit(f, format_version=9), "got 9, expected 2; a newer tushuo may read it"),
        (lambda f: edit(f, format_version=1), "older than this tushuo: fit the phrases again: "),
        (lambda f: edit(f, phrases=[]), "phrases: got [], expected a list of texts"),
        (lambda f: edit(f, phrases="dog"), "phrases: got 'dog', expected a list of texts"),
        (lambda f: edit(f, phrases=["dog", "unicorn"]), "the model has no word 'unicorn'"),
        (lambda f: edit(f, phrases=["dog dog dog dog dog"]), "but rarities"),
        (lambda f: edit_weights(f, rarity=-np.ones(3, np.float32)), "but rarities"),
        (
            lambda f: edit_weights(f, **{"lower.weight": np.ones((2, 3), np.float16)}),
            "lower.weight: got shape (2, 3), expected (any, 12)",
        ),
        (
            lambda f: edit_weights(f, **{"known.weight": np.ones((12, 9), np.float16)}),
            "project.weight: got shape (6, 1280), expected (9, 1280)",
        ),
        (lambda f: edit_weights(f, **{"upper.bias": None}), "upper.bias"),
        (lambda f: edit_weights(f, norms=np.ones(3, np.float32)), "norms: got (3,), expected (4,)"),
        (lambda f: edit_weights(f, length=None), "a length is not positive"),
    ],
)
def test_a_damaged_folder_is_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("phrases", "rarity", "message"),
    [
        (((4,), (4,)), [1, 1], "one comes twice"),
        (((4,), ()), [1, 1], "one has not 1 to 4 words"),
        (((4,), (5,)), [1, 0], "a rarity is not positive"),
        (((4,), (5,)), [1, np.nan], "a rarity is not positive, or not finite"),
    ],
)
def test_a_table_is_checked(phrases, rarity, message):
    with pytest.raises(UsageError, match=message):
        PhraseTable(phrases, np.array(rarity, np.float32), np.ones(4, np.float32), 5.0)


def test_features_of_another_encoder_are_refused():
    phrases, _, _ = learnt()
    with pytest.raises(ShapeError, match=r"got \(2, 9, 4\), expected \(N, L, 3\)"):
        phrases.expected(np.zeros((2, 9, 4)))
