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
# # 01 什么是图像描述
#
# 输入一张照片，输出一句话。这一课用 tushuo 自带的模型给照片配上描述，看看它说每个词时在看哪里，
# 再弄清楚一个问题：正确的句子有很多种，那该怎么打分？
#
# **学完本课，你能够**说清图像描述模型的输入和输出，能把它与图像分类区分开，能解释模型学到了什么、
# 又不可能知道什么，还能用人写的句子给一句描述打分。
#
# **原文：** 第一部分（第 1 节，图 1、图 2）；第二部分 2.1 节。

# %%
import numpy as np

import tushuo
from tushuo.caption import explain
from tushuo.caption.metrics import evaluate_captions
from tushuo.data import Preprocessing, load_image
from tushuo.lessons import check, language, sample, show
from tushuo.models.pretrained import imagenet_classes, load_efficientnet

language("zh")
photo = load_image(sample("dog.jpg"))
show(photo.resize((480, 480 * photo.height // photo.width)))

# %%
captioner = tushuo.load_captioner()
caption = captioner([photo])[0]
print(caption)

# %% [markdown]
# ## 机器看到的是什么
#
# 你看到的是一条狗。程序拿到的只是一大块数字：高 × 宽 × 三种颜色，每个数从 0（暗）到 255（亮）。
# 下面是其中的十六个，即画面一角的红色分量。

# %%
pixels = np.asarray(photo)
print(pixels.shape, pixels.dtype, f"{pixels.size:,} numbers")
print(pixels[:4, :4, 0])

# %% [markdown]
# ## 相邻的任务：分类
#
# 分类器从一张固定的名单里选一个名字，这里是 ImageNet 的 1000 类：每个类别得到一个份额，份额之和为 1。
# 图像描述要说的更多：有什么、什么样、在做什么、在哪里，而且各个词要连成一句通顺的话。

# %%
classifier = load_efficientnet().folded()
size = classifier.scale.resolution
prepare = Preprocessing(size=size, resize_mode="crop", crop_fraction=size / (size + 32))
logits = classifier(tushuo.asarray(prepare.batch([photo])))  # (1, 1000)
shares = tushuo.softmax(logits, axis=-1).numpy()[0]
for i in np.argsort(-shares)[:3]:
    print(f"{shares[i]:6.1%}  {imagenet_classes()[i]}")

# %% [markdown]
# ## 模型就是带参数的函数
#
# 写程序，是由你规定每一步。而对模型，你只给出一个形式，里面留着许多待定的数，也就是**参数**；
# 学习就是调整参数，让**损失**（答案错得有多离谱）在**训练**样本上变小。它是否真的学会了，
# 要看从未见过的样本：用**验证**样本挑选模型，而**测试**样本只用一次。
#
# 图像描述模型分两部分：**编码器**把像素变成特征，**解码器**再把特征变成词，一个接一个，
# 直到它选择结束句子。所以它的输出是一个序列，而不是一个标签。

# %%
for name, part in (("encoder", captioner.bundle.encoder), ("decoder", captioner.bundle.decoder)):
    print(f"{name}: {sum(p.size for p in part.parameters()):,} parameters")
vocabulary = captioner.bundle.vocabulary
print(f"{len(vocabulary):,} tokens; the most frequent words:", *vocabulary.tokens[4:20])

# %% [markdown]
# ## 没教过的话，它说不出来
#
# 下面是每张示例照片的描述，再往下是一些词在训练句子里出现的次数。词表里没有的词，它根本说不出来；
# 少见的词，常常输给常见的近邻。请用自己的眼睛对照这两份清单。

# %%
photos = sorted(sample("").glob("*.jpg"))
captions = dict(zip([path.stem for path in photos], captioner(photos), strict=True))
for name, each in captions.items():
    print(f"{name:14}{each}")
counts = dict(zip(vocabulary.tokens, vocabulary.counts, strict=True))
for word in ("man", "dog", "horse", "cow", "sheep", "kitten", "moose", "astronaut"):
    print(f"{counts.get(word, 0):7,}  {word}")

# %% [markdown]
# ## 句子和它的对手
#
# 每走一步，解码器都给每个词一个概率。一句话的概率是各词概率的乘积，所以再好的句子概率也很小；
# 程序里改为把对数相加。搜索时同时保留好几句候选（即 **beam**，集束），最后返回得分最高的一句。
# 下图中，亮的地方就是模型说那个词时所看的地方；第 14 课会把它打开来看。

# %%
for each in (caption, *caption.alternatives):
    print(f"{each.logprob:7.2f}  {np.exp(each.logprob):.1e}  {each}")
show(explain(photo, caption, captioner.preprocessing))

# %% [markdown]
# ## 正确答案不止一个：怎么打分
#
# 问三个人，会得到三句话。所以要把一句描述同好几句人写的参考句相比：
#
# - **BLEU-n** 看描述里的词，以及长度不超过 n 的连续词串，有多大比例也出现在人写的句子里。
# - **CIDEr-D** 再给词串加权：越是这张照片特有的，分量越重。
#
# 下面给 `dog.jpg` 的几句话打分。CIDEr 需要不止一张照片，才能分清什么是特有的、什么是常见的；
# 另外两张照片的句子始终不变。

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
# 句子与人写的话重合得越多，分数就越高，而不是越符合事实分数越高：分数只看词，从来不看照片。
# 第三题正是利用这一点。

# %% [markdown]
# ## 练习
#
# 把每个 `...` 换成你的答案，再运行它下面的单元格来检查；每答错一次，提示就更明白一些。
# 也可以写在文件里：`tushuo check lesson-01 --start` 生成文件，`tushuo check lesson-01` 检查答案。

# %% [markdown]
# **1. `log_probability`** 由各词的概率求整句概率的自然对数。一千个概率为 0.00001 的词也要算得对。


# %%
def log_probability(probabilities):
    return ...


# %%
check("lesson-01", log_probability=log_probability)

# %% [markdown]
# **2. `precision`** 候选句（词的列表）里有多大比例的词也在参考句（词的列表的列表）中。
# 一个词计入的次数，不超过它在任何一句参考句里出现次数的最大值。


# %%
def precision(candidate, references):
    return ...


# %%
check("lesson-01", precision=precision)

# %% [markdown]
# **3. `salad`** 为 dog.jpg 写一句七个词的话：每个词都在本课的三句参考句里（BLEU-1 为 1），
# 但任何两个相邻的词在参考句里都不相邻（所以 BLEU-2 为 0）。

# %%
salad = ...

# %%
check("lesson-01", salad=salad)
