"""The command as a process: start, pipes, signals, names that are no Unicode."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tiny import save_photograph


def test_help_is_fast_and_complete(tushuo):
    script = (
        "import sys; from tushuo.cli.app import app; "
        "heavy = {'numpy', 'PIL', 'safetensors'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], env=tushuo.environment, check=True)
    result = tushuo("--help")
    assert result.returncode == 0
    for command in (b"caption", b"classify", b"evaluate", b"models"):
        assert command in result.stdout


def test_version(tushuo):
    result = tushuo("--version")
    assert result.stdout.startswith(b"tushuo 0.")
    assert result.returncode == 0


def test_exit_status_and_bytes(tushuo, bundle, photos):
    result = tushuo("caption", photos, "--model", bundle)
    assert result.returncode == 1
    assert "狗.jpg\t" in result.stdout.decode("utf-8")
    assert len(result.stdout.splitlines()) == 3
    assert len(result.stderr.splitlines()) == 2
    assert tushuo("caption").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_names_that_are_no_unicode(tushuo, bundle, tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    photo = save_photograph(tmp_path / "x.png").rename(tmp_path / name)
    plain = tushuo("caption", "-", "--model", bundle, input=os.fsencode(photo))
    assert plain.stdout.startswith(os.fsencode(photo) + b"\t")
    entry = json.loads(tushuo("caption", photo, "--json", "--model", bundle).stdout)
    assert entry["path"] == str(photo)
    missing = tushuo("caption", tmp_path / os.fsdecode(b"\xff.png"), "--model", bundle)
    assert b"no such file" in missing.stderr
    assert b"Traceback" not in missing.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device")  # noqa: PTH110
def test_a_full_disk_is_one_line(tushuo, bundle, photos):
    command = [sys.executable, "-m", "tushuo", "caption", photos / "a b.png", "--model", bundle]
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=tushuo.environment, check=False
        )
    assert result.returncode == 1
    assert result.stderr == b"tushuo: No space left on device\n"


def start(tushuo, *arguments):
    command = [sys.executable, "-m", "tushuo", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=tushuo.environment, text=True
    )


def test_each_path_is_answered_before_the_next_with_batches_of_one(tushuo, bundle, photos):
    with start(tushuo, "caption", "-", "--batch-size", "1", "--model", bundle) as process:
        for name in ("a b.png", "sub/狗.jpg"):
            process.stdin.write(f"{photos / name}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{photos / name}\t")
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_closed_pipe_is_quiet(tushuo, bundle, photos):
    many = [photos / "a b.png"] * 200
    with start(tushuo, "caption", *many, "--batch-size", "2", "--model", bundle) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(20) == 141


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_quiet(tushuo, bundle, photos):
    with start(tushuo, "caption", "-", "--batch-size", "1", "--model", bundle) as process:
        process.stdin.write(f"{photos / 'a b.png'}\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""
