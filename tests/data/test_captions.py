from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tushuo.data import load_captions, split, with_dev
from tushuo.errors import DatasetError


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def summary(dataset) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    return {
        name: [(example.image.name, example.captions) for example in dataset.examples(name)]
        for name in dataset.splits
    }


PHOTOS = {f"images/{name}.jpg": b"photo" for name in "abc"}
TOKENS = "a.jpg#0\tA dog .\na.jpg#1\tDogs run .\nb.jpg#0\tA cat .\nc.jpg#0\tA cow .\n"
LISTS = {"Flickr_8k.trainImages.txt": "b.jpg\na.jpg\n", "Flickr_8k.devImages.txt": "c.jpg\n"}
FLICKR = {**PHOTOS, **LISTS, "Flickr8k.token.txt": TOKENS}
EXPECTED = {
    "train": [("b.jpg", ("A cat .",)), ("a.jpg", ("A dog .", "Dogs run ."))],
    "dev": [("c.jpg", ("A cow .",))],
}


def karpathy() -> dict:
    rows = [("b", "restval", ["A cat ."]), ("a", "train", ["A dog .", "Dogs run ."])]
    rows.append(("c", "val", ["A cow ."]))
    return {
        "dataset": "flickr8k",
        "images": [
            {"filename": f"{n}.jpg", "split": s, "sentences": [{"raw": raw} for raw in raws]}
            for n, s, raws in rows
        ],
    }


def coco(**captions: list[str]) -> str:
    numbers = {name: index + 7 for index, name in enumerate(captions)}
    return json.dumps(
        {
            "images": [{"id": i, "file_name": f"{name}.jpg"} for name, i in numbers.items()],
            "annotations": [
                {"id": 0, "image_id": numbers[name], "caption": text}
                for name, texts in captions.items()
                for text in texts
            ],
        }
    )


