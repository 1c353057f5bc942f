"""Every metric and the tokenizer against pycocoevalcap, whose tokenizer needs Java."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict

import pytest

from tushuo.caption.metrics import evaluate_captions, meteor, tokenize

pytest.importorskip("pycocoevalcap")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(shutil.which("java") is None, reason="the Stanford tokenizer needs Java"),
]

FRAGMENTS = """a dog man woman's don't can't cannot gonna it's they're t-shirt black-and-white 1,000
10 3.5 2 ' " `` '' ( ) [ ] { } . , ! ? : ; - -- ... … — – ’ ‘ “ ” & AT&T # #1 $5 % / and/or * _ é
café 图说 U.S. mr. St. no. Jr. o'clock 'n' y'all dogs' 's n't <unk> é's I'm X A £ € @ = + ~ ^ | \\
5th 90's '90s 6-year-old up-close &amp; .... Mr. runs beach street's playing it’s"""


@pytest.fixture(scope="module")
def captions(shared):
    """Image name to its five captions, the whole of Flickr8k but the test split."""
    found = defaultdict(list)
    text = (shared / "data/flickr8k/Flickr8k.token.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        name, caption = line.split("\t")
        found[name.split("#")[0]].append(caption)
    return dict(found)


@pytest.fixture(scope="module")
def dev(shared, captions):
    names = (shared / "data/flickr8k/Flickr_8k.devImages.txt").read_text().split()
    return {name: captions[name] for name in names}


def stanford(captions):
    """Image to captions, tokenized: what pycocoevalcap's metrics take."""
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    wrapped = {name: [{"caption": text} for text in texts] for name, texts in captions.items()}
    found = PTBTokenizer().tokenize(wrapped)
    return {name: found.get(name, [""]) for name in captions}  # it forgets an empty last line


def scramble(caption, dice):
    words = caption.split()
    dice.shuffle(words)
    return " ".join(words[: dice.randint(0, len(words))] + words[: dice.randint(0, 3)])


def test_words_of_flickr8k(captions):
    ours = {name: [" ".join(tokenize(text)) for text in texts] for name, texts in captions.items()}
    assert ours == stanford(captions)


def test_words_of_made_up_captions():
    dice = random.Random(0)
    # A plain first word: the reference lets a line's last "no." see the number on the next line.
    made = [
        "so " + " ".join(dice.choices(FRAGMENTS.split(), k=dice.randint(0, 12)))
        for _ in range(5000)
    ]
    [theirs] = stanford({"all": made}).values()
    assert [" ".join(tokenize(text)) for text in made] == theirs


@pytest.mark.parametrize("kind", ["human", "scrambled", "another", "same", "empty"])
def test_scores_of_the_dev_split(dev, kind):
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    dice = random.Random(0)
    names = list(dev)
    candidates = {
        "human": lambda name: dev[name][0],
        "scrambled": lambda name: scramble(dev[name][0], dice),
        "another": lambda _: dev[dice.choice(names)][0],
        "same": lambda _: "a dog runs",
        "empty": lambda _: "",
    }[kind]
    guesses = {name: candidates(name) for name in names}
    references = {name: texts[1:] for name, texts in dev.items()}
    scores = evaluate_captions(guesses, references)

    truth, guessed = stanford(references), stanford({name: [guesses[name]] for name in names})
    cider_d, by_image = Cider().compute_score(truth, guessed)
    assert scores.cider_d == pytest.approx(cider_d, abs=1e-9)
    assert list(scores.cider_d_by_image.values()) == pytest.approx(list(by_image), abs=1e-9)
    assert scores.bleu == pytest.approx(Bleu(4).compute_score(truth, guessed, 0)[0], abs=1e-9)
    assert scores.rouge_l == pytest.approx(Rouge().compute_score(truth, guessed)[0], abs=1e-9)


def test_meteor(dev):
    from pycocoevalcap.meteor.meteor import Meteor

    truth, guessed = {}, {}
    for i, (name, texts) in enumerate(list(dev.items())[:100]):
        truth[name] = [" ".join(tokenize(text)) for text in texts[1:]]
        guessed[name] = [" ".join(tokenize(texts[0]))] if i != 3 else [""]
    corpus, by_image = meteor(
        [line.split() for [line] in guessed.values()],
        [[line.split() for line in several] for several in truth.values()],
    )
    expected, expected_by_image = Meteor().compute_score(truth, guessed)
    assert corpus == pytest.approx(expected, abs=1e-12)
    assert by_image == pytest.approx(expected_by_image, abs=1e-12)
