"""Every object of an image by Segment Anything: a grid of points, each a single click, and of what comes back what is sure."""

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from maskwright.assist.assistant import Candidate
from maskwright.assist.candidates import best
from maskwright.assist.sam_networks import POSITIVE, Networks, Prompt
from maskwright.assist.sam_view import View

GRID = 16  # points along the longer side; each costs one answer of the decoder
SURE = 0.85  # the least IoU that a mask is said to have
STEADY, AROUND = 0.9, 1.0  # the least IoU of the masks at thresholds so much above and below 0
ALIKE = 0.7  # IoU from which on two masks are one object
MOST = 1000
SMOOTH_PX = 1.0  # sigma on the decoder's drawing, whose tokens show as a chequered pattern where it is not sure
LARGEST = 0.6  # share of the view; more is the background


def everything(networks: Networks, view: View, name: str) -> list[Candidate]:
    """The objects of a view, best first. A point that a mask found before covers is not asked again."""
    x0, y0, x1, y1 = view.box_xyxy
    width, height = x1 - x0, y1 - y0
    across, down = (max(round(GRID * length / max(width, height)), 1) for length in (width, height))
    covered: Bool[np.ndarray, "h w"] = np.zeros((height, width), bool)
    found = []
    for row in range(down):
        for column in range(across):
            x, y = int((column + 0.5) * width / across), int((row + 0.5) * height / down)
            if covered[y, x]:
                continue
            point = view.to_square(np.array([[x0 + x + 0.5, y0 + y + 0.5]]))
            answer = networks.decode(view.embedding, Prompt(point, np.full(1, POSITIVE, np.float32)))
            for drawn, said in zip(answer.logits, answer.ious.tolist(), strict=True):
                logits = np.asarray(ndimage.gaussian_filter(drawn, SMOOTH_PX), np.float32)
                if said < SURE or _steadiness(logits) < STEADY:
                    continue
                region = view.region(logits)
                if not 0 < region.area < LARGEST * width * height:
                    continue
                found.append(Candidate(region, said, name))
                if region.area < 0.1 * width * height:  # a large one may hold small ones
                    left, top, right, bottom = region.box_xyxy
                    covered[top - y0 : bottom - y0, left - x0 : right - x0] |= region.pixels
    return best(found, most=MOST, alike=ALIKE)


def _steadiness(logits: Float32[np.ndarray, "h w"]) -> float:
    """The IoU of the masks at a higher and a lower threshold, of which one lies in the other."""
    wide = np.count_nonzero(logits > -AROUND)
    return np.count_nonzero(logits > AROUND) / wide if wide else 0.0
