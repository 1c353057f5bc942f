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
# # 14 Attention, and the captioner opened word by word
#
# **You will be able to** say what attention computes; open the captioner that tushuo ships and follow
# it from pixels to a sentence, one word at a time; see where it looked; and test by two other means
# whether it really used what it looked at.
#
# **In the article:** part I, section 1: a sentence for a photograph, with attention among the models
# that it takes. The article breaks off long before; this is where its path was leading.

# %%
import numpy as np

import tushuo
from tushuo import nn
from tushuo.caption import explain, heatmap, spotlight
from tushuo.data import BOS, EOS, load_image
from tushuo.lessons import check, images, language, plot, sample, show

language("en")

# %% [markdown]
# ## A dictionary that answers softly
#
# A dictionary returns the value whose key equals the query. Attention compares the query with *every*
# key, makes shares of the scores by softmax, and returns the mean of the values with these shares.
# It is a lookup that can be differentiated: the gradient says which keys should have fitted better.

# %%
keys = np.array([[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]])
values = np.array([[10.0], [20.0], [30.0]])
for sharpness in (0, 2, 20):
    query = sharpness * np.array([[1.0, 0.0]])
    mean, shares = nn.scaled_dot_product_attention(query, keys, values)
    print(
        f"query x {sharpness:2}: shares {shares.numpy()[0].round(3)}, answer {float(mean[0, 0]):.2f}"
    )

# %% [markdown]
# ## The captioner's parts
#
# An encoder (EfficientNet, lesson 12) makes a map of 9 by 9 places with 1,280 features each. The
# decoder turns them into *annotations*. Before each word the memory of its LSTM (lesson 13) is the
# query, the 81 places are the keys, and what comes back goes into the LSTM with the last word.

# %%
captioner = tushuo.load_captioner()
decoder, vocabulary = captioner.bundle.decoder, captioner.bundle.vocabulary
for name, part in (("encoder", captioner.bundle.encoder), ("decoder", decoder)):
    print(name, f"{sum(p.size for p in part.parameters()):,} numbers")
photograph = load_image(sample("dog.jpg"))
seen = captioner.preprocessing.square(photograph)
features = captioner.encode([photograph])  # (1, 81, 1280)
annotations = decoder.annotations(tushuo.asarray(features))
print("features", features.shape, " annotations", annotations.values.shape)

# %% [markdown]
# ## One word at a time
#
# Here is the whole loop: take a step, look at the probabilities of all words, choose the likeliest,
# go on with it. In brackets stand the runners-up; `?` is
# the mark for a word that is not in the vocabulary.


# %%
def likely(p, count):
    """The likeliest words and their probabilities."""
    names = {EOS: "END", **{i: w for i, w in enumerate(vocabulary.tokens) if i > 3}}
    return ", ".join(f"{names.get(i, '?')} {p[i]:.2f}" for i in np.argsort(-p)[:count].tolist())


state, word, ids, maps = decoder.initial(annotations), BOS, [], []
while word != EOS and len(ids) < 20:
    step = decoder.step(annotations, state, tushuo.asarray([[word]]))
    p = tushuo.softmax(step.logits, axis=-1).numpy()[0, 0]
    state, word = step.state, int(p.argmax())
    ids.append(word)
    maps.append(step.weights.numpy()[0, 0])
    print(f"{likely(p, 1):14} ({likely(p, 5).split(', ', 1)[1]})")
greedy = captioner([photograph], beams=1, phrase_weight=0, match_weight=0)[0]
print(vocabulary.decode(ids) == list(greedy.words), greedy.text)

# %% [markdown]
# Where one word stands far above its runners-up, it had little choice. Where several are close, they
# show what it hesitated between: whether to name the thing first or its colour, say, or which
# preposition to take.
#
# ## Where it looked, and what else it could have said
#
# The likeliest next word is not always the way to the likeliest sentence. A beam keeps the five best
# beginnings at each word, and ranks by the log-probability, divided by a power of the length so that
# short sentences have no advantage. Compare both: greedy takes "german", which is just ahead of
# "brown", and the beam, which goes on with both, finds a sentence that is longer and still likelier
# as a whole.

# %%
likeliest = captioner([photograph], phrase_weight=0, match_weight=0)[0]
for name, sentence in (("greedy", greedy), ("beam", likeliest)):
    print(f"{name:6} log-probability {sentence.logprob:.2f}  {sentence.text}")

# %% [markdown]
# Likeliest is not best either: the plainest sentence is often the likeliest. So the captioner adds two
# judgements to the score. One asks how much of the sentence is made of phrases that people would use
# about such a photograph, the other how near sentence and photograph lie in a space that both share.
# Below the picture are the sentences that the beam ended with, and how each fared. With the whole
# score "german shepherd" wins, though another sentence has the higher log-probability.

# %%
caption = captioner([photograph])[0]
show(explain(photograph, caption, captioner.preprocessing))

# %% [markdown]
# How wide does it look? The exponential of a map's entropy is the number of places among which it is
# spread: 81 if all count alike, 1 if one has everything.

# %%
looks = caption.attention.reshape(len(caption.words), -1)
spread = np.exp(-np.sum(looks * np.log(looks + 1e-12), axis=1))
print(", ".join(f"{word} {n:.0f}" for word, n in zip(caption.words, spread)))

