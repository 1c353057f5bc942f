from __future__ import annotations

from importlib.resources import files


def test_a_thousand_distinct_names_in_the_order_of_imagenet() -> None:
    names = (files("tushuo.models") / "imagenet_classes.txt").read_text("utf-8").splitlines()
    assert len(set(names)) == len(names) == 1000
    assert all(name == name.strip() != "" for name in names)
    known = {0: "tench", 1: "goldfish", 281: "tabby cat", 340: "zebra", 999: "toilet paper"}
    assert {index: names[index] for index in known} == known
