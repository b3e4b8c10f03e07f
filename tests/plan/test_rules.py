"""Rules: each decision from a fingerprint made by hand, at both sides of where it turns."""

from dataclasses import replace

import pytest

from maskwright.data.fingerprint import Fingerprint, Intensity
from maskwright.models import DeepLabConfig, EncoderUNetConfig, FCNConfig, UNetConfig
from maskwright.plan import rules

CELLS = Fingerprint(
    images=4,
    sizes_hw=((512, 512),) * 4,
    channels=1,
    dtypes=("uint16",),
    intensity=(Intensity(0.0, 100.0, 1000.0, 150.0, 50.0),),
    class_names=("background", "cell"),
    class_pixels=(8000, 2000),
    ignored_pixels=0,
    images_with_class=(4, 4),
    object_sizes=(None, (10.0, 20.0, 30.0)),
    objects_per_image=10.0,
    thickness=5.0,
    up_down=0.02,
)
STREET = replace(
    CELLS,
    channels=3,
    dtypes=("uint8",),
    class_names=("sky", "road", "pole"),
    class_pixels=(5000, 4950, 50),
    images_with_class=(4, 4, 4),
    object_sizes=(None, None, None),
    class_widths=(60.0, 60.0, 5.0),
    up_down=0.4,
    color=0.1,
)
LITE = "efficientnet-lite0"


def test_only_colour_of_8_bits_is_normalised_by_mean_and_deviation() -> None:
    assert rules.normalization(STREET)[0].kind == "zscore"
    assert rules.normalization(CELLS)[0].kind == "percentile"
    assert rules.normalization(replace(STREET, color=0.01))[0].kind == "percentile"  # fluorescence kept as RGB
    assert rules.normalization(replace(STREET, dtypes=("uint16", "uint8")))[0].kind == "percentile"


@pytest.mark.parametrize(
    ("size_hw", "crop_hw"), [((512, 512), (256, 256)), ((100, 300), (112, 256)), ((5, 5), (32, 32)), ((256, 255), (256, 256))]
)
def test_a_crop_is_no_larger_than_the_typical_image(size_hw: tuple[int, int], crop_hw: tuple[int, int]) -> None:
    assert rules.crop(replace(CELLS, sizes_hw=(size_hw,) * 3 + ((2000, 2000),)))[0] == crop_hw


@pytest.mark.parametrize(
    ("side", "width", "factor"),
    [(1024, 400, 4), (1023, 400, 2), (512, 96, 2), (512, 95, 1), (511, 400, 1), (8000, 9999, 8), (8000, None, 1)],
)
def test_large_images_of_wide_classes_are_shrunk(side: int, width: float | None, factor: int) -> None:
    lesions = replace(CELLS, sizes_hw=((side, 2 * side),) * 3, class_widths=(10.0, width))
    found, choice = rules.shrink(lesions, 0)
    assert found == factor
    assert (choice is None) == (factor == 1)
    if choice is not None:
        assert f"1/{factor} of their size" in choice[0]
        assert f"{width} pixels wide" in choice[1]
    assert rules.shrink(lesions, None)[0] == 1  # then the narrow class 0 counts too


def test_small_objects_that_are_told_apart_keep_images_as_they_are() -> None:
    """Objects that touch make a wide class; each by itself may be small."""
    crowded = replace(CELLS, sizes_hw=((2048, 2048),), class_widths=(10.0, 400.0), object_sizes=(None, (9e2, 80.0**2, 3e4)))
    assert rules.shrink(crowded, 0)[0] == 8
    factor, choice = rules.shrink(crowded, 0, objects=True)
    assert factor == 2
    assert choice is not None
    assert "typically 80 pixels across" in choice[1]
    smaller = replace(crowded, object_sizes=(None, (9e2, 79.0**2, 3e4)))
    assert rules.shrink(smaller, 0, objects=True) == (1, None)
    thin = replace(crowded, class_widths=(10.0, 20.0))  # long ones, like worms
    assert rules.shrink(thin, 0, objects=True) == (1, None)


def test_a_crop_of_shrunk_images_is_no_larger_than_these() -> None:
    crop_hw, (_, why) = rules.crop(replace(CELLS, sizes_hw=((1024, 800),) * 3), 4)
    assert crop_hw == (256, 208)
    assert "256 x 200 pixels, so shrunk" in why


@pytest.mark.parametrize(("side", "levels"), [(256, 5), (128, 5), (112, 4), (64, 4), (32, 3)])
def test_the_coarsest_map_of_a_crop_keeps_eight_pixels_a_side(side: int, levels: int) -> None:
    config, (value, why) = rules.unet((side, 2 * side), 16, UNetConfig(norm="instance"))
    assert config.widths == tuple(16 * 2**level for level in range(levels))
    assert side // config.stride >= rules.COARSEST or levels == 1
    assert config.norm == "instance"
    assert "instance norm" in value
    assert f"sees {config.receptive_field.size} pixels" in why


