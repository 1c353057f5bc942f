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
# # 14 注意力：把图像描述模型逐词拆开
#
# **学完本课，你能够**说明注意力计算什么；打开 tushuo 自带的图像描述模型，从像素一步步跟到句子，
# 每次一个词；看到它在看哪里；并用另外两种办法检验它是否真的用到了所看的地方。
#
# **原文：** 第一部分第 1 节：为一张照片写一句话，涉及的模型里有 Attention。原文在此之前很久就中断了，
# 而它的路正是通向这里。

# %%
import numpy as np

import tushuo
from tushuo import nn
from tushuo.caption import explain, heatmap, spotlight
from tushuo.data import BOS, EOS, load_image
from tushuo.lessons import check, images, language, plot, sample, show

language("zh")

# %% [markdown]
# ## 会“软”查找的字典
#
# 字典返回键与查询完全相等的那个值。注意力则把查询与**每一个**键比较，用 softmax 把得分变成份额，
# 再按份额对各个值求平均。这是一种可以求导的查找：梯度会说明哪些键本该更匹配。

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
# ## 图像描述模型的各个部分
#
# 编码器（EfficientNet，第 12 课）生成 9×9 个位置的特征图，每个位置 1280 个特征。
# 解码器把它们变成**标注向量**（annotations）。写每个词之前，LSTM（第 13 课）的记忆是查询，81
# 个位置是键，取回的结果与上一个词一起送入 LSTM。

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
# ## 一次一个词
#
# 下面就是整个循环：走一步，看所有词的概率，取最可能的那个，接着往下写。括号里是落选的候选词；`?`
# 表示词表之外的词。


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
# 某个词远远高出其他候选词时，它几乎没有选择；几个词不相上下时，就能看出它在犹豫什么：比如先说是什么，
# 还是先说颜色，或者用哪个介词。
#
# ## 它看了哪里，还可能说什么
#
# 每步都取最可能的词，不一定得到最可能的句子。束搜索（beam）在每个词之后保留五个最好的开头，
# 按对数概率除以长度的某次幂排序，使短句不占便宜。比较两句话：贪心取了“german”，它只比“brown”
# 略高一点；束搜索两条路都走，找到的句子更长，整句却更可能。

# %%
likeliest = captioner([photograph], phrase_weight=0, match_weight=0)[0]
for name, sentence in (("greedy", greedy), ("beam", likeliest)):
    print(f"{name:6} log-probability {sentence.logprob:.2f}  {sentence.text}")

# %% [markdown]
# 最可能的也不一定最好：最可能的往往是最平淡的句子。因此图说在得分里再加两项：
# 一项看句子里有多少是人们描述这种照片时会用的短语，另一项看句子和照片在它们共有的空间里离得多近。
# 图下方是束搜索最后得到的句子和各自的得分。按总分，“german shepherd”胜出，
# 尽管另一句的对数概率更高。

# %%
caption = captioner([photograph])[0]
show(explain(photograph, caption, captioner.preprocessing))

# %% [markdown]
# 它看得有多宽？注意力图的熵取指数，就是它分散在多少个位置上：各处一样时为 81，全在一处时为 1。

# %%
looks = caption.attention.reshape(len(caption.words), -1)
spread = np.exp(-np.sum(looks * np.log(looks + 1e-12), axis=1))
print(", ".join(f"{word} {n:.0f}" for word, n in zip(caption.words, spread)))

# %% [markdown]
# 开头的词出现时一切未定，看的位置较少；大体能由前文推出的词，例如介词或 `the`，几乎到处都看，
# 也就等于哪里都没看；其后的名词可能又看得窄一些。图中的每张注意力图都从最小值拉伸到最大值，
# 几乎平坦的图也会显出些什么：对它们不要过度解读。
#
# ## 第二种看法：梯度
#
# 注意力说的是网络**看了**哪里。它又**用了**什么？问引擎：
# 一个词的对数概率如何随每个位置的每个特征变化，再按位置取这个梯度的长度。

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
# 多数词的相关系数很高：梯度要穿过注意力，权重小的位置得到的梯度也小。所以这两种看法并不独立。
# 第三种才是。
#
# ## 第三种看法：遮住它
#
# 如果某个位置重要，没有它时这个词就应该变得不那么可能。把注意力最大的 20 个位置的特征置零，
# 再换成注意力最小的 20 个，再换成梯度最大的 20 个。


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
# 总的来说，遮住看过的地方比遮住没看的地方损害更大。单个词则未必：语法要求的词无论如何都会出现；
# 一个词甚至可能变得**更可能**（表中的正数）：概率之和为 1，削弱了它的对手，也就增强了它。
# 遮住狗的头和背以后，“german”的第一位就让给了“brown”。
# （置零也是粗糙的遮法：训练时网络从没见过这样的特征。）注意力图是“信息取自哪里”的证据，
# 而不是“为什么说这个词”的证明。
#
# ## 它错在哪里

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
# 它只学过 Flickr8k 的 6000 张照片，里面最多的是狗和人：上面的数字是它读到每个词的次数。
# 没读过的词它说不出来；在它看来，动物多半是狗。第 12 课表明，它起步时的**眼睛**分得清牛和狗：
# 特征是有的，缺的只是词：太少见，或者根本没有。更多的照片会有帮助，单把网络变大则用处不大。
#
# ## 练习
#
# 1. `attend(scores, values)`：由得分 (L,) 对各个值 (L, C) 做注意力，返回平均 (C,)。得分可能大到
#    1000。
# 2. `places(shares)`：份额 (L,) 之和为 1，它们分散在多少个位置上？即熵的指数。有些份额可能恰好为 0。
# 3. `sentence_logprob(logits, ids)`：一个句子的对数概率；logits (T, V) 属于各个词，ids (T,)
#    是词的编号。
# 4. `best_pair(first, then)`：最可能的一对词 (i, j)；first (V,) 是第一个词的概率，then[i] (V,) 是 i
#    之后第二个词的概率。它总是与贪心的结果相同吗？


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
