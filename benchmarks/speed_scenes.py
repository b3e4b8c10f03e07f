"""Images a second that one core draws of every recipe, at 256 x 256 pixels; printed, and kept."""

import argparse
import sys
import time
from dataclasses import replace
from statistics import median

from pairs import keep

from maskwright.synth.recipes import RECIPES, draw

SIZE_HW = (256, 256)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=40, help="images of each recipe")
    count = arguments.parse_args().count
    rows = []
    for name, recipe in RECIPES.items():
        sized = replace(recipe, size_hw=SIZE_HW)
        draw(sized, 0, 0)  # what is computed once
        seconds = []
        for index in range(count):
            began = time.process_time()
            draw(sized, 0, index)
            seconds.append(time.process_time() - began)
        rows.append(
            {"recipe": name, "images_per_second": round(count / sum(seconds), 1), "median_ms": round(1000 * median(seconds), 1)}
        )
        sys.stdout.write(
            f"{name:<10} {rows[-1]['images_per_second']:>6.1f} images/s, {rows[-1]['median_ms']:>5.1f} ms an image\n"
        )
    keep("scenes", {"size_hw": SIZE_HW, "count": count, "rows": rows})


if __name__ == "__main__":
    main()
