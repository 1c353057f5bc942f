"""The JSON API: captions with their reasons, the library, and its description."""

from __future__ import annotations

import csv
import io
import json
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from tushuo.data import load_image
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, merged
from tushuo.photos.metadata.xmp import texts
from web.samples import tiff

STREAM = {"accept": "text/event-stream"}


def events(answer):
    """Names and data of server-sent events."""
    blocks = [block for block in answer.text.split("\n\n") if block]
    lines = [block.split("\n") for block in blocks]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in lines
    ]


def test_the_caption_is_that_of_every_other_way(client, captioner, photograph):
    said = client.post("/api/captions", content=photograph).json()
    (caption,) = captioner([photograph])
    assert said["caption"] == caption.text
    assert said["logprob"] == pytest.approx(caption.logprob, abs=1e-5)
    assert [other["caption"] for other in said["alternatives"]] == [
        other.text for other in caption.alternatives
    ]
    assert (said["model"], said["language"], said["confidence"]) == ("tiny", "en", None)
    assert (said["width"], said["height"]) == (200, 120)
    assert said["region"] == [0, 0, 1, 1]
    assert said["photo"] is None


def test_each_word_has_its_place_attention_and_rivals(client, captioner, photograph):
    said = client.post("/api/captions", content=photograph).json()
    (caption,) = captioner([photograph])
    assert [word["word"] for word in said["words"]] == list(caption.words)
    for word, attention in zip(said["words"], caption.attention, strict=True):
        spelt = said["caption"][word["start"] : word["end"]]
        assert spelt.lower() == word["word"]
        np.testing.assert_allclose(word["attention"], attention, atol=1e-5)
        shares = [rival["probability"] for rival in word["candidates"]]
        assert shares == sorted(shares, reverse=True)
        assert len(shares) == 5
        assert word["probability"] <= shares[0] + 1e-6
    logs = np.log([word["probability"] for word in said["words"]])
    assert said["logprob"] <= logs.sum() + 1e-6  # the end has a probability, too


def test_it_is_told_word_by_word(client, photograph):
    answer = client.post("/api/captions", content=photograph, headers=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer)
    names = [name for name, _ in told]
    assert names == ["word"] * (len(names) - 1) + ["caption"]
    lengths = [len(data["words"]) for _, data in told[:-1]]
    assert lengths == list(range(1, len(names)))
    for _, data in told[:-1]:
        assert np.sum(data["attention"]) == pytest.approx(1, abs=1e-3)
    whole = client.post("/api/captions", content=photograph).json()
    assert told[-1][1]["caption"] == whole["caption"]


def test_a_caption_can_be_asked_for_again(client, photograph):
    said = client.post("/api/captions", content=photograph).json()
    assert client.get(f"/api/captions/{said['id']}").json() == said
    image = client.get(said["image"])
    assert image.headers["content-type"] == "image/jpeg"
    assert load_image(image.content).size == (200, 120)
    gone = client.get("/api/captions/unknown")
    assert gone.status_code == 404
    assert gone.json()["error"]["code"] == "forgotten"


def test_what_browsers_do_not_show_is_shown_as_jpeg(client):
    said = client.post("/api/captions", content=tiff(2000, 1000)).json()
    assert (said["width"], said["height"]) == (2000, 1000)
    assert load_image(client.get(said["image"]).content).size == (1280, 640)


def test_a_turned_photograph_stands_upright(client):
    file = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (3000, 2000), "teal").save(file, "JPEG", exif=turned)
    said = client.post("/api/captions", content=file.getvalue()).json()
    assert (said["width"], said["height"]) == (2000, 3000)
    assert load_image(client.get(said["image"]).content).size == (853, 1280)


def test_a_photograph_of_the_library_is_known(client, library_file, number):
    content = (library_file.parent / "a.jpg").read_bytes()
    assert client.post("/api/captions", content=content).json()["photo"] == number
    again = client.post(f"/api/photos/{number}/captions").json()
    stored = client.get(f"/api/photos/{number}").json()["captions"][0]
    assert again["caption"] == stored["caption"]
    assert again["photo"] == number


