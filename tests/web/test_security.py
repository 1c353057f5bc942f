"""Who is let in, and what a browser is told that it may do."""

from __future__ import annotations

import os
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tushuo.web.app import create_app
from tushuo.web.guard import Access, is_loopback

HOME = "http://127.0.0.1:8017"


@pytest.fixture(scope="module")
def public(captioner, library_file):
    """A server that others can reach."""
    access = Access.at("0.0.0.0", ["pictures.lan"])
    app = create_app(captioner, library_file, access=access)
    with TestClient(app, base_url="http://192.168.7.7:8017", follow_redirects=False) as client:
        client.token = access.token
        yield client


@pytest.fixture
def visitor(public):
    """One without cookies."""
    public.cookies.clear()
    return public


@pytest.mark.parametrize(
    "address", ["/", "/library", "/api", "/api/photos", "/static/style.css", "/nothing", "/api/x"]
)
def test_every_answer_binds_the_browser(client, address):
    headers = client.get(address).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["127.0.0.1:8017", "localhost", "LOCALHOST:1", "[::1]:8017"])
def test_hosts_that_are_this_machine(client, host):
    assert client.get("/api/model", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8017",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.2",
        "0.0.0.0:8017",
        "me@localhost",
        "localhost/x",
        "localhost:port",
        "[::1",
        "",
    ],
)
def test_rebound_names_are_refused(client, host):
    answer = client.get("/api/model", headers={"host": host})
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert error["code"] == "host"
    assert error["message"].startswith("this server does not go by the name")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"origin": HOME}, 422),
        ({"origin": HOME, "sec-fetch-site": "same-origin"}, 422),
        ({"sec-fetch-site": "none"}, 422),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "http://127.0.0.1:8017.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_own_pages_change_something(client, headers, status):
    answer = client.post("/api/captions", content=b"no photograph", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["code"] == "origin"


def test_forged_forms_change_nothing(client, number):
    before = client.get(f"/api/photos/{number}").json()
    form = {"caption": "forged", "language": "en"}
    headers = {"origin": "http://evil.example"}
    answer = client.post(f"/library/{number}/caption", data=form, headers=headers)
    assert answer.status_code == 403
    assert client.get(f"/api/photos/{number}").json() == before


def test_other_sites_cannot_show_the_photographs(client, number):
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get(f"/api/photos/{number}/image", headers=foreign).status_code == 403
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/library", headers=followed).status_code == 200


def test_others_need_the_token(visitor):
    answer = visitor.get("/api/model")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tushuo"'
    assert answer.json()["error"]["message"] == "this server asks for its token"
    page = visitor.get("/")
    assert page.status_code == 401
    assert 'name="token"' in page.text
    assert visitor.get("/static/style.css").status_code == 200


def test_programs_send_it_as_bearer(visitor):
    def status(authorization):
        return visitor.get("/api/model", headers={"authorization": authorization}).status_code

    assert status(f"Bearer {visitor.token}") == 200
    assert status(f"bearer {visitor.token}") == 200
    for wrong in ("Bearer", "Bearer x", f"Basic {visitor.token}", f"Bearer {visitor.token}x"):
        assert status(wrong) == 401


def test_people_open_the_address_with_it(visitor):
    answer = visitor.get("/library", params={"q": "dog", "token": visitor.token})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/library?q=dog"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visitor.get("/api/model").status_code == 200


def test_a_wrong_token_is_refused(visitor):
    answer = visitor.get("/api/model", params={"token": "guess"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert answer.json()["error"]["message"] == "this is not the token of this server"
    assert visitor.post(f"/api/captions?token={visitor.token}", content=b"x").status_code == 401


def test_a_public_server_goes_by_its_addresses_and_given_names(visitor):
    def status(host):
        return visitor.get("/static/style.css", headers={"host": host}).status_code

    assert [status(host) for host in ("192.168.7.7", "[fe80::1]:80", "pictures.lan")] == [200] * 3
    assert status("evil.example") == 403


def test_tokens_are_new_each_time_and_only_where_needed():
    assert Access.at("127.0.0.1").token is None
    assert Access.at("::1").token is None
    one, other = Access.at("0.0.0.0").token, Access.at("0.0.0.0").token
    assert one != other
    assert len(one) >= 43  # 256 bits


def test_loopback():
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "local", "", "127.0.0.1.x"]))


@pytest.mark.parametrize(
    "path",
    [
        "/static/../openapi.json",
        "/static/%2e%2e/openapi.json",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/api/photos/..%2f..%2fetc%2fpasswd/image",
        "/api/photos/-1/image",
        "/api/captions/..%2f../image",
        "/library/%2fetc%2fpasswd",
    ],
)
def test_no_path_leads_out(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 400)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_a_photograph_that_became_something_else_is_not_served(captioner, tmp_path):
    from tiny import save_photograph
    from tushuo.photos import Library

    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    photo = save_photograph(tmp_path / "photos" / "a.jpg")
    with Library(tmp_path / "library.db") as library:
        library.index([photo.parent], captioner)
    photo.unlink()
    photo.symlink_to(secret)
    with TestClient(create_app(captioner, tmp_path / "library.db"), base_url=HOME) as client:
        answer = client.get("/api/photos/1/image")
        assert answer.status_code == 422
        assert "secret" not in answer.text
        photo.unlink()
        os.mkfifo(photo)
        assert "not a regular file" in client.get("/api/photos/1/image").text


def test_the_language_link_leads_nowhere_else(client):
    def target(to):
        return client.get(f"/language/zh?to={quote(to)}").headers["location"]

    assert target("/library") == "/library"
    for outside in ("https://evil.example", "//evil.example", "/\\evil.example", "evil"):
        assert target(outside) == "/"
    client.cookies.clear()
