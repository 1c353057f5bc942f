"""`tushuo serve`: a port, a message, an end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from tiny import tiny_bundle
from tushuo.caption import save_bundle
from tushuo.cli.app import app
from tushuo.errors import MissingDependencyError, UsageError
from tushuo.web.server import listen, serve


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    save_bundle(folder, tiny_bundle(), "# A tiny bundle\n")
    return folder


@pytest.fixture
def taken():
    with listen("127.0.0.1", 0) as listening:
        yield listening.getsockname()[1]


def test_a_taken_port(bundle, taken):
    result = CliRunner().invoke(app, ["serve", "--port", str(taken), "--model", str(bundle)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"tushuo: port {taken} is taken by another program; choose another:"
        f" --port {taken + 1}, or --port 0 for any that is free\n"
    )


def test_an_unknown_host():
    with pytest.raises(UsageError, match="no such address: 'no such host'"):
        listen("no such host", 0)


def test_a_host_that_is_not_here():
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("missing", ["uvicorn", "jinja2"])
def test_without_the_extra(captioner, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tushuo\[web\]'"):
        serve(captioner)


def test_it_serves_until_interrupted(bundle, tmp_path):
    command = [sys.executable, "-m", "tushuo", "serve", "--port", "0", "--model", bundle]
    process = subprocess.Popen(
        [*command, "--json", "--library", tmp_path / "none.db"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = json.loads(process.stdout.readline())["address"]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}api/model", timeout=20) as answer:
            assert b'"tiny"' in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)


def test_public_servers_print_their_token_once(captioner, monkeypatch):
    import uvicorn

    printed = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    serve(captioner, host="0.0.0.0", port=0, ready=printed.append)
    ((address),) = printed
    assert address.startswith(f"http://{socket.gethostname()}:")
    assert len(address.partition("?token=")[2]) >= 43