def test_searching_and_leafing(client, number):
    assert len(client.get("/api/photos").json()["photos"]) == 3
    first, second = (
        client.get("/api/photos", params={"limit": 1, "offset": n}).json()["photos"][0]
        for n in (0, 1)
    )
    assert (first["taken"], second["taken"]) == ("2025-01-02 03:04:05", "2024-05-31 18:02:11")
    assert second["id"] == number
    said = second["captions"][0]["caption"]
    found = client.get("/api/photos", params={"q": said.rstrip(".")}).json()["photos"]
    hit = next(photo for photo in found if photo["id"] == number)["hit"]
    start, end = hit["spans"][0]
    assert said[start:end].lower() in said.lower()


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"from": "2024-05-31", "to": "2024-05-31"}, 1),
        ({"from": "2024-06-01"}, 1),
        ({"to": "2024-05-30"}, 0),
        ({"place": "48.0,-11.5"}, 1),
        ({"place": "48.0,11.5"}, 0),
        ({"place": "48.0,-11.5", "q": "camera:canon"}, 1),
        ({"place": "48.0,-11.5", "q": "-camera:canon"}, 0),
        ({"q": "path:狗"}, 1),
        ({"q": "nowhere"}, 0),
    ],
)
def test_by_date_and_place(client, asked, count):
    assert len(client.get("/api/photos", params=asked).json()["photos"]) == count


def test_months_and_places(client):
    assert client.get("/api/months").json()["months"] == [
        {"month": "2025-01", "count": 1},
        {"month": "2024-05", "count": 1},
    ]
    places = client.get("/api/places").json()["places"]
    assert places == [{"latitude": 48.0, "longitude": -11.5, "count": 1}]


