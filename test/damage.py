"""Damages that files take: cut off, bytes flipped, blanked, lost, doubled. Drawn from a seed."""

import random


def _flip(data, draw):
    at = draw.randrange(len(data))
    return f"bit at {at} flipped", data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1:]


def _replace(data, draw):
    at = draw.randrange(len(data))
    return f"byte at {at} replaced", data[:at] + bytes([data[at] ^ draw.randrange(1, 256)]) + data[at + 1:]


def _cut(data, draw):
    at = draw.randrange(len(data))
    return f"cut off at {at}", data[:at]


def _blank(data, draw):
    at = draw.randrange(len(data))
    size = min(draw.choice([1, 4, 16, 512]), len(data) - at)
    return f"{size} bytes at {at} are NUL", data[:at] + bytes(size) + data[at + size:]


def _lose(data, draw):
    at = draw.randrange(len(data))
    size = min(draw.choice([1, 2, 8, 64]), len(data) - at)
    return f"{size} bytes at {at} lost", data[:at] + data[at + size:]


def _double(data, draw):
    at = draw.randrange(len(data))
    size = min(draw.choice([1, 2, 8, 64]), len(data) - at)
    return f"{size} bytes at {at} doubled", data[:at + size] + data[at:]


_KINDS = [_flip, _flip, _replace, _replace, _cut, _cut, _blank, _lose, _double]


def damages(data, seed, count):
    """`count` pairs of what was done and the damaged bytes, each other than `data`; an empty file is the first."""
    draw = random.Random(seed)
    yield "emptied", b""
    made = 1
    while made < count:
        what, damaged = draw.choice(_KINDS)(data, draw)
        if damaged != data:
            made += 1
            yield what, damaged
