"""Networks, and the files in which their weights are kept."""

from __future__ import annotations

from tushuo.models.caption_rnn import CaptionRNN, CaptionStep
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.installed import InstalledModel, find_model, installed_models
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import MLP
from tushuo.models.network import Network
from tushuo.models.pretrained import imagenet_classes, load_efficientnet
from tushuo.models.show_attend_tell import ShowAttendTell, doubly_stochastic
from tushuo.models.torch_file import read_torch_file

__all__ = [
    "MLP",
    "CaptionRNN",
    "CaptionStep",
    "EfficientNetLite",
    "InstalledModel",
    "LeNet",
    "Network",
    "ShowAttendTell",
    "doubly_stochastic",
    "find_model",
    "imagenet_classes",
    "installed_models",
    "load_efficientnet",
    "read_torch_file",
]
