"""Bounds: on files, on how many there are, and on what decoding one may take."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx2 as httpx
import pytest

from tushuo.data import Preprocessing
from tushuo.errors import ImageError
from tushuo.web.app import create_app
from tushuo.web.decoding import Decoders
from tushuo.web.limits import Limits
from tushuo.web.sightings import Recent
from web.samples import bomb, hostile

HOME = "http://127.0.0.1:8017"


@pytest.fixture(scope="module")
def small(captioner, library_file):
    """A server that takes few and small photographs."""
    from starlette.testclient import TestClient

    limits = Limits(upload_bytes=20_000, form_bytes=1000, remembered=2)
    with TestClient(create_app(captioner, library_file, limits=limits), base_url=HOME) as client:
        yield client


@pytest.fixture(scope="module")
def decoders():
    decoders = Decoders(Limits(decoders=1))
    yield decoders
    decoders.close()


@pytest.mark.parametrize("kind", hostile(b"x" * 100))
def test_hostile_files_give_one_line(client, photograph, kind):
    answer = client.post("/api/captions", content=hostile(photograph)[kind])
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "unreadable"
    assert error["message"].startswith("cannot read the photograph: ")
    assert "\n" not in error["message"]


def test_after_them_all_goes_on(client, photograph):
    assert client.post("/api/captions", content=photograph).status_code == 200


def test_a_bomb_takes_the_memory_of_its_process_alone(photograph):
    decoders = Decoders(Limits(decoders=1, decoding_bytes=160 << 20))
    try:
        with pytest.raises(ImageError, match="it does not fit in memory"):
            decoders.decode(bomb(4000, 4000), 100)  # 48 MB as RGB, several times
        assert decoders.decode(photograph, 100).width == 200
    finally:
        decoders.close()


def test_more_pixels_than_allowed_are_not_decoded(decoders, photograph):
    with pytest.raises(ImageError, match=r"too large.*at most 178,956,970 pixels"):
        decoders.decode(hostile(photograph)["lying header"], 100)


def test_decoding_has_a_time_limit(photograph):
    decoders = Decoders(Limits(decoders=1, decoding_seconds=0.001))
    try:
        with pytest.raises(ImageError, match=r"took longer than 0\.001 seconds"):
            decoders.decode(photograph, 100)
    finally:
        decoders.close()


def test_a_process_that_died_is_replaced(decoders, photograph):
    first = decoders.decode(photograph, 100, Preprocessing(size=32))
    assert first.pixels.shape == (3, 32, 32)
    os.kill(decoders._all[0]._running.pid, signal.SIGKILL)
    decoders._all[0]._running.wait()
    with pytest.raises(ImageError, match="decoding it failed"):
        decoders.decode(photograph, 100)
    again = decoders.decode(photograph, 100, Preprocessing(size=32))
    assert again.jpeg == first.jpeg
    assert (again.pixels == first.pixels).all()


def test_too_large_files(small):
    for body in (b"x" * 20_001, iter([b"x" * 15_000] * 2)):  # told beforehand, and not
        answer = small.post("/api/captions", content=body)
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "more than 0.0191 MiB"
    answer = small.post("/api/export", content=b"x" * 1001)
    assert answer.status_code == 413


def test_old_captions_are_forgotten(small, photograph):
    ids = [small.post("/api/captions", content=photograph).json()["id"] for _ in range(3)]
    statuses = [small.get(f"/api/captions/{each}").status_code for each in ids]
    assert statuses == [404, 200, 200]


def test_the_last_used_are_kept():
    kept: Recent[str] = Recent(10)
    kept.put("a", "A", 4)
    kept.put("b", "B", 4)
    assert kept.get("a") == "A"
    kept.put("c", "C", 4)
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]
    kept.put("c", "CC", 6)
    assert [kept.get(key) for key in "ac"] == ["A", "CC"]


def at_once(app, requests):
    """The answers of requests that are made together."""

    async def run():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME, timeout=60) as visitor:
            return await asyncio.gather(*(request(visitor) for request in requests))

    return asyncio.run(run())


def test_a_hundred_uploads_at_once(captioner, library_file, photograph):
    app = create_app(captioner, library_file, limits=Limits(uploads=5))
    answers = at_once(app, [lambda v: v.post("/api/captions", content=photograph)] * 100)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 5
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["error"]["message"].startswith("too much at once: 5 photographs")
    desk = app.state.desk
    assert (desk.turns, desk.bytes) == (0, 0)
    (later,) = at_once(app, [lambda v: v.post("/api/captions", content=photograph)])
    assert later.status_code == 200
    desk.close()


def test_bytes_that_wait_are_bounded_and_given_back(captioner, photograph):
    limits = Limits(waiting_bytes=len(photograph))
    app = create_app(captioner, limits=limits)
    (good,) = at_once(app, [lambda v: v.post("/api/captions", content=photograph)])
    (full,) = at_once(app, [lambda v: v.post("/api/captions", content=photograph + b"x")])
    assert (good.status_code, full.status_code) == (200, 503)
    assert app.state.desk.bytes == 0
    app.state.desk.close()


def test_photographs_of_the_library_count_too(captioner, library_file):
    app = create_app(captioner, library_file, limits=Limits(waiting_bytes=10))
    (full,) = at_once(app, [lambda v: v.post("/api/photos/1/captions")])
    assert full.status_code == 503
    assert (app.state.desk.turns, app.state.desk.bytes) == (0, 0)
    app.state.desk.close()


def test_few_files_are_in_memory_at_once(captioner, library_file, monkeypatch):
    """However many pictures are asked for together."""
    from tushuo.web import shelf

    app = create_app(captioner, library_file, limits=Limits(decoders=1, thumbnails_bytes=0))
    held = most = 0
    read, decode = shelf._read, app.state.desk.decode

    def reading(*args):
        nonlocal held, most
        held += 1
        most = max(most, held)
        return read(*args)

    async def decoding(*args, **options):
        nonlocal held
        try:
            return await decode(*args, **options)
        finally:
            held -= 1

    monkeypatch.setattr(shelf, "_read", reading)
    monkeypatch.setattr(app.state.desk, "decode", decoding)
    asked = [lambda v, n=n: v.get(f"/api/photos/{n % 3 + 1}/image") for n in range(12)]
    assert {answer.status_code for answer in at_once(app, asked)} == {200}
    assert (held, most) == (0, 2)
    app.state.desk.close()


def test_slow_uploads_are_ended(captioner):
    async def slowly():
        yield b"x"
        await asyncio.sleep(5)

    app = create_app(captioner, limits=Limits(upload_seconds=0.05))
    (answer,) = at_once(app, [lambda v: v.post("/api/captions", content=slowly())])
    assert answer.status_code == 408
    assert app.state.desk.turns == 0
    app.state.desk.close()


def test_visitors_who_leave_give_their_place_back(captioner, photograph):
    """The connection ends while the caption is being told."""
    app = create_app(captioner)
    sent = []

    async def run():
        bodies = [{"type": "http.request", "body": photograph}]
        gone = asyncio.Event()

        async def receive():
            if bodies:
                return bodies.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            gone.set()

        headers = [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")]
        scope = {"type": "http", "method": "POST", "path": "/api/captions", "query_string": b""}
        about = {"headers": headers, "scheme": "http", "server": ("127.0.0.1", 80)}
        await app(scope | about | {"asgi": {"version": "3.0"}}, receive, send)

    asyncio.run(run())
    assert sent
    assert sent[0]["status"] == 200
    assert (app.state.desk.turns, app.state.desk.bytes) == (0, 0)
    app.state.desk.close()
