"""Write a TIFF in tiles for the story of a large image: the image of nuclei that comes with the package, over and over.

python web/stories/slide.py FILE SIDE
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from maskwright.formats.images import read_image

NUCLEI = Path(__file__).parents[2] / "src" / "maskwright" / "demo_data" / "images" / "nuclei.png"
TILE = 512


def main(target: str, side: str) -> None:
    image = read_image(NUCLEI)[..., 0].astype(np.float32)
    light = np.clip(image / np.percentile(image, 99.5) * 255, 0, 255).astype(np.uint8)
    colored = np.stack([light // 3, light // 2, light], axis=2)

    def tiles() -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        for _ in range((-(-int(side) // TILE)) ** 2):
            yield np.roll(colored, tuple(rng.integers(TILE, size=2).tolist()), (0, 1))

    tifffile.imwrite(
        target, tiles(), shape=(int(side), int(side), 3), dtype=np.uint8, tile=(TILE, TILE), photometric="rgb",
        compression="zlib", compressionargs={"level": 1}, maxworkers=1,
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
