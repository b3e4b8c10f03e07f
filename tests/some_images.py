"""Small images for the tests of reading them, and the parts that a PNG file is made of."""

import struct
import zlib

import numpy as np

COLORS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
GRAY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
