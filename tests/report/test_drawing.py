"""Drawings of networks: what stands in them, that nothing is cut or overlaps, and that equal networks give equal files."""

from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.models import MODELS, model_config
from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import anatomy
from maskwright.nn.stages import Stage, stages
from maskwright.report.drawing import draw_network, save_drawing

UNET = UNetConfig(widths=(4, 8)).build(channels=3, classes=2)


def stages_of(network, size_hw: tuple[int, int] = (96, 64)) -> tuple[Stage, ...]:
    return stages(anatomy(network, channels=3, size_hw=size_hw))


def texts_of(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text()]


def test_every_box_says_its_channels_its_size_and_its_number():
    words = [text.get_text() for text in texts_of(draw_network(stages_of(UNET), title="A U-Net", subtitle="small"))]
    assert words.count("96×64") == 4  # image, encoder, decoder, head
    assert words.count("48×32") == 1
    assert [word for word in words if word.isdecimal()] == ["3", "4", "1", "8", "2", "4", "3", "2", "4"]
    assert {"A U-Net", "small", "full size", "1/2", "coarser", "finer", "skip", "same resolution"} <= set(words)


def test_the_legend_names_only_what_there_is():
    plain = draw_network(stages_of(UNetConfig(widths=(4,)).build(channels=3, classes=2)), title="", subtitle="")
    words = {text.get_text() for text in texts_of(plain)}
    assert "same resolution" in words
    assert not {"coarser", "finer", "skip"} & words


@pytest.mark.parametrize("name", [*MODELS, "small"])
def test_no_words_are_cut_or_lie_on_others(name):
    network = UNET if name == "small" else model_config(name, "resnet18").build(channels=3, classes=19)
    figure = draw_network(stages_of(network, (360, 480)), title="A network with a long name, and more of it", subtitle="words")
    canvas = FigureCanvasAgg(figure)
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts_of(figure)]
    width, height = canvas.get_width_height()
    for box in boxes:
        assert 0 < box.x0 < box.x1 < width
        assert 0 < box.y0 < box.y1 < height
    for a, b in combinations(boxes, 2):
        assert not a.overlaps(b)


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_equal_networks_give_equal_files(tmp_path, suffix):
    for number in (1, 2):
        network = UNetConfig(widths=(4, 8)).build(channels=3, classes=2)
        save_drawing(tmp_path / f"{number}{suffix}", stages_of(network), title="A U-Net", subtitle="")
    assert (tmp_path / f"1{suffix}").read_bytes() == (tmp_path / f"2{suffix}").read_bytes()
    if suffix == ".png":
        with Image.open(tmp_path / "1.png") as picture:
            assert picture.getpixel((0, 0))[:3] == (255, 255, 255)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(MaskwrightError, match=r"\.svg or \.png, not as '\.pdf'"):
        save_drawing(tmp_path / "unet.pdf", stages_of(UNET), title="", subtitle="")
    assert not list(tmp_path.iterdir())
