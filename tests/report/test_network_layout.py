"""Places of boxes and ways of arrows, for all networks there are."""

from functools import cache
from itertools import combinations, pairwise

import pytest

from maskwright.models import MODELS, model_config
from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import anatomy
from maskwright.nn.stages import Stage, stages
from maskwright.report.network_layout import lay_out

NETWORKS = [*((name, "resnet18") for name in MODELS), ("unet", "plain"), ("unet", "efficientnet-lite0"), ("fcn-8s", "vgg16")]


@cache
def stages_of(name: str, encoder: str) -> tuple[Stage, ...]:
    network = model_config(name, encoder).build(channels=3, classes=5)
    return stages(anatomy(network, channels=3, size_hw=(64, 64)))


def test_a_unet_is_a_u():
    found = stages(anatomy(UNetConfig(widths=(4, 8, 16)).build(channels=3, classes=2), channels=3, size_hw=(64, 64)))
    layout = lay_out(found)
    image, fine, coarse, bridge, up, top, head = layout.boxes
    assert image.y == fine.y == top.y == head.y > coarse.y == up.y > bridge.y
    lefts = [box.x for box in layout.boxes]
    assert lefts == sorted(lefts)
    assert [stride for stride, _ in layout.rows] == [1, 2, 4]
    ways = {(arrow.source, arrow.target): arrow.way for arrow in layout.arrows}
    assert ways == {
        (0, 1): "along", (1, 2): "down", (2, 3): "down", (3, 4): "up", (2, 4): "across", (4, 5): "up", (1, 5): "across",
        (5, 6): "along",
    }  # fmt: skip
    skips = [arrow.points for arrow in layout.arrows if arrow.way == "across"]
    assert all(len(points) == 2 and points[0][1] == points[1][1] for points in skips)
    assert fine.height > coarse.height > bridge.height
    assert bridge.width > coarse.width > fine.width


@pytest.mark.parametrize(("name", "encoder"), NETWORKS)
def test_boxes_stand_apart_and_arrows_pass_between_them(name, encoder):
    found = stages_of(name, encoder)
    layout = lay_out(found)
    for a, b in combinations(layout.boxes, 2):
        assert a.x + a.width < b.x or b.x + b.width < a.x or a.y + a.height < b.y or b.y + b.height < a.y
    assert len(layout.arrows) == sum(len(stage.sources) for stage in found)
    for arrow in layout.arrows:
        for (ax, ay), (bx, by) in pairwise(arrow.points):
            assert abs(ax - bx) < 1e-6 or abs(ay - by) < 1e-6, "a slanted line"
            for box in layout.boxes:
                inside_x = min(ax, bx) < box.x + box.width - 1e-6 and max(ax, bx) > box.x + 1e-6
                inside_y = min(ay, by) < box.y + box.height - 1e-6 and max(ay, by) > box.y + 1e-6
                assert not (inside_x and inside_y), "an arrow through a box"


@pytest.mark.parametrize(("name", "encoder"), NETWORKS)
def test_an_arrow_goes_from_its_source_to_its_target(name, encoder):
    layout = lay_out(stages_of(name, encoder))
    for arrow in layout.arrows:
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        (x0, y0), (x1, y1) = arrow.points[0], arrow.points[-1]
        assert x0 == pytest.approx(source.x + source.width)
        assert x1 == pytest.approx(target.x)
        assert source.y < y0 < source.y + source.height
        assert target.y < y1 < target.y + target.height
    arrivals = [arrow.points[-1] for arrow in layout.arrows]
    assert len(set(arrivals)) == len(arrivals)
