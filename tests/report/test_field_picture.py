from dataclasses import replace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from maskwright.report.field_picture import MeasuredField, caption, draw_field


def measured(shape: tuple[int, int] = (120, 160)) -> MeasuredField:
    """All of the field in one pixel at the centre."""
    shares = np.zeros(shape, np.float32)
    shares[shape[0] // 2, shape[1] // 2] = 1
    return MeasuredField(
        image=np.full((*shape, 3), 200, np.uint8), shares=shares, box=(40, 60, 80, 100), theoretical_hw=(41, 41),
        sees_all=False, sides={0.9: 9, 0.95: 11}, weights="those of a run",
    )  # fmt: skip


def pixels_of(field: MeasuredField) -> np.ndarray:
    canvas = FigureCanvasAgg(draw_field(field))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)


def test_the_caption_has_both_sizes_and_whose_weights_they_are():
    lines = [words for words, _ in caption(measured())]
    assert lines == [
        "Theoretical: up to 41 pixels a side",
        "Effective: 90% within 9 pixels a side, 95% within 11 pixels a side (white)",
        "Weights: those of a run",
    ]


def test_the_caption_says_what_the_frame_cannot_show():
    first = caption(replace(measured(), box=(0, 0, 120, 160), theoretical_hw=(300, 301), sees_all=True))[0][0]
    assert first.endswith("up to 300 x 301 pixels a side, cut by the image, and a mean over the whole image")
    assert "cut by the image" in caption(replace(measured(), box=(40, 0, 80, 100)))[0][0]  # to the left alone
    assert caption(replace(measured(), sides={0.9: 0, 0.95: 0}))[1][0] == "Effective: none, no pixel counts"


def test_the_centre_glows_on_a_dimmed_image_in_a_blue_frame():
    """The image is 6 inches wide at 100 dots: 3.75 dots a pixel."""
    drawn = pixels_of(measured())
    red, _, blue = drawn[int(60.5 * 3.75), int(80.5 * 3.75)]
    assert red > 200 > blue
    assert (drawn[int(20 * 3.75), int(20 * 3.75)] == 110).all()  # 200 * 0.55
    red, _, blue = drawn[int(60 * 3.75), int(60 * 3.75)]
    assert blue > 180 > red


def test_words_are_not_cut_below_a_narrow_image():
    figure = draw_field(measured((400, 100)))
    canvas = FigureCanvasAgg(figure)
    width, height = canvas.get_width_height()
    for text in figure.findobj(Text):
        if text.get_text():
            box = text.get_window_extent(canvas.get_renderer())
            assert box.x0 > 0
            assert box.x1 < width
            assert 0 < box.y0 < box.y1 < height
