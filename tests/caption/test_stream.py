"""Many photographs at once: order, batches, errors, laziness."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tushuo.caption import caption_files, process
from tushuo.data import Found
from tushuo.errors import ImageError


def load(path):
    if path.name.startswith("bad"):
        raise ImageError(f"cannot read {path.name}")
    if path.name == "huge":
        raise MemoryError
    return path.name.upper()


def founds(names):
    return [Found(Path(name)) for name in names]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 50])
def test_order_is_kept_and_bad_ones_stop_nothing(batch_size, workers):
    names = ["a", "bad1", "b", "huge", "c", "d", "bad2"]
    batches = []

    def work(items):
        batches.append(list(items))
        return [f"<{item}>" for item in items]

    outcomes = list(process(founds(names), load, work, batch_size, workers))
    assert [str(outcome.path) for outcome in outcomes] == names
    results = {str(o.path): o.result for o in outcomes if o.error is None}
    assert results == {"a": "<A>", "b": "<B>", "c": "<C>", "d": "<D>"}
    assert sorted(item for batch in batches for item in batch) == ["A", "B", "C", "D"]
    assert all(len(batch) <= batch_size for batch in batches)
    assert "does not fit in memory" in str(outcomes[3].error)


def test_an_error_of_the_search_is_passed_on():
    error = ImageError("no photograph in folder 'x'")
    (outcome,) = process([Found(Path("x"), error)], load, list)
    assert outcome.error is error
    assert outcome.item is None


@pytest.mark.parametrize(("batch_size", "most"), [(1, 1), (3, 7)])
def test_no_more_is_read_ahead_than_a_batch(batch_size, most):
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield Found(Path(str(i)))

    outcomes = process(source(), load, list, batch_size)
    next(outcomes)
    assert len(taken) <= most
    outcomes.close()
    assert len(taken) <= most


def test_workers_work_at_the_same_time():
    meeting = threading.Barrier(3)

    def work(items):
        meeting.wait(timeout=10)
        return items

    names = [str(i) for i in range(6)]
    outcomes = list(process(founds(names), load, work, batch_size=2, workers=3))
    assert [outcome.result for outcome in outcomes] == names


def test_captions_of_files(captioner, photographs, tmp_path):
    paths = [photographs[0], tmp_path / "missing.jpg", photographs[1]]
    outcomes = list(caption_files(captioner, map(Found, paths), beams=2, keep_images=True))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert "no such file" in str(outcomes[1].error)
    direct = captioner([photographs[0], photographs[1]], beams=2)
    found = [outcomes[0].result.text, outcomes[2].result.text]
    assert found == [caption.text for caption in direct]
    assert outcomes[0].item.image.size == (90, 60)
    (lean,) = caption_files(captioner, founds(paths[:1]))
    assert lean.item.image is None
