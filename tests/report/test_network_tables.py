import pytest
from rich.console import Console

from maskwright.models import model_config
from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import anatomy
from maskwright.nn.stages import stages
from maskwright.report.network_tables import field, layer_table, maps, rounded, stage_table

UNET = anatomy(UNetConfig(widths=(4, 8)).build(channels=3, classes=2), channels=3, size_hw=(64, 96))


def printed(table, width: int = 100) -> list[list[str]]:
    """The words of every line."""
    console = Console(width=width, record=True, markup=False)
    with console.capture() as capture:
        console.print(table)
    return [line.split() for line in capture.get().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, ""),
        (7, "7"),
        (999, "999"),
        (1000, "1 k"),
        (7_763_074, "7.76 M"),
        (48.3e9, "48.3 G"),
        (999_600, "1 M"),
        (2e12, "2 T"),
    ],
)
def test_counts_have_three_digits(count, words):
    assert rounded(count) == words


def test_maps_in_words():
    assert maps((64, 512, 512)) == "64×512²"
    assert maps((64, 360, 480)) == "64×360×480"
    assert maps((256, 1, 1)) == "256×1×1"


def test_a_row_for_every_stage_and_one_for_all():
    lines = printed(stage_table(stages(UNET)))
    assert lines[0] == ["stage", "in", "out", "weights", "MACs", "stride", "field"]
    rows = [line for line in lines if line[0].isdecimal()]
    assert [row[:4] for row in rows] == [
        ["1", "encoder.0", "3×64×96", "4×64×96"],
        ["2", "bridge", "4×64×96", "8×32×48"],
        ["3", "decoder.0", "4+4×64×96", "4×64×96"],
        ["4", "head", "4×64×96", "2×64×96"],
    ]
    assert [row[-1] for row in rows] == ["5", "14", "18", "18"]
    assert rows[0][4:6] == ["268", "1.55"]  # 3*4*9 + 4*4*9, two batch norms of 8; 252 MACs a pixel
    (whole,) = (line for line in lines if line[0] == "all")
    assert whole[1:3] == [*rounded(sum(layer.weights for layer in UNET)).split()]
    assert whole[-1] == "18"


def test_a_row_for_every_layer():
    lines = printed(layer_table(UNET))
    rows = [line for line in lines if line[0].isdecimal()]
    assert len(rows) == len(UNET)
    assert rows[0][1:4] == ["encoder.0.0", "conv", "3x3"]


def test_added_maps_keep_their_channels_and_many_are_summed_up():
    for name, taken in (("fcn-16s", "5×4×6"), ("deeplabv3", "1280×4×6")):
        network = model_config(name, "resnet18").build(channels=3, classes=5)
        lines = printed(stage_table(stages(anatomy(network, channels=3, size_hw=(64, 96)))))
        assert any(taken in line for line in lines), name


def test_what_sees_the_whole_image_is_marked():
    layers = anatomy(model_config("deeplabv3", "resnet18").build(channels=3, classes=5), channels=3, size_hw=(64, 64))
    assert field(layers[-1]) == f"{layers[-1].field_hw[0]}+"
    assert field(next(layer for layer in layers if layer.stride is None)) == "all"
    assert any("+:" in line for line in printed(stage_table(stages(layers))))
    assert not any("+:" in line for line in printed(stage_table(stages(UNET))))


def test_it_fits_into_80_columns():
    """Two of them are the command line's indent."""
    layers = anatomy(UNetConfig().build(channels=3, classes=11), channels=3, size_hw=(360, 480))
    lines = printed(stage_table(stages(layers)), width=78)
    assert lines[0] == ["stage", "in", "out", "weights", "MACs", "stride", "field"]
    assert ["1", "encoder.0", "3×368×480", "32×368×480"] in [line[:4] for line in lines]
    assert lines[1] == ["─" * len(lines[1][0])]
    assert not any("…" in word for line in lines for word in line)
