"""What is done to a valid file, by a seeded generator: bits, cuts, splices, numbers in text, members of archives."""

import io
import random
import re
import zipfile

_WEIRD_NUMBERS = (
    b"0", b"-1", b"1", b"2", b"65536", b"4294967296", b"-9223372036854775809", b"99999999999999999999", b"1e400",
    b"nan", b"NaN", b"-Infinity", b"1.5", b"true", b"null", b'"x"', b"[]", b"{}", b"1" * 5000, b"0x" + b"f" * 5000,
)  # fmt: skip
_WEIRD_TEXT = (
    b"[" * 20_000, b"{" * 20_000, b'{"a":' * 2000, b"a." * 9000, b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"'", b'"', b"\\",
    b"\\ud800", b"\x1b[2J", b"\r", b"\n[x]\n", b"=", b"#", b",", b"S3", b"|O", b"M8[s]", b"True", b"inf", b"../../x",
)  # fmt: skip
_ZIP = b"PK\x03\x04"


def mutated(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    """A changed copy of a file's bytes.

    Args:
        rng: Decides everything.
        data: A valid file.

    Returns:
        The bytes, and what was done.
    """
    if data.startswith(_ZIP) and rng.random() < 0.5:
        return _member_mutated(rng, data)
    if data[257:262] == b"ustar" and rng.random() < 0.7:
        return _tar_header_mutated(rng, bytearray(data))
    kinds = [_bits, _head_bits, _cut, _splice, _insert, _repeat, _noise]
    if _is_text(data) or b"NUMPY" in data[:8]:
        kinds += [_number, _number, _text, _line]
    chosen = rng.choice(kinds)
    changed = bytearray(data)
    chosen(rng, changed)
    return bytes(changed), chosen.__name__.strip("_")


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:4096]


def _bits(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 1, 4, 30))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _head_bits(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 2))):
        if data:
            data[rng.randrange(min(len(data), 200))] ^= 1 << rng.randrange(8)


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _splice(rng: random.Random, data: bytearray) -> None:
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    del data[start : min(end, start + rng.choice((1, 2, 16, 10**6)))]


def _insert(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choice((rng.randbytes(rng.choice((1, 4, 300))), *_WEIRD_TEXT))


def _repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    part = data[start : start + rng.choice((1, 8, 1000))]
    data[start:start] = part * rng.choice((1, 2, 50))


def _noise(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    size = min(rng.choice((1, 2, 4, 8, 64)), len(data) - start)
    data[start : start + size] = rng.choice((rng.randbytes(size), b"\xff" * size, b"\0" * size))


def _number(rng: random.Random, data: bytearray) -> None:
    places = list(re.finditer(rb"-?[0-9][0-9.]*", bytes(data[:100_000])))
    if places:
        place = rng.choice(places)
        data[place.start() : place.end()] = rng.choice(_WEIRD_NUMBERS)


def _text(rng: random.Random, data: bytearray) -> None:
    places = list(re.finditer(rb"\"[^\"\n]*\"|'[^'\n]*'|\w+", bytes(data[:100_000])))
    if places:
        place = rng.choice(places)
        data[place.start() : place.end()] = rng.choice((*_WEIRD_TEXT, *_WEIRD_NUMBERS))


def _line(rng: random.Random, data: bytearray) -> None:
    lines = bytes(data).split(b"\n")
    place = rng.randrange(len(lines))
    change = rng.choice(("drop", "double", "swap"))
    if change == "drop":
        del lines[place]
    elif change == "double":
        lines.insert(place, lines[place])
    else:
        other = rng.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    data[:] = b"\n".join(lines)


def _tar_header_mutated(rng: random.Random, data: bytearray) -> tuple[bytes, str]:
    """A tar archive in which a header says something else, under a checksum that is right."""
    headers = [place for place in range(0, len(data), 512) if data[place + 257 : place + 262] == b"ustar"]
    place = rng.choice(headers)
    field, start, end = rng.choice(
        (("name", 0, 100), ("size", 124, 136), ("type", 156, 157), ("link", 157, 257), ("prefix", 345, 500))
    )
    width = end - start
    values = {
        "size": (b"%011o" % rng.choice((0, 1, 511, 512, 513, 2**20, 8**11 - 1)), b"\x80" + rng.randbytes(11), b"9"),
        "type": tuple(b"01234567LKxgXSMVD~"[number : number + 1] for number in range(18)),
    }
    value = rng.choice((*values.get(field, _WEIRD_TEXT), rng.randbytes(width)))[:width]
    data[place + start : place + end] = value.ljust(width, b"\0")
    data[place + 148 : place + 156] = b" " * 8
    data[place + 148 : place + 156] = b"%06o\0 " % sum(data[place : place + 512])
    return bytes(data), f"tar header at {place}: {field}"


def _member_mutated(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    """An archive with right checksums around a member that was changed, renamed or doubled."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    number = rng.randrange(len(members))
    name, content = members[number]
    what = rng.choice(("content", "content", "content", "name", "drop", "double"))
    if what == "content":
        content, what = mutated(rng, content)
        members[number] = (name, content)
    elif what == "name":
        members[number] = (rng.choice(("../x", "/x", "a\\b", "x" * 300, "clips.npy", "", "\u202e.png", "a/")), content)
    elif what == "drop":
        del members[number]
    else:
        members.append(("x" + name, content))
    stream = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(stream, "w", method) as archive:
        for each, inside in members:
            archive.writestr(each or "x", inside)
    return stream.getvalue(), f"member {name}: {what}"