# %% [markdown]
# The first words, said before anything is settled, look at fewer places. A word that follows largely
# from those before it, such as a preposition or `the`, looks nearly everywhere, which means nowhere; a
# noun after it may narrow the view again. The maps in the picture are stretched, each from its least
# to its most, so that even a nearly flat one shows something: do not read too much into those.
#
# ## A second view: the gradient
#
# Attention says where the network *looked*. What did it *use*? Ask the engine how the log-probability
# of a word changes with each feature of each place, and take the length of that gradient by place.

# %%
ids = vocabulary.encode(caption.words)


def log_probability(features, place):
    """That of the word at a place of the caption, given the words before it."""
    logits, _ = decoder(features, tushuo.asarray(np.array([[ids[:-1]]])))
    return tushuo.log_softmax(logits[0, 0, place], axis=-1)[ids[place + 1]]


def gradient_map(place):
    slopes = tushuo.grad(lambda x: log_probability(x, place))(features).numpy()[0]
    return np.linalg.norm(slopes, axis=1)  # (81,)


gradients = np.stack([gradient_map(place) for place in range(len(caption.words))])
chosen = [i for i, word in enumerate(caption.words) if word not in ("a", "and", "is", "the")][:6]
rows = []
for views in (looks, gradients):
    lights = [heatmap(views[i].reshape(9, 9), seen.size) for i in chosen]
    rows += [np.asarray(spotlight(seen, light)) for light in lights]
titles = [caption.words[i] for i in chosen]
show(images(rows, titles + [f"{t}: gradient" for t in titles], columns=len(chosen), size=150))
alike = [np.corrcoef(looks[i], gradients[i])[0, 1] for i in range(len(looks))]
print(", ".join(f"{word} {r:.2f}" for word, r in zip(caption.words, alike)))

# %% [markdown]
# The correlations are high for most words: the gradient passes through the attention, so places with
# little weight get little of it. The two views are not independent. A third one is.
#
# ## A third view: cover it up
#
# If a place matters, the word should become less likely without it. Set the features of the 20
# places that are looked at most to zero, then of the 20 looked at least, then of the 20 with the
# largest gradient.


# %%
def without(places, i):
    covered = features.copy()
    covered[0, places] = 0
    return float(log_probability(covered, i)) - float(log_probability(features, i))


effects = {"most looked at": [], "least looked at": [], "largest gradient": []}
for i in range(len(caption.words)):
    order, steep = np.argsort(-looks[i]), np.argsort(-gradients[i])
    for name, places in zip(effects, (order[:20], order[-20:], steep[:20])):
        effects[name].append(without(places, i))
at = np.arange(len(caption.words))
show(plot(at, effects, "Change of a word's log-probability", "word", "change"))
for i, word in enumerate(caption.words):
    print(f"{word:10}", "  ".join(f"{name} {change[i]:+.2f}" for name, change in effects.items()))
print("mean      ", {name: round(float(np.mean(change)), 2) for name, change in effects.items()})

# %% [markdown]
# On the whole it hurts more to cover what was looked at than what was not. For single words it need
# not. A word that grammar demands comes anyway, and a word can even become *likelier* (a plus in the
# table): the probabilities sum to one, so what weakens its rivals strengthens it. With the dog's head
# and back covered, "german" loses its first place to "brown". (Zeros are also a crude cover: the
# network never saw such features when it learnt.) An attention map is evidence of where information was
# taken from, not proof of why a word was said.
#
# ## Where it is wrong

# %%
others = ("astronaut", "cow", "kitten", "photographer", "sheep")
said = captioner([sample(f"{name}.jpg") for name in others])
for name, sentence in zip(others, said):
    print(f"{name:13} {sentence.logprob:6.1f}  {sentence.text}")
known = ["dog", "man", "cow", "sheep", "kitten", "astronaut"]
print(
    {word: vocabulary.counts[vocabulary.encode([word])[1]] for word in known if word in vocabulary}
)
print("not in its vocabulary:", [word for word in known if word not in vocabulary])

# %% [markdown]
# It has learnt from 6,000 photographs of the Flickr8k collection, in which there are dogs and people
# above all: the numbers count how often it has read each word. What it has never read it cannot say,
# and an animal is, to it, most probably a dog. Lesson 12 showed that the *eye* it began with tells cows
# from dogs: the features are there, only the words are rare or missing. More photographs would help; a
# larger network alone hardly would.
#
# ## Exercises
#
# 1. `attend(scores, values)`: attention from scores (L,) over values (L, C): the mean (C,). Scores may
#    be as large as 1000.
# 2. `places(shares)`: among how many places shares (L,) that sum to 1 are spread: the exponential of
#    their entropy. Some shares may be exactly 0.
# 3. `sentence_logprob(logits, ids)`: the log-probability of a sentence, from the logits (T, V) of each
#    word and the numbers (T,) of the words.
# 4. `best_pair(first, then)`: the most probable pair of words (i, j), where first (V,) are the
#    probabilities of the first word and then[i] (V,) those of the second after i. Is it always the
#    greedy one?


# %%
def attend(scores, values):
    return ...


# %%
def places(shares):
    return ...


# %%
def sentence_logprob(logits, ids):
    return ...


# %%
def best_pair(first, then):
    return ...


# %%
check("lesson-14", attend=attend, places=places)
check("lesson-14", sentence_logprob=sentence_logprob, best_pair=best_pair)