def test_pictures_of_the_library_are_kept_by_the_browser(client, number):
    small = client.get(f"/api/photos/{number}/image", params={"size": "small"})
    assert load_image(small.content).size == (120, 80)
    again = client.get(
        f"/api/photos/{number}/image",
        params={"size": "small"},
        headers={"if-none-match": small.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_person_corrects_a_caption(client, number):
    address = f"/api/photos/{number}/captions/en"
    before = client.get(f"/api/photos/{number}").json()["captions"]
    edited = client.put(address, json={"caption": "Our dog <Bello>"}).json()
    assert edited["captions"] == [
        {"caption": "Our dog <Bello>", "language": "en", "by": "person", "confidence": None}
    ]
    assert client.get("/api/photos", params={"q": "bello"}).json()["photos"][0]["id"] == number
    page = client.get(f"/library/{number}").text
    assert "Our dog &lt;Bello&gt;" in page
    assert "<Bello>" not in page
    back = client.put(address, json={"caption": ""}).json()
    assert back["captions"] == before


def test_export(client, number):
    table = client.post("/api/export", json={"format": "csv", "photos": [number]})
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["camera"], row["taken"]) == ("Canon EOS R5", "2024-05-31 18:02:11")
    assert table.headers["content-disposition"] == 'attachment; filename="captions.csv"'
    lines = client.post("/api/export", json={"format": "jsonl", "q": "after:2024"}).text
    assert len(lines.splitlines()) == 2
    form = {"format": "jsonl", "photos": [str(number)]}
    assert len(client.post("/library/export", data=form).text.splitlines()) == 1


def test_sidecars(client, number, library_file):
    """They keep what is said already, and lie as the photographs do."""
    other = library_file.parent / "狗" / "b.png.xmp"
    other.write_bytes(merged(None, {DESCRIPTION: {"x-default": "a person's words"}}))
    try:
        answer = client.post("/api/export", json={"format": "zip"})
    finally:
        other.unlink()
    assert answer.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as archive:
        said = {name: texts(archive.read(name)) for name in archive.namelist()}
    assert sorted(said) == ["a.jpg.xmp", "c.jpg.xmp", "狗/b.png.xmp"]
    caption = client.get(f"/api/photos/{number}").json()["captions"][0]["caption"]
    assert said["a.jpg.xmp"][DESCRIPTION] == {"x-default": caption, "en": caption}
    assert said["a.jpg.xmp"][ALT_TEXT] == {"x-default": caption, "en": caption}
    assert said["狗/b.png.xmp"][DESCRIPTION] == {"x-default": "a person's words"}


def test_a_sidecar_that_cannot_be_read_is_told(client, library_file):
    bad = library_file.parent / "a.jpg.xmp"
    bad.write_bytes(b"<broken")
    try:
        answer = client.post("/api/export", json={"format": "zip"})
    finally:
        bad.unlink()
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert "a.jpg.xmp" not in archive.namelist()
        assert archive.read("not-written.txt").startswith(b"a.jpg.xmp: ")


INFINITE = {  # as JSON's readers take it
    "content": '{"format": "csv", "photos": [1e400]}',
    "headers": {"content-type": "application/json"},
}


@pytest.mark.parametrize(
    ("method", "address", "options", "status", "message"),
    [
        ("GET", "/api/photos?limit=0", {}, 400, "limit: got '0'"),
        ("GET", "/api/photos?place=here", {}, 400, "place: got 'here'"),
        ("GET", "/api/photos?from=yesterday", {}, 400, "from: 'yesterday' is no date"),
        ("GET", '/api/photos?q="half', {}, 400, "a quotation mark stands alone"),
        ("GET", "/api/photos?q=like:/etc/passwd", {}, 400, "like: is not to be had here"),
        ("GET", "/api/photos/99", {}, 404, "the library has no photograph 99"),
        ("GET", f"/api/photos/{1 << 70}", {}, 404, "the library has no photograph"),
        ("GET", "/api/photos/1/image?size=huge", {}, 400, "size: got 'huge'"),
        ("GET", "/api/nothing", {}, 404, "Not Found: GET /api/nothing"),
        ("DELETE", "/api/photos/1", {}, 405, "Method Not Allowed: DELETE"),
        ("POST", "/api/captions", {}, 400, "nothing was sent"),
        ("POST", "/api/export", {"json": {"format": "exe"}}, 400, "format: got 'exe'"),
        ("POST", "/api/export", {"json": {"format": "csv", "photos": ["x"]}}, 400, "photos: exp"),
        ("POST", "/api/export", {"json": {"format": "csv", "photos": "12"}}, 400, "photos: exp"),
        ("POST", "/api/export", {"json": {"format": "csv", "photos": [True]}}, 400, "photos: exp"),
        ("POST", "/api/export", INFINITE, 400, "photos: expected a list of numbers"),
        ("POST", "/api/export", {"json": [1]}, 400, "the body is no form and no JSON object"),
        ("PUT", "/api/photos/1/captions/en", {"json": {}}, 400, "caption: expected a text"),
        ("PUT", "/api/photos/1/captions/e!", {"json": {"caption": "x"}}, 400, "language: got"),
    ],
)
def test_errors_are_one_clear_message(client, method, address, options, status, message):
    answer = client.request(method, address, **options)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert message in error["message"]
    assert "Traceback" not in answer.text


def test_a_server_without_library(captioner, tmp_path, photograph):
    from starlette.testclient import TestClient

    from tushuo.web.app import create_app

    missing = tmp_path / "none.db"
    with TestClient(create_app(captioner, missing), base_url="http://127.0.0.1") as client:
        answer = client.get("/api/photos")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "library")
        assert "no library" in answer.json()["error"]["message"]
        assert "tushuo index" in client.get("/library").text
        assert client.post("/api/captions", content=photograph).status_code == 200
    assert not missing.exists()
