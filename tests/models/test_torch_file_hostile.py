"""Files that lie, break off or attack: each ends in one clear `CheckpointError`."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import torch_files as tf
from tushuo.errors import CheckpointError
from tushuo.models.torch_file import MAX_PICKLE_BYTES, read_torch_file

COMMAND = tf.sequence(tf.text("touch PWNED")) + b"R"
HOSTILE = {
    "global posix.system": b"cposix\nsystem\n" + COMMAND,
    "global os.system": b"\x8c\x02os\x8c\x06system\x93" + COMMAND,
    "global builtins.eval": b"cbuiltins\neval\n"
    + tf.sequence(tf.text("open('PWNED', 'w')"))
    + b"R",
    "global builtins.getattr": b"cbuiltins\ngetattr\n"
    + tf.sequence(b"cbuiltins\ngetattr\n" + COMMAND, tf.text("x"))
    + b"R",
    "global torch._utils._rebuild_tensor_v2.__globals__": tf.text("torch._utils")
    + tf.text("_rebuild_tensor_v2.__globals__")
    + b"\x93",
    "global os.\\x1b[2J": tf.text("os") + tf.text("\x1b[2J") + b"\x93",
    "global torch.load": b"ctorch\nload\n" + COMMAND,
    "pickle opcode INST os system": b"(" + tf.text("touch PWNED") + b"ios\nsystem\n",
    "pickle opcode OBJ": b"(ccollections\nOrderedDict\no",
    "pickle opcode NEWOBJ": b"ccollections\nOrderedDict\n)\x81",
    "pickle opcode EXT1 1": b"\x82\x01",
    "pickle opcode PERSID ../../etc/passwd": b"P../../etc/passwd\n",
    "a call of torch.FloatStorage with 1 arguments": b"ctorch\nFloatStorage\n" + COMMAND,
    "a call of collections.OrderedDict with 1": b"ccollections\nOrderedDict\n" + COMMAND,
    "a call of str with 0 arguments": tf.text("a") + b")R",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_pickles_are_refused_by_name(
    save: tf.Save, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError) as caught:
        read_torch_file(save(HOSTILE[what], {}))
    assert f"weights.pth: refused {what}" in str(caught.value)
    assert "only a flat dict of tensors can be read" in caught.value.hint
    assert not Path("PWNED").exists()


def rebuild(*arguments: bytes) -> bytes:
    return tf.REBUILD + tf.sequence(*arguments, b"\x89", b"}") + b"R"


FLOATS = tf.storage("FloatStorage", "0", 6)
MALFORMED = [
    (tf.window((2, 3), (3, 1), offset=1), "reaches outside its storage: shape (2, 3)"),
    (tf.window((7,), (0,)), "reaches outside its storage: shape (7,)"),
    (tf.window((), (), offset=6), "and offset 6 in 6 elements"),
    (tf.window((2,), (-1,), offset=5), "are not natural numbers"),
    (tf.window((2**63,), (0,)), "are not natural numbers"),
    (tf.window((2, 3), (1,)), "are not natural numbers"),
    (rebuild(FLOATS, b"\x88", b")", b")"), "are not natural numbers"),
    (rebuild(FLOATS, tf.number(0), b"]", b"]"), "are not natural numbers"),
    (rebuild(b"N", tf.number(0), b")", b")"), "a tensor without a storage"),
    (tf.window((0, 2**40), (1, 1)), "an empty tensor of the shape (0, 1099511627776)"),
    (tf.sequence(tf.text("module"), b"N") + b"Q", "a persistent id that is not a storage"),
    (tf.storage("FloatStorage", "0", -1), "a persistent id that is not a storage"),
    (tf.sequence(FLOATS, tf.storage("IntStorage", "0", 6)), "storage '0' is declared in two ways"),
    (b"j\xff\xff\xff\xff", "memo entry 4294967295 was never written"),
    (b"}))s", "a dict key is of type tuple, expected text"),
    (b"])b", "items for what is not a dict"),
    (b"]", "'w' is of type list, expected a tensor; save model.state_dict() alone"),
    (tf.mapping({"inner": tf.window((6,), (1,))}), "'w' is of type dict, expected a tensor"),
]


@pytest.mark.parametrize(("body", "message"), MALFORMED)
def test_malformed_entries(save: tf.Save, body: bytes, message: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_torch_file(tf.save_six(save, body))
    assert message in str(caught.value)


@pytest.mark.parametrize("body", [b"]", b"N", tf.text("x")])
def test_what_is_not_a_dict_is_refused(save: tf.Save, body: bytes) -> None:
    with pytest.raises(CheckpointError, match="expected a dict of tensors"):
        read_torch_file(save(body, {}))


def test_deeply_nested_tuples_do_no_harm(save: tf.Save) -> None:
    deep = b")" + b"\x85" * 200_000  # hashing or printing these would overflow the C stack
    with pytest.raises(CheckpointError, match="a dict key is of type tuple"):
        read_torch_file(save(b"}" + deep + b"Ns", {}))


@pytest.mark.parametrize(
    ("name", "message"), [("absent.pth", "cannot be read"), ("folder", "cannot be read")]
)
def test_paths_that_are_no_file(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CheckpointError, match=f"{name}: {message}"):
        read_torch_file(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; expected a .pth or .pt file that torch.save wrote"),
        (b"\x89PNG", "not a PyTorch checkpoint; expected a .pth"),
        (tf.pickled(b"cos\nsystem\n"), "not a PyTorch checkpoint"),
        (b"PK\x03\x04" + bytes(60), "damaged checkpoint"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_torch_file(tf.write_file(tmp_path, content))
    assert message in str(caught.value)


def state() -> bytes:
    return tf.mapping({"w": tf.window((6,), (1,))})


def zip_of(tmp_path: Path, storages: dict[str, bytes], body: bytes, **options: int) -> Path:
    return tf.write_file(tmp_path, tf.zip_file(body, storages, **options))


def test_compressed_entries_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path, {"0": bytes(24)}, state(), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="is compressed, expected stored bytes"):
        read_torch_file(path)


@pytest.mark.parametrize(
    ("storages", "message"),
    [
        ({"0": bytes(20)}, "entry 'archive/data/0' has 20 bytes, expected 24"),
        ({"1": bytes(24)}, "entry 'archive/data/0' is missing from the archive"),
    ],
)
def test_storages_that_do_not_fit(tmp_path: Path, storages: dict[str, bytes], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_torch_file(zip_of(tmp_path, storages, state()))


def test_keys_are_names_in_the_archive_only(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(4))
    body = tf.mapping({"w": tf.tensor("FloatStorage", "../../secret", 1, (1,), (1,))})
    with pytest.raises(CheckpointError, match=r"data/\.\./\.\./secret' is missing"):
        read_torch_file(zip_of(tmp_path, {}, body))


def test_memory_is_not_taken_for_declared_sizes(save: tf.Save) -> None:
    body = tf.mapping({"w": tf.tensor("DoubleStorage", "0", 2**50, (1,), (1,))})
    with pytest.raises(CheckpointError, match=r"need 9007199254740992 bytes|6 elements, expected"):
        read_torch_file(save(body, {"0": tf.SIX}))


def test_the_old_format_compares_its_own_size_with_the_file(tmp_path: Path) -> None:
    body = tf.mapping({"w": tf.tensor("DoubleStorage", "0", 2**50, (1,), (1,))})
    path = tf.write_file(tmp_path, tf.legacy_file(body, {"0": (2**50, bytes(8))}))
    with pytest.raises(CheckpointError, match="truncated: the tensors need 9007199254740992 bytes"):
        read_torch_file(path)


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    """Many directory entries on the same bytes would multiply them."""
    keys = [str(i) for i in range(50)]
    body = tf.mapping({k: tf.tensor("ByteStorage", k, 4000, (4000,), (1,)) for k in keys})
    content = bytearray(tf.zip_file(body, {"0": bytes(4000)} | dict.fromkeys(keys[1:], b"")))
    with zipfile.ZipFile(tf.write_file(tmp_path, bytes(content))) as archive:
        first = archive.getinfo("archive/data/0")
    entry = struct.pack("<3L", first.CRC, 4000, 4000)
    for key in keys[1:]:
        start = content.rindex(b"archive/data/" + key.encode()) - 46
        content[start + 16 : start + 28] = entry
        content[start + 42 : start + 46] = struct.pack("<L", first.header_offset)
    with pytest.raises(CheckpointError, match="the tensors need 200000 bytes, the file has"):
        read_torch_file(tf.write_file(tmp_path, bytes(content)))


def test_a_pickle_too_long_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path, {}, b"N" * MAX_PICKLE_BYTES)
    with pytest.raises(CheckpointError, match="at most 2097152 are read"):
        read_torch_file(path)


def test_a_damaged_byte_of_a_zip_is_noticed(tmp_path: Path) -> None:
    content = tf.zip_file(state(), {"0": tf.SIX.tobytes()})
    place = content.index(tf.SIX.tobytes())
    broken = content[:place] + b"\xff" + content[place + 1 :]
    with pytest.raises(CheckpointError, match=r"damaged checkpoint .*CRC"):
        read_torch_file(tf.write_file(tmp_path, broken))


def test_every_truncation_is_noticed(save: tf.Save) -> None:
    path = tf.save_six(save, tf.window((6,), (1,)))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_torch_file(path)


FILES = (
    tf.zip_file(state(), {"0": tf.SIX.tobytes()}),
    tf.legacy_file(state(), {"0": (6, tf.SIX.tobytes())}),
)
changes = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6)


@settings(max_examples=400, deadline=None)
@given(content=st.sampled_from(FILES), changes=changes)
def test_changed_bytes_never_end_in_another_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[int, int]]
) -> None:
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    path = tf.write_file(tmp_path_factory.getbasetemp(), bytes(changed))
    try:
        read = read_torch_file(path)
    except CheckpointError:
        return
    assert all(array.size <= 6 for array in read.values())
