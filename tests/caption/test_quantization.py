"""Ranges of activations: made with photographs, kept in a bundle, used by whole numbers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tushuo as ts
from tiny import save_photograph, tiny_bundle
from tushuo.caption import Captioner, load_bundle, load_captioner, save_bundle
from tushuo.caption.quantization import FILE, Quantization
from tushuo.cli.app import app
from tushuo.errors import BundleError, CompileError, UsageError

SOME = Quantization(
    {"blocks.0.project.conv.weight": (0.0, 6.0), "head.conv.weight": (-1.25, 3.5)},
    {"gate.weight": (-1.0, 1.0), "gate.weight#2": (0.0, 0.0)},
    24,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "some"
    save_bundle(path, replace(tiny_bundle(), quantization=SOME), "# some\n")
    return path


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "some")


def pack(*arguments):
    return CliRunner().invoke(app, ["models", "pack", *map(str, arguments)])


def test_there_and_back(folder):
    assert load_bundle(folder).quantization == SOME


def test_packing_keeps_them_for_the_weights_as_they_are_stored(folder, tmp_path):
    assert pack(folder, tmp_path / "small", "--store", "int8").exit_code == 0
    assert load_bundle(tmp_path / "small").quantization == SOME
    before, after = (json.loads((f / FILE).read_text()) for f in (folder, tmp_path / "small"))
    assert before.pop("weights_sha256") != after.pop("weights_sha256")
    assert before == after


def error_of(folder):
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


RANGE = "expected the least and the largest of finite numbers"
WRONG = [
    ({"format_version": 2}, "format_version: got 2, expected 1; a newer tushuo may read it"),
    ({"format_version": 0}, "expected 1; it is older than this tushuo: make it anew: tushuo mod"),
    ({"weights_sha256": "0" * 64}, "was made for other weights than model.safetensors; make it a"),
    ({"weights_sha256": None}, "was made for other weights"),
    ({"photographs": 0}, "photographs: got 0, expected how many they were"),
    ({"photographs": True}, "photographs: got True"),
    ({"encoder": None}, "encoder: got None, expected ranges by name"),
    ({"encoder": {}}, "encoder: got {}, expected ranges by name"),
    ({"decoder": [[0, 1]]}, "decoder: got [[0, 1]], expected ranges by name"),
    ({"decoder": {str(i): [0, 1] for i in range(2001)}}, "expected ranges by name"),
    ({"decoder": {"../x": [0, 1]}}, "decoder has no weights '../x'; make it anew: tushuo models"),
    ({"decoder": {"gate.weight#0": [0, 1]}}, "decoder has no weights 'gate.weight#0'"),
    ({"decoder": {"head.conv.weight": [0, 1]}}, "decoder has no weights 'head.conv.weight'"),
    *(
        ({"decoder": {"gate.weight": value}}, f"decoder.gate.weight: got {value!r}, {RANGE}")
        for value in (5, [0], [0, 1, 2], [1, 0], [0, "1"], [0, True], [0, 1e30], {"0": 1})
    ),
    ({"decoder": {"gate.weight": [0, float("nan")]}}, RANGE),
    ({"decoder": {"gate.weight": [-float("inf"), 0]}}, RANGE),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_a_wrong_value_is_named(folder, changes, message):
    path = folder / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    text = error_of(folder)
    assert str(path) in text
    assert message in text


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 100_000, "\xff", " " * (1 << 20) + "{}"])
def test_a_file_that_is_no_json_object_is_named(folder, content):
    (folder / FILE).write_text(content, "latin-1")
    assert str(folder / FILE) in error_of(folder)


def test_other_weights_need_other_ranges(folder, tmp_path):
    save_bundle(tmp_path / "other", tiny_bundle(), "", store="int8")
    (tmp_path / "other" / "model.safetensors").replace(folder / "model.safetensors")
    assert f"{FILE}: was made for other weights" in error_of(folder)


def test_precisions_that_a_bundle_does_not_have(folder):
    message = f"model 'tiny' has no {FILE}, which precision 'int8' needs; tushuo models pack MODEL "
    with pytest.raises(BundleError, match=message):
        Captioner(tiny_bundle(), "int8")
    with pytest.raises(UsageError, match="'int4'; choose among float32, bfloat16, int16, int8"):
        load_captioner(folder, precision="int4")
    with ts.eager(), pytest.raises(UsageError, match="'int8' is there for compiled code only"):
        load_captioner(folder, precision="int8")


def test_too_few_photographs_and_none(bundle_folder, photographs, tmp_path):
    pytest.importorskip("llvmlite")
    none = tmp_path / "none"
    none.mkdir()
    few = "3 photographs to calibrate with, at least 8 are needed; some dozen, of all kinds"
    for out, folder, message in [
        (tmp_path / "x", none, "no photograph in folder"),
        (none, photographs[0].parent, "exists already"),
        (tmp_path / "x", photographs[0].parent, few),
    ]:
        result = pack(bundle_folder, out, "--calibrate", folder)
        assert message in result.stderr
        assert result.exit_code != 0
    assert list(tmp_path.iterdir()) == [none]


@pytest.fixture(scope="module")
def calibrated_folder(tmp_path_factory):
    """The tiny bundle, packed with what eight photographs showed."""
    pytest.importorskip("llvmlite")
    home = tmp_path_factory.mktemp("calibrated")
    for i in range(9):  # one too many
        save_photograph(home / "photographs" / f"{i}.png", seed=i)
    save_bundle(home / "tiny", tiny_bundle(), "# tiny\n")
    result = pack(home / "tiny", home / "packed", "--calibrate", home / "photographs")
    assert result.exit_code == 0, result.output
    return home / "packed"


def test_ranges_hold_what_photographs_showed(calibrated_folder):
    found = load_bundle(calibrated_folder).quantization
    assert found.photographs == 8
    convolutions = [n for n, x in tiny_bundle().encoder.named_parameters().items() if x.ndim == 4]
    assert list(found.encoder) == [n for n in convolutions if n != "stem.conv.weight"]
    assert all(
        low == 0 and 0 < high <= 6
        for name, (low, high) in found.encoder.items()
        if "depthwise" in name or "project" in name
    )
    assert {"gate.weight", "cell.weight_hh", "output_h.weight"} <= set(found.decoder)
    assert all(-1 <= low <= high <= 1 for low, high in (found.decoder["gate.weight"],))


def test_whole_numbers_are_near_float32(calibrated_folder, photographs):
    plain = load_captioner(calibrated_folder)
    expected = plain.encode(photographs, batch_size=3)
    with ts.eager(False):
        small = load_captioner(calibrated_folder, precision="int8")
        found = small.encode(photographs, batch_size=3)
        assert small.encode([]).shape == (0, *expected.shape[1:])
        (other,) = small.caption_features(expected[:1], beams=1)
    off = np.square(found - expected).mean() / np.square(expected).mean()
    assert 0 < off < 0.1
    (one,) = plain.caption_features(expected[:1], beams=1)
    assert one.logprob != other.logprob
    assert one.logprob == pytest.approx(other.logprob, rel=0.1)


def test_ranges_that_lack_a_product(calibrated_folder):
    bundle = load_bundle(calibrated_folder)
    known = dict(bundle.quantization.decoder)
    del known["gate.weight"]
    lacking = replace(bundle, quantization=replace(bundle.quantization, decoder=known))
    maps = np.ones((1, 4, 1280), np.float32)
    with ts.eager(False), pytest.raises(CompileError, match=r"no range is known for 'gate\.weight"):
        Captioner(lacking, "int8").caption_features(maps)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int16", "int8"])
def test_the_sample_photographs(precision):
    pytest.importorskip("llvmlite")
    if load_bundle("flickr8k-en").quantization is None:
        pytest.skip("the shipped captioner has no ranges")
    files = sorted((Path(__file__).parents[2] / "samples").glob("*.jpg"))
    plain = [c.text for c in load_captioner()(files)]
    with ts.eager(False):
        found = [c.text for c in load_captioner(precision=precision)(files)]
    assert sum(a == b for a, b in zip(plain, found, strict=True)) >= len(files) / 2