COCO = {
    "annotations/captions_train2017.json": coco(b=["A cat ."], a=["A dog .", "Dogs run ."]),
    "annotations/captions_val2017.json": coco(c=["A cow ."]),
    **{"train2017/a.jpg": b"", "train2017/b.jpg": b"", "val2017/c.jpg": b""},
}
CSV = "file_name,caption,split\nb.jpg,A cat .,train\na.jpg,A dog .,train\n"
CSV += "c.jpg,A cow .,val\na.jpg,Dogs run .,train\n"
JSONL = '{"file_name": "b.jpg", "text": "A cat ."}\n\n'
JSONL += '{"file_name": "a.jpg", "caption": ["A dog .", "Dogs run ."]}\n'
JSONL += '{"file_name": "c.jpg", "text": "A cow .", "split": "validation"}\n'
FLAT = {"a.jpg": b"", "b.jpg": b"", "c.jpg": b""}
ORIGINAL = {f"Flickr8k_text/{k}": v for k, v in {**LISTS, "Flickr8k.token.txt": TOKENS}.items()}
ORIGINAL |= {name.replace("images", "Flicker8k_Dataset"): b"" for name in PHOTOS}
ORIGINAL |= {"Flickr8k_text/Flickr8k.lemma.token.txt": TOKENS}
BELOW = {
    "train/metadata.jsonl": "".join(JSONL.splitlines(keepends=True)[:3]),
    "validation/captions.csv": 'caption,file_name\n"A\ncow .",c.jpg\n',
    **{"train/a.jpg": b"", "train/b.jpg": b"", "validation/c.jpg": b""},
}
LAYOUTS = {
    "flickr8k": FLICKR,
    "flickr8k original": ORIGINAL,
    "karpathy": {**PHOTOS, "dataset_flickr8k.json": json.dumps(karpathy())},
    "coco": COCO,
    "folder csv": {**FLAT, "captions.csv": CSV},
    "folder jsonl": {**FLAT, "metadata.jsonl": JSONL},
    "folder below": BELOW,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_are_told_apart_and_mean_the_same(tmp_path, layout):
    dataset = load_captions(write(tmp_path, LAYOUTS[layout]))
    assert dataset.format == layout.split()[0]
    assert dataset.splits == ("train", "dev")
    assert summary(dataset) == EXPECTED
    assert all(example.image.is_file() for example in dataset.examples("train"))
    assert repr(dataset) == f"CaptionDataset({dataset.format}, train: 2, dev: 1, problems: 0)"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_byte_order_mark_and_crlf_are_tolerated(tmp_path, layout):
    text = {
        name: b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()
        for name, content in LAYOUTS[layout].items()
        if isinstance(content, str)
    }
    assert summary(load_captions(write(tmp_path, {**LAYOUTS[layout], **text}))) == EXPECTED


def test_another_caption_file_can_be_chosen(tmp_path):
    chinese = "".join(f"{n}.jpg#0\t一只狗。\n" for n in "abc")
    root = write(tmp_path, {**FLICKR, "Flickr8kCN.token.txt": chinese, "captions.csv": CSV})
    with pytest.raises(
        DatasetError, match=r"several caption files .*Flickr8k\.token\.txt, capt.*;"
    ):
        load_captions(root)
    dataset = load_captions(root, "Flickr8kCN.token.txt")
    assert dataset.examples("dev")[0].captions == ("一只狗。",)
    assert summary(load_captions(root, root / "Flickr8k.token.txt")) == EXPECTED
    with pytest.raises(DatasetError, match=r"no caption file 'other\.txt'"):
        load_captions(root, "other.txt")


def test_karpathy_coco_paths_below_the_folder(tmp_path):
    image = {
        "filepath": "val2014",
        "filename": "a.jpg",
        "split": "test",
        "sentences": [{"raw": "A"}],
    }
    files = {"dataset_coco.json": json.dumps({"images": [image]}), "val2014/a.jpg": b""}
    (example,) = load_captions(write(tmp_path, files)).examples("test")
    assert example.image == tmp_path / "val2014/a.jpg"


def test_flickr8k_without_split_files_is_all_train(tmp_path):
    dataset = load_captions(write(tmp_path, {**PHOTOS, "Flickr8k.token.txt": TOKENS}))
    assert dataset.splits == ("train",)
    assert len(dataset) == 3


def test_flickr8k_captions_of_no_split_are_left_out(tmp_path):
    extra = TOKENS + "2258277193.jpg.1#0\tA photograph that was never published .\n"
    assert (
        summary(load_captions(write(tmp_path, {**FLICKR, "Flickr8k.token.txt": extra}))) == EXPECTED
    )


def test_unknown_split_names_those_there_are(tmp_path):
    dataset = load_captions(write(tmp_path, FLICKR))
    with pytest.raises(DatasetError, match=r"no split 'test' in .*; it has train, dev"):
        dataset.examples("test")


def test_no_data_set(tmp_path):
    with pytest.raises(DatasetError, match=r"no known data set in .*; expected Flickr8k\.token"):
        load_captions(tmp_path)
    with pytest.raises(DatasetError, match=r"no folder '.*nowhere'"):
        load_captions(tmp_path / "nowhere")


BAD_NAMES = {
    "../x.jpg": "leads out of the folder",
    "/etc/x.jpg": "leads out of the folder",
    "sub\\..\\x.jpg": "leads out of the folder",
    "C:x.jpg": "leads out of the folder",
    "missing.jpg": "photograph 'missing.jpg' is missing",
    "": "captions without a photograph",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_errors_or_left_out(tmp_path, name):
    (tmp_path / "x.jpg").touch()
    root = write(tmp_path / "data", {**FLAT, "captions.csv": f"{CSV}{name},A fish .,train\n"})
    with pytest.raises(DatasetError, match=r"1 bad entry in .*; mend them, or leave them out"):
        load_captions(root)
    dataset = load_captions(root, skip_bad=True)
    assert summary(dataset) == EXPECTED
    (problem,) = dataset.problems
    assert problem.startswith("captions.csv:6: ")
    assert BAD_NAMES[name] in problem


def test_problems_of_captions_and_splits(tmp_path):
    lists = {"Flickr_8k.devImages.txt": "c.jpg\na.jpg\nd.jpg\n", "images/d.jpg": b""}
    tokens = TOKENS.replace("A cow .", "x" * 3000).replace("A cat .", " ")
    root = write(tmp_path, {**FLICKR, **lists, "Flickr8k.token.txt": tokens})
    dataset = load_captions(root, skip_bad=True)
    assert summary(dataset) == {"train": [("a.jpg", ("A dog .", "Dogs run ."))]}
    assert dataset.problems == (
        "Flickr8k.token.txt:3: 'b.jpg' has an empty caption",
        "Flickr8k.token.txt:4: 'c.jpg' has a caption of 3,000 characters, above 2,000",
        "Flickr_8k.devImages.txt:2: 'a.jpg' is listed twice (in 'train' and in 'dev')",
        "Flickr_8k.devImages.txt:3: 'd.jpg' has no captions",
    )


EMPTY = {
    "captions.csv": (f"{CSV}a.jpg,,train\n", "captions.csv:6: 'a.jpg' has an empty caption"),
    "metadata.jsonl": (
        f'{JSONL}{{"file_name": "a.jpg", "text": " "}}\n',
        "metadata.jsonl:5: 'a.jpg' has an empty caption",
    ),
    "annotations/captions_train2017.json": (
        coco(b=["A cat ."], a=["A dog .", ""]),
        "captions_train2017.json, annotations[2]: 'a.jpg' has an empty caption",
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_caption_is_told_where_it_stands(tmp_path, name):
    content, problem = EMPTY[name]
    photos = FLAT if "/" not in name else {"train2017/a.jpg": b"", "train2017/b.jpg": b""}
    dataset = load_captions(write(tmp_path, {**photos, name: content}), skip_bad=True)
    assert dataset.problems == (problem,)
    assert "a.jpg" not in {example.image.name for example in dataset.all_examples}


def test_captions_that_no_file_can_hold_are_a_problem(tmp_path):
    row = '{"file_name": "a.jpg", "text": "A \\ud800 dog"}'
    root = write(tmp_path, {**FLAT, "metadata.jsonl": row})
    with pytest.raises(DatasetError, match=r"jsonl:1: 'a\.jpg' has a caption with half"):
        load_captions(root)


def test_many_problems_are_counted_and_the_first_named(tmp_path):
    rows = "".join(f"{i}.jpg,A caption,train\n" for i in range(40))
    root = write(tmp_path, {"captions.csv": f"file_name,caption,split\n{rows}"})
    with pytest.raises(
        DatasetError, match=r"40 bad entries .*csv:6: [^;]*; and 35 more; mend"
    ) as caught:
        load_captions(root)
    assert len(caught.value.problems) == 40
    with pytest.raises(DatasetError, match="no photograph with captions in"):
        load_captions(root, skip_bad=True)


def numbered(root: Path, count: int) -> Path:
    rows = "".join(f"{i}.jpg,A caption\n" for i in range(count))
    photos = {f"{i}.jpg": b"" for i in range(count)}
    return write(root, {**photos, "captions.csv": f"file_name,caption\n{rows}"})


def test_split_is_stable_when_photographs_are_added_or_the_folder_moves(tmp_path):
    small = split(load_captions(numbered(tmp_path / "small", 150)), 0.2, seed=3)
    large = split(load_captions(numbered(tmp_path / "large", 400)), 0.2, seed=3)
    assert large.splits == ("train", "dev")
    assert 60 <= len(large.examples("dev")) <= 100  # 80 expected, 8 the standard deviation
    sides = {example.image.name: example.split for example in large.all_examples}
    assert all(sides[example.image.name] == example.split for example in small.all_examples)
    other = split(load_captions(tmp_path / "large"), 0.2, seed=4)
    assert other.all_examples != large.all_examples


@pytest.mark.parametrize("fraction", [1e-9, 0.5, 1 - 1e-9])
def test_split_leaves_neither_side_empty(tmp_path, fraction):
    assert len(split(load_captions(numbered(tmp_path, 2)), fraction).splits) == 2


def test_split_refuses(tmp_path):
    divided = load_captions(write(tmp_path / "two", FLICKR))
    one = load_captions(numbered(tmp_path / "one", 1))
    three = load_captions(numbered(tmp_path / "three", 3))
    for dataset, fraction in [(divided, 0.1), (one, 0.1), (three, 0.0), (three, 1.0)]:
        with pytest.raises(DatasetError, match="cannot split CaptionDataset"):
            split(dataset, fraction)


def test_dev_is_put_aside_where_there_is_none(tmp_path):
    whole = load_captions(numbered(tmp_path / "whole", 30))
    assert with_dev(whole) == split(whole)
    divided = load_captions(write(tmp_path / "two", FLICKR))
    assert with_dev(divided) is divided

    some = [
        replace(x, split="test" if i < 5 else "train") for i, x in enumerate(whole.all_examples)
    ]
    found = with_dev(replace(whole, all_examples=tuple(some)))
    assert found.splits == ("train", "dev", "test")
    assert set(found.examples("test")) == {x for x in some if x.split == "test"}
    apart = {x.image for x in split(whole).examples("dev")}
    assert {x.image for x in found.examples("dev")} <= {x.image for x in some[5:]}
    assert {x.image for x in found.examples("dev")} >= apart - {x.image for x in some[:5]}


def test_dev_is_taken_from_train_alone(tmp_path):
    whole = load_captions(numbered(tmp_path, 5))
    tests = replace(whole, all_examples=tuple(replace(x, split="test") for x in whole.all_examples))
    with pytest.raises(DatasetError, match=r"has no train split, only test; .* call their split"):
        with_dev(tests)


def test_flickr8k_itself(shared):
    folder = shared / "data/flickr8k"
    for captions in (None, "Flickr8kCN.token.txt"):
        dataset = load_captions(folder, captions)
        assert {name: len(dataset.examples(name)) for name in dataset.splits} == {
            "train": 6000,
            "dev": 1000,
        }
        assert {len(example.captions) for example in dataset.all_examples} == {5}
        assert dataset.problems == ()
