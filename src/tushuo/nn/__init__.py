"""Layers, losses and initial values; named as in PyTorch, and trees of their parameters."""

from __future__ import annotations

from tushuo.nn import init
from tushuo.nn.activation import (
    GELU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    gelu,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    tanh,
)
from tushuo.nn.attention import (
    AdditiveAttention,
    masked_softmax,
    scaled_dot_product_attention,
)
from tushuo.nn.cells import GRUCell, LSTMCell, RNNCell
from tushuo.nn.container import Sequential
from tushuo.nn.conv import Conv2d
from tushuo.nn.dropout import Dropout, dropout
from tushuo.nn.embedding import Embedding
from tushuo.nn.linear import Linear, linear
from tushuo.nn.loss import (
    CrossEntropyLoss,
    MSELoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
)
from tushuo.nn.margin import MultiMarginLoss, multi_margin_loss
from tushuo.nn.module import Buffer, Module
from tushuo.nn.multihead import MultiheadAttention
from tushuo.nn.norm import BatchNorm2d, LayerNorm, layer_norm
from tushuo.nn.pooling import AdaptiveAvgPool2d, AvgPool2d, Flatten, MaxPool2d
from tushuo.nn.recurrent import GRU, LSTM, RNN

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AdditiveAttention",
    "AvgPool2d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "LSTMCell",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "MultiMarginLoss",
    "MultiheadAttention",
    "RNNCell",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "gelu",
    "init",
    "layer_norm",
    "linear",
    "masked_softmax",
    "mse_loss",
    "multi_margin_loss",
    "relu",
    "relu6",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]
