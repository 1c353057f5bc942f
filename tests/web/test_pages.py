"""The pages: two languages, nothing inline, nothing from elsewhere, good without scripts."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from tushuo.web.texts import LANGUAGES, texts

PAGES = ["/", "/library", "/library?q=nowhere", "/library/1", "/api", "/nothing"]
SAME = {"nav_api", "api_title", "format_csv", "format_jsonl"}
VOID = {"meta", "link", "img", "input", "br"}


class Elements(HTMLParser):
    """All elements of a page, with whether each is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"rect", "path"}:
            assert self.open.pop() == tag


def test_both_languages_say_the_same_things():
    english, chinese = map(texts, LANGUAGES)
    assert list(english) == list(chinese)
    for name in english:
        assert name not in dir(dict), f"{name} is a method of what templates see"
        fields = [sorted(re.findall(r"\{\w+\}", t[name])) for t in (english, chinese)]
        assert fields[0] == fields[1], name
        assert re.search("[\u4e00-\u9fff]", chinese[name]) or name in SAME


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh;q=0.3, en;q=0.2", "zh-Hans"),
        ("zh;q=0, fr", "en"),
        ("de", "en"),
        ("zh;q=x, en;q=0.1", "en"),
        ("*;q=0.5, zh-TW;q=1", "zh-Hans"),
    ],
)
def test_the_browser_says_which_language(client, accept, language):
    page = client.get("/", headers={"accept-language": accept}).text
    assert f'<html lang="{language}">' in page


def test_a_person_chooses_the_language(client):
    answer = client.get("/language/zh?to=/library")
    assert (answer.status_code, answer.headers["location"]) == (303, "/library")
    assert "图库" in client.get("/library", headers={"accept-language": "en"}).text
    client.cookies.clear()
    assert client.get("/language/xx").status_code == 404


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_stand_alone(client, address, language):
    page = client.get(address, headers={"accept-language": language})
    elements = Elements(page.text).found
    for tag, attributes in elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            target = attributes.get(name) or "/"
            assert target.startswith(("/", "#")), (tag, target)
            assert not target.startswith("//")
    assert "style" not in {tag for tag, _ in elements}


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_made_for_everybody(client, address):
    elements = Elements(client.get(address).text).found
    tags = [tag for tag, _ in elements]
    assert tags.count("h1") == tags.count("main") == 1
    assert all("alt" in attributes for tag, attributes in elements if tag == "img")
    names = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(set(names)) == len(names)


def test_what_pages_load_is_there(client):
    for address in PAGES[:5]:
        for tag, attributes in Elements(client.get(address).text).found:
            loaded = attributes.get("src") or (tag == "link" and attributes["href"])
            if loaded:
                assert client.get(loaded).status_code == 200, loaded
    static = files("tushuo.web").joinpath("static")
    for script in static.iterdir():
        for other in re.findall(r'from "\./([\w.]+)"', script.read_text("utf-8")):
            assert static.joinpath(other).is_file()


def test_scripts_know_all_their_texts(client):
    known = json.loads(re.search(r'id="texts">(.*?)</script>', client.get("/").text)[1])
    for script in files("tushuo.web").joinpath("static").iterdir():
        if script.name.endswith(".js") and not script.name.startswith("htmx"):
            for name in re.findall(r'\btext\("(\w+)"', script.read_text("utf-8")):
                assert f"js_{name}" in known


def test_the_grid_marks_what_was_searched_for(client):
    said = client.get("/api/photos").json()["photos"][0]["captions"][0]["caption"]
    word = said.rstrip(".").split()[-1]
    part = client.get("/library/grid", params={"q": word[:2]}).text
    assert f"<mark>{word}</mark>" in part.lower() or f"<mark>{word.title()}</mark>" in part
    assert "<html" not in part


def test_half_a_query_is_no_error(client):
    for query in ('"half a phr', "camera:", "like:/etc/passwd", "-"):
        answer = client.get("/library/grid", params={"q": query})
        assert answer.status_code == 200
        assert 'class="nothing"' in answer.text
        assert client.get("/library", params={"q": query}).status_code == 200


def test_pages_of_photographs(client):
    part = client.get("/library/grid", params={"limit": 2}).text
    assert part.count('class="card"') == 2
    (more,) = set(re.findall(r'hx-get="([^"]+)"', part))
    rest = client.get(more.replace("&amp;", "&")).text
    assert rest.count('class="card"') == 1
    assert "hx-get" not in rest


def test_correcting_with_and_without_scripts(client, number):
    form = {"caption": "  Bello,\n our dog ", "language": "en"}
    part = client.post(f"/library/{number}/caption", data=form, headers={"hx-request": "true"})
    assert "Bello,  our dog" in part.text or "Bello, our dog" in part.text
    assert "Saved." in part.text
    assert "written by a person" in part.text
    plain = client.post(f"/library/{number}/caption", data={"undo": "1", "language": "en"})
    assert (plain.status_code, plain.headers["location"]) == (303, f"/library/{number}")
    assert "written by tiny" in client.get(f"/library/{number}").text


@pytest.mark.parametrize(
    "options",
    [{"data": {"language": "en"}}, {"json": {"language": "en", "caption": 5}}, {"json": {"x": 1}}],
)
def test_a_form_without_a_text_changes_nothing(client, number, options):
    address = f"/library/{number}/caption"
    client.post(address, data={"caption": "Bello", "language": "en"})
    try:
        assert client.post(address, **options).status_code == 400
        assert "Bello" in client.get(f"/library/{number}").text
        whole = client.post(address, json={"caption": "Our Bello", "language": "en"})
        assert whole.status_code == 303
        assert "Our Bello" in client.get(f"/library/{number}").text
    finally:
        client.post(address, data={"undo": "1", "language": "en"})


def test_sums_follow_what_is_written(client, number):
    assert "0 captions by people" in client.get("/library").text
    address = f"/api/photos/{number}/captions/en"
    client.put(address, json={"caption": "Mine."})
    assert "1 captions by people" in client.get("/library").text
    client.put(address, json={"caption": ""})
    assert "0 captions by people" in client.get("/library").text


def test_what_cannot_be_saved_is_told_in_place(client, number):
    form = {"caption": "x" * 10_001, "language": "en"}
    part = client.post(f"/library/{number}/caption", data=form, headers={"hx-request": "true"})
    assert part.status_code == 400
    assert part.text.startswith('<p class="trouble" role="alert">caption of 10,001 characters')


@pytest.fixture(scope="module")
def graph(client, photograph):
    said = client.post("/api/captions", content=photograph).json()
    return said["words"][1]["graph"], said["words"][1]["word"]


def allowed(policy, kind):
    return re.search(rf"{kind}-src ([^;]*)", policy)[1].split()


def test_the_graph_of_a_step(client, graph):
    address, word = graph
    picture = client.get(f"{address}.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert f"log p({word})" in picture.text
    assert "AdditiveAttention" in picture.text
    assert client.get(address.replace("/1/", "/99/")).status_code == 404


def test_the_scripts_of_a_graph_are_allowed_one_by_one(client, graph):
    page = client.get(graph[0])
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "sandbox allow-scripts" in policy
    for kind in ("script", "style"):
        (*_, last) = re.findall(rf"<{kind}>(.*?)</{kind}>", page.text, re.DOTALL)
        digest = base64.b64encode(sha256(last.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed(policy, kind)
