"""A stack of slices at two times in 16 bits, `python stack.py PATH`: discs that grow towards the middle, in plain noise."""

import sys

import numpy as np
import tifffile

TIMES, SLICES, SIDE = 2, 12, 700

rng = np.random.default_rng(0)
stack = rng.integers(200, 500, (TIMES, SLICES, SIDE, SIDE), np.uint16)
rows, columns = np.ogrid[:SIDE, :SIDE]
centers = rng.integers(60, SIDE - 60, (30, 3))
centers[0] = SIDE // 2, SIDE // 2, SLICES // 2
for t in range(TIMES):
    for z in range(SLICES):
        for y, x, middle in centers:
            radius = 28 - 4 * abs(z - int(middle) % SLICES)
            if radius > 0:
                stack[t, z][(rows - y - 10 * t) ** 2 + (columns - x) ** 2 < radius**2] += np.uint16(3000 - 150 * abs(z - 6))
tifffile.imwrite(sys.argv[1], stack, imagej=True, metadata={"axes": "TZYX"}, compression="zlib")
