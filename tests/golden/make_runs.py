"""Write runs.json: small masks with their runs as numbers and as text, which Python's and the page's codec must agree on.

The runs are counted here pixel by pixel and packed by pycocotools, so that they check our codec and not itself.
"""

import json
from itertools import groupby
from pathlib import Path

import numpy as np
from pycocotools import mask as coco

CASES = {
    "one pixel": ([3, 4], ["#"]),
    "two rows": ([12, 40], ["##.", "##."]),
    "a ring": ([0, 0], ["###", "#.#", "###"]),
    "a row": ([7, 0], ["..###..#"]),
    "a column": ([0, 9], [".", "#", "#", "."]),
    "two parts": ([1, 2], ["#...#", ".....", "#...#"]),
    "a chessboard": ([5, 5], ["#.#.#.", ".#.#.#", "#.#.#.", ".#.#.#"]),
    "full rows": ([0, 0], ["....", "####", "####", "...."]),
    "long runs": ([2, 1], ["#" * 70, "." * 70, "." * 35 + "#" * 35, "#" * 70]),
    "longer runs": ([0, 0], ["." * 1500, "#" * 1500, "#" * 1200 + "." * 300, "#" + "." * 1498 + "#"]),
}


def main() -> None:
    """Write the file beside this one."""
    cases = []
    for name, ((x0, y0), rows) in CASES.items():
        pixels = np.array([[pixel == "#" for pixel in row] for row in rows], np.uint8)
        runs = [len(list(group)) for _, group in groupby(pixels.ravel().tolist())]
        runs = runs if pixels.ravel()[0] == 0 else [0, *runs]
        text = coco.encode(np.asfortranarray(pixels.T))["counts"].decode()
        box = [x0, y0, x0 + pixels.shape[1], y0 + pixels.shape[0]]
        cases.append({"name": name, "box": box, "rows": rows, "runs": runs, "text": text})
    path = Path(__file__).with_name("runs.json")
    path.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
