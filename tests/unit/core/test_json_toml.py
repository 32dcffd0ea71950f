"""JSON and TOML of any origin: what is wrong gives one error, quickly."""

import time

import pytest

from vidmbench.core.declarations import Frozen, validated
from vidmbench.core.errors import DataError, ProtocolError, ResultError
from vidmbench.core.json_toml import DEEPEST, parse_json, read_json, read_toml


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "line 1"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested deeper"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "nested deeper"),
        (b"[" + b"1" * 5000 + b"]", "5000 digits"),
        (b"[" + b"1" * 30 + b"]", "97 bits"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "1e999"),
        (b'["\xff"]', "another encoding"),
        (b'{"a": 1', "line 1"),
    ],
)
def test_what_is_no_json_gives_one_error(tmp_path, data, found):
    path = tmp_path / "file.json"
    path.write_bytes(data)
    with pytest.raises(ResultError) as raised:
        read_json(path)
    assert found in raised.value.found
    assert raised.value.where == str(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_is_read_in_every_encoding_that_programs_write(encoding):
    assert parse_json('{"ä": [1, 18446744073709551615, 1e308]}'.encode(encoding)) == {"ä": [1, 2**64 - 1, 1e308]}


def test_json_may_be_as_deep_as_it_says():
    assert parse_json("[" * DEEPEST + "]" * DEEPEST)


def test_the_reader_chooses_the_error(tmp_path):
    with pytest.raises(DataError, match="no index"):
        read_json(tmp_path / "missing.json", error=DataError, problem="no index")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"x = " + b"[" * 50_000, "nested deeper"),
        (b"x = " + b"{a=" * 50_000, "nested deeper"),
        (b"a." * 50_000 + b"a = 1", "nested deeper"),
        (b"[" + b"a." * 50_000 + b"a]", "nested deeper"),
        (b"x = {" + b"a." * 50_000 + b"a = 1}", "nested deeper"),
        (b"x = " + b"1" * 5000, "integer"),
        (b"x = 0x" + b"f" * 5000, "integer"),
        (b"x = 1\n" * 100_000, "more than a declaration"),
        ("x = 1".encode("utf-16"), "another encoding"),
        (b"x = '\xff'", "another encoding"),
        (b"\0", "line 1"),
    ],
)
def test_what_is_no_toml_gives_one_error_at_once(tmp_path, data, found):
    path = tmp_path / "file.toml"
    path.write_bytes(data)
    begin = time.perf_counter()
    with pytest.raises(ProtocolError) as raised:
        read_toml(path)
    assert found in raised.value.found
    assert time.perf_counter() - begin < 5


def test_toml_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "file.toml").write_bytes(b"\xef\xbb\xbfx = 1")
    assert read_toml(tmp_path / "file.toml") == {"x": 1}


def test_a_declaration_takes_no_nan(tmp_path):
    class Numbers(Frozen):
        x: float

    (tmp_path / "file.toml").write_text("x = nan")
    with pytest.raises(ProtocolError, match="x: "):
        validated(read_toml(tmp_path / "file.toml"), Numbers, where="file.toml")


def test_what_is_no_file_is_not_waited_for(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ResultError, match="neither a file nor a folder"):
        read_json(tmp_path / "pipe")
    with pytest.raises(ProtocolError, match="a folder"):
        read_toml(tmp_path)


def test_a_thousand_mistakes_are_not_all_listed(tmp_path):
    with pytest.raises(ProtocolError, match="1000 mistakes") as raised:
        validated({f"key{number}": "x" * 10_000 for number in range(1000)}, Frozen, where="file.toml")
    assert "and 980 more" in str(raised.value)
    assert len(str(raised.value)) < 2000