def test_class_weights_only_where_one_of_many_classes_is_very_rare() -> None:
    assert rules.loss(CELLS, 0)[1] is None
    assert rules.loss(replace(CELLS, class_pixels=(9999, 1)), 0)[1] is None
    weights = rules.loss(STREET, None)[1]
    assert weights is not None
    assert weights[2] / weights[0] == pytest.approx(rules.WEIGHT_CAP)
    assert rules.loss(replace(STREET, class_pixels=(5000, 4000, 1000)), None)[1] is None


def test_dice_counts_class_0_only_where_it_is_no_background() -> None:
    assert rules.loss(CELLS, 0)[0][1].background is False
    assert rules.loss(STREET, None)[0][1].background is True


def test_rare_classes_are_sought_out() -> None:
    assert rules.foreground_share(CELLS, 0)[0] == 0.25
    assert rules.foreground_share(replace(CELLS, class_pixels=(9600, 400)), 0)[0] == 0.5
    assert rules.foreground_share(STREET, None)[0] == 0.5
    assert rules.foreground_share(replace(CELLS, class_pixels=(100, 0)), 0)[0] == 0.25


def test_images_with_a_top_are_never_turned_upside_down() -> None:
    upright, (_, why) = rules.augmentation(STREET)
    assert (upright.flip_y, upright.transpose, upright.elastic) == (0, 0, 0)
    assert upright.flip_x > 0
    assert "top" in why
    assert rules.augmentation(CELLS)[0].flip_y > 0


def test_every_choice_has_a_value_and_a_reason() -> None:
    for found in (CELLS, STREET):
        for rule in (rules.normalization, rules.crop, rules.augmentation):
            _, (value, why) = rule(found)  # type: ignore[operator]
            assert value
            assert why.endswith(".")


def test_photographs_get_a_trained_encoder_and_all_else_a_plain_network() -> None:
    photographs = STREET
    network, why = rules.architecture(photographs, None, None)
    assert network == EncoderUNetConfig(coarse_scores=True)
    assert "photographs" in why
    assert "5 pixels wide needs its skips" in why
    assert rules.encoder_weights(network, None) == "imagenet"
    for found in (CELLS, replace(STREET, color=0.01), replace(photographs, channels=4)):
        network, _ = rules.architecture(found, None, None)
        assert isinstance(network, UNetConfig)
        assert rules.encoder_weights(network, None) is None


def test_large_objects_of_several_kinds_in_photographs_get_wide_context() -> None:
    sizes = (None, (9e3, 4e4, 9e4), (9e1, 96.0**2, 5e4))
    pets = replace(STREET, object_sizes=sizes, class_widths=(60.0, None, 8.0))
    network, why = rules.architecture(pets, None, None)
    assert network == DeepLabConfig(encoder="efficientnet-lite0", decoder=True)
    assert "2 kinds of large objects, typically from 96 pixels across" in why
    for sizes in ((None, (9e3, 4e4, 9e4), None), (None, (9e3, 4e4, 9e4), (9e1, 95.0**2, 5e4))):
        assert isinstance(rules.architecture(replace(pets, object_sizes=sizes), None, None)[0], EncoderUNetConfig)
    thin = replace(pets, class_widths=(60.0, 60.0, 7.9))
    assert isinstance(rules.architecture(thin, None, None)[0], EncoderUNetConfig)
    assert isinstance(rules.architecture(replace(pets, color=0.01), None, None)[0], UNetConfig)
    assert isinstance(rules.architecture(pets, "unet", None)[0], EncoderUNetConfig)


def test_what_a_person_asks_for_is_built() -> None:
    assert rules.architecture(CELLS, "deeplabv3+", None)[0] == DeepLabConfig(encoder="efficientnet-lite0")
    assert rules.architecture(CELLS, "fcn-16s", "vgg16")[0] == FCNConfig(encoder="vgg16", prediction_stride=16)
    assert rules.architecture(CELLS, None, "resnet18")[0] == EncoderUNetConfig(encoder="resnet18", coarse_scores=True)
    assert isinstance(rules.architecture(STREET, None, "plain")[0], UNetConfig)
    network, _ = rules.architecture(CELLS, "unet", None)
    assert isinstance(network, UNetConfig)


def test_where_an_encoder_starts_from() -> None:
    lite, resnet = EncoderUNetConfig(), EncoderUNetConfig(encoder="resnet18", coarse_scores=True)
    assert rules.encoder_weights(lite, "none") is None
    assert rules.encoder_weights(resnet, None) is None
    assert rules.encoder_weights(resnet, "weights.pth") == "weights.pth"


def test_images_are_normalised_as_trained_weights_expect() -> None:
    assert rules.normalization(STREET, encoder=LITE, encoder_weights="imagenet")[0].mean == (127.0, 127.0, 127.0)
    assert rules.normalization(STREET, encoder=LITE, encoder_weights="lite0.pth")[0].mean == (127.0, 127.0, 127.0)
    assert rules.normalization(STREET, encoder="resnet18", encoder_weights="resnet.pth")[0].mean == (123.675, 116.28, 103.53)
    assert rules.normalization(CELLS, encoder=LITE, encoder_weights="imagenet")[0].kind == "percentile"
