"""Run the demo and keep its picture for README and tutorial.

`python tools/figures/demo.py` trains for a minute or so and writes docs/images/demo.png: what the network found on that
machine in that time, so the picture differs a little from one writing to the next.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH = 1200  # pixels; a page shows it at half of that
COLORS = 256


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-c", "from maskwright.cli.main import run; run()", "demo", "--out", str(run)], check=True
        )
        picture = Image.open(run / "overlay.png").convert("RGB")
    height = round(picture.height * WIDTH / picture.width)
    small = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(COLORS, Image.Quantize.MAXCOVERAGE).save(IMAGES / "demo.png", optimize=True)


if __name__ == "__main__":
    main()
