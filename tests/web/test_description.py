"""The OpenAPI description: valid, complete, and what the server really answers."""

from __future__ import annotations

import re

import jsonschema
import pytest
from openapi_spec_validator import validate
from starlette.routing import Route

from tushuo.web import api


@pytest.fixture(scope="module")
def description(client):
    return client.get("/api/openapi.json").json()


def test_it_is_valid(description):
    validate(description)
    assert description["openapi"] == "3.1.0"


def test_it_tells_of_every_route(description):
    served = {
        (re.sub(":int", "", route.path), method)
        for route in api.routes()
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    told = {
        (path, method.upper())
        for path, methods in description["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert told == served


def test_answers_are_as_described(client, description, photograph, number):
    def check(answer, path, method="get"):
        told = description["paths"][path][method]["responses"][str(answer.status_code)]
        if "$ref" in told:
            told = description["components"]["responses"]["Problem"]
        schema = told["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": description["components"]})

    check(client.get("/api/model"), "/api/model")
    check(client.post("/api/captions", content=photograph), "/api/captions", "post")
    check(client.post("/api/captions", content=b"x"), "/api/captions", "post")
    check(client.get("/api/photos?q=camera:canon"), "/api/photos")
    check(client.get("/api/photos?limit=x"), "/api/photos")
    check(client.get(f"/api/photos/{number}"), "/api/photos/{number}")
    check(client.get("/api/photos/999"), "/api/photos/{number}")
    check(client.get("/api/months"), "/api/months")
    check(client.get("/api/places"), "/api/places")


def test_a_page_tells_people(client, description):
    page = client.get("/api").text
    for path in description["paths"]:
        assert path in page
