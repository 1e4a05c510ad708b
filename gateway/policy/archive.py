"""Files by name -> one tar.gz, always the same bytes; and such bytes -> the files, read so that no two readers differ.

1. Sizes are bounded before anything is unpacked, and while it is.
2. One gzip member, and nothing after it.
3. Plain tar (ustar): regular files only, no links, devices, folders, extended headers or sparse files.
4. Names are those that the caller allows, each once; a name of two parts (`prefix`) is not used.
5. After the last file nothing but zeros.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from gateway.policy.refusal import BundleRefused

MAX_PACKED_BYTES = 4 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_FILES = 64
BLOCK = 512
NAME_CHARACTERS = 100

_GZIP = 31
"""zlib's name for: the gzip format, largest window."""
_ZEROS = bytes(BLOCK)

IsAllowed = Callable[[str], bool]


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the files as a tar.gz, in the order of their names, without times or owners.

    >>> unpack(pack({".manifest": b"{}"}), lambda name: True)
    {'.manifest': b'{}'}
    """
    tar = b"".join(_header(name, len(files[name])) + _padded(files[name]) for name in sorted(files))
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    return packer.compress(tar + 2 * _ZEROS) + packer.flush()


def unpack(packed: bytes, is_allowed: IsAllowed) -> dict[str, bytes]:
    """Return the files by name; raises BundleRefused."""
    tar = _unzip(packed)
    if len(tar) % BLOCK:
        raise BundleRefused("not_a_tar", f"the archive's length is no multiple of {BLOCK}")
    files: dict[str, bytes] = {}
    place = 0
    while tar[place : place + BLOCK] != _ZEROS:
        name, size = _read_header(tar[place : place + BLOCK])
        place += BLOCK
        content, rest = tar[place : place + size], tar[place + size : place + _room(size)]
        if len(content) + len(rest) != _room(size) or any(rest):
            raise BundleRefused("not_a_tar", f"{name} is not whole")
        _take(files, name, content, is_allowed)
        place += _room(size)
    if len(tar) - place < 2 * BLOCK or any(tar[place:]):
        raise BundleRefused("more_than_a_bundle", "after the last file of the archive there is something else")
    return files


def _take(files: dict[str, bytes], name: str, content: bytes, is_allowed: IsAllowed) -> None:
    if not is_allowed(name):
        raise BundleRefused("name_not_allowed", f"the file {name[:100]!r} does not belong into this bundle")
    if name in files:
        raise BundleRefused("named_twice", f"the file {name} is there twice")
    if len(files) == MAX_FILES:
        raise BundleRefused("too_large", f"the bundle holds more than {MAX_FILES} files")
    files[name] = content


def _unzip(packed: bytes) -> bytes:
    if len(packed) > MAX_PACKED_BYTES:
        raise BundleRefused("too_large", f"the bundle is larger than {MAX_PACKED_BYTES} bytes")
    reader = zlib.decompressobj(_GZIP)
    try:
        tar = reader.decompress(packed, MAX_UNPACKED_BYTES + 1)
    except zlib.error:
        raise BundleRefused("not_gzip", "the bundle is not a gzip file, or was damaged") from None
    if len(tar) > MAX_UNPACKED_BYTES:
        raise BundleRefused("too_large", f"the bundle is larger than {MAX_UNPACKED_BYTES} bytes when unpacked")
    if not reader.eof:
        raise BundleRefused("not_whole", "the bundle ends in the middle")
    if reader.unused_data:
        raise BundleRefused("more_than_a_bundle", "after the end of the gzip file there is something else")
    return tar


def _room(size: int) -> int:
    """How much of the archive a file of this size takes."""
    return -(-size // BLOCK) * BLOCK


def _padded(content: bytes) -> bytes:
    return content.ljust(_room(len(content)), b"\0")


def _header(name: str, size: int) -> bytes:
    if len(name) > NAME_CHARACTERS:
        raise ValueError("a name is longer than a plain tar can hold")
    before = name.encode("ascii").ljust(100, b"\0") + b"0000644\0" + 2 * b"0000000\0" + b"%011o\0" % size
    after = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + 2 * b"0000000\0"
    header = (before + b"00000000000\0" + b" " * 8 + after).ljust(BLOCK, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def _read_header(header: bytes) -> tuple[str, int]:
    """Return name and size; every field that could make it mean something else must be empty."""
    if header[257:265] != b"ustar\x0000" or _number(header[148:156]) != _checksum(header):
        raise BundleRefused("not_a_tar", "a header of the archive is not that of a plain tar (ustar)")
    if header[156:157] != b"0" or any(header[157:257]):
        raise BundleRefused("not_a_file", "the archive holds a link, a folder, a device or an extended header")
    if any(header[345:]):
        raise BundleRefused("name_not_allowed", "a file's name is longer than 100 characters")
    name, _, rest = header[:100].partition(b"\0")
    if any(rest) or not name.isascii():
        raise BundleRefused("name_not_allowed", "a file's name holds odd characters")
    return name.decode("ascii"), _number(header[124:136])


def _number(field: bytes) -> int:
    """Read an octal number; the larger numbers of other tars, which are not octal, are refused."""
    digits = field.rstrip(b"\0 ")
    if not digits or not all(digit in b"01234567" for digit in digits):
        raise BundleRefused("not_a_tar", "a header of the archive holds a number that is not octal")
    return int(digits, 8)


def _checksum(header: bytes) -> int:
    return sum(header[:148]) + sum(b" " * 8) + sum(header[156:])
