# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 What captioning is
#
# A photograph goes in, a sentence comes out. In this lesson you caption photographs with the model
# that ships with tushuo, look at where it looked, and find out how a sentence can be scored when
# many sentences are right.
#
# **You will be able to** say what a captioner takes and gives, tell it from a classifier, explain
# what a model has learned and what it cannot know, and score a caption against people's sentences.
#
# **In the article:** part I (section 1, figures 1 and 2); part II, section 2.1.

# %%
import numpy as np

import tushuo
from tushuo.caption import explain
from tushuo.caption.metrics import evaluate_captions
from tushuo.data import Preprocessing, load_image
from tushuo.lessons import check, language, sample, show
from tushuo.models.pretrained import imagenet_classes, load_efficientnet

language("en")
photo = load_image(sample("dog.jpg"))
show(photo.resize((480, 480 * photo.height // photo.width)))

# %%
captioner = tushuo.load_captioner()
caption = captioner([photo])[0]
print(caption)

# %% [markdown]
# ## What the machine sees
#
# You see a dog. The program gets a block of numbers: height by width by three colours, each from 0
# (dark) to 255 (bright). Here are sixteen of them, the red of a corner of the picture.

# %%
pixels = np.asarray(photo)
print(pixels.shape, pixels.dtype, f"{pixels.size:,} numbers")
print(pixels[:4, :4, 0])

# %% [markdown]
# ## The task next to it: classification
#
# A classifier answers with one name out of a fixed list, here ImageNet's 1,000. It gives each name
# a share, and the shares sum to one. A captioner has to say more: what is there, what it is like,
# what it does, and where, in a sentence whose words fit together.

# %%
classifier = load_efficientnet().folded()
size = classifier.scale.resolution
prepare = Preprocessing(size=size, resize_mode="crop", crop_fraction=size / (size + 32))
logits = classifier(tushuo.asarray(prepare.batch([photo])))  # (1, 1000)
shares = tushuo.softmax(logits, axis=-1).numpy()[0]
for i in np.argsort(-shares)[:3]:
    print(f"{shares[i]:6.1%}  {imagenet_classes()[i]}")

# %% [markdown]
# ## A model is a function with parameters
#
# You write a program step by step. A model you only give a form with many open numbers, its
# **parameters**; learning sets them so that the **loss**, a measure of how wrong the answers are,
# gets small on the **training** examples. Whether it has understood anything shows on examples that
# it has never seen: **validation** examples to choose between models by, and **test** examples to
# be used once.
#
# The captioner has two parts. The *encoder* turns pixels into features; the *decoder* turns
# features into words, one after the other, until it chooses to end the sentence. So its output is a
# sequence, not a label.

# %%
for name, part in (("encoder", captioner.bundle.encoder), ("decoder", captioner.bundle.decoder)):
    print(f"{name}: {sum(p.size for p in part.parameters()):,} parameters")
vocabulary = captioner.bundle.vocabulary
print(f"{len(vocabulary):,} tokens; the most frequent words:", *vocabulary.tokens[4:20])

# %% [markdown]
# ## It can only say what it was taught
#
# Here is a caption for each sample photograph, and beneath, how often some words stood in the
# sentences that the model learned from. A word that is not in the list cannot be said at all; a
# rare one loses against its frequent neighbours. Compare the two lists with your own eyes.

# %%
photos = sorted(sample("").glob("*.jpg"))
captions = dict(zip([path.stem for path in photos], captioner(photos), strict=True))
for name, each in captions.items():
    print(f"{name:14}{each}")
counts = dict(zip(vocabulary.tokens, vocabulary.counts, strict=True))
for word in ("man", "dog", "horse", "cow", "sheep", "kitten", "moose", "astronaut"):
    print(f"{counts.get(word, 0):7,}  {word}")

# %% [markdown]
# ## The sentence and its rivals
#
# At each step the decoder gives every word a probability. The probability of a sentence is the
# product of those of its words, so it is tiny even for a good one; programs add logarithms instead.
# The search keeps several sentences alive at once (a *beam*) and returns the one that scores best.
# In the picture, the photograph is bright where the model looked for each word; lesson 14 opens
# this up.

# %%
for each in (caption, *caption.alternatives):
    print(f"{each.logprob:7.2f}  {np.exp(each.logprob):.1e}  {each}")
show(explain(photo, caption, captioner.preprocessing))

# %% [markdown]
# ## Many right answers: how to score
#
# Ask three people, and you get three sentences. So a caption is compared with several of them:
#
# - **BLEU-n** asks which share of the caption's words, and of its runs of up to n words, some
#   person wrote too.
# - **CIDEr-D** weighs runs of words by how special they are to this photograph.
#
# The lines below score a few sentences for `dog.jpg`. CIDEr needs more than one photograph, so that
# it can tell the special from the common; the other two photographs keep one sentence all along.

# %%
references = {
    "dog": [
        "A German shepherd stands in the grass.",
        "A dog with its tongue out in a dry field.",
        "A black and brown dog looks ahead.",
    ],
    "kitten": ["A kitten plays with a ball of wool.", "A small cat on a red cloth."],
    "sheep": ["A sheep stands on a green slope.", "A white sheep on a hill."],
}
fixed = {"kitten": "A cat plays with a ball.", "sheep": "A sheep on a green hill."}
rivals = [str(captions["dog"]), "A dog stands in the grass.", "A man rides a bicycle.", "A dog."]
print("BLEU-1  BLEU-4  CIDEr-D")
for text in rivals:
    bleu = evaluate_captions({"dog": text}, {"dog": references["dog"]}).bleu
    cider = evaluate_captions({"dog": text, **fixed}, references).cider_d_by_image["dog"]
    print(f"{bleu[0]:6.2f}  {bleu[3]:6.2f}  {cider:7.2f}  {text}")

# %% [markdown]
# The score rises as a sentence shares more with what people wrote, not as it becomes truer: a score
# sees words only, never the photograph. The third exercise makes use of that.

# %% [markdown]
# ## Exercises
#
# Replace each `...`, and run the cell below it to have the answer checked; each failure earns a
# plainer hint. Or work in a file: `tushuo check lesson-01 --start` begins one,
# `tushuo check lesson-01` checks it.

# %% [markdown]
# **1. `log_probability`** The natural logarithm of the probability of a sentence, from the
# probabilities of its words. A thousand words of probability 0.00001 each must work, too.


# %%
def log_probability(probabilities):
    return ...


# %%
check("lesson-01", log_probability=log_probability)

# %% [markdown]
# **2. `precision`** The share of the words of a candidate (a list) that are in the references
# (a list of lists of words), too. A word counts at most as often as in the one reference that has
# it most often.


# %%
def precision(candidate, references):
    return ...


# %%
check("lesson-01", precision=precision)

# %% [markdown]
# **3. `salad`** A sentence of seven words for dog.jpg whose words are all in the lesson's three
# references (BLEU-1 is 1), while no two neighbours in it are neighbours in a reference
# (so BLEU-2 is 0).

# %%
salad = ...

# %%
check("lesson-01", salad=salad)
