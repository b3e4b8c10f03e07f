"""Networks that draw maps of objects: trained encoders, and small objects at twice their size."""

from dataclasses import replace
from math import pi

import pytest

from maskwright.data.fingerprint import Fingerprint
from maskwright.models import EncoderUNetConfig
from maskwright.plan import map_rules

NUCLEI = Fingerprint(
    images=4,
    sizes_hw=((256, 256),) * 4,
    channels=1,
    dtypes=("uint8",),
    intensity=(),
    class_names=("background", "nucleus"),
    class_pixels=(9000, 1000),
    ignored_pixels=0,
    images_with_class=(4, 4),
    object_sizes=(None, (50.0, pi * 10**2, 500.0)),
    objects_per_image=40.0,
    thickness=8.0,
    up_down=0.02,
)


def test_small_objects_are_shown_at_twice_their_size_and_large_ones_as_they_are():
    chosen = map_rules.architecture(NUCLEI, None, None)
    assert chosen is not None
    network, why = chosen
    assert network == EncoderUNetConfig(widths=map_rules.ENLARGED_WIDTHS, enlarge=2, coarse_scores=True)
    assert "20 pixels across" in why
    assert map_rules.crop((256, 256), network)[0] == (128, 128)
    assert map_rules.crop((256, 64), network)[0] == (128, 64)
    large = replace(NUCLEI, object_sizes=(None, (1000.0, 2000.0, 3000.0)))
    assert map_rules.architecture(large, None, None)[0] == EncoderUNetConfig(coarse_scores=True)
    assert map_rules.architecture(replace(NUCLEI, object_sizes=(None, None)), None, None)[0] == EncoderUNetConfig(
        coarse_scores=True
    )


@pytest.mark.parametrize(("model", "encoder"), [("deeplabv3+", None), (None, "plain"), ("unet", "plain")])
def test_another_network_is_a_person_s_own_choice(model, encoder):
    assert map_rules.architecture(NUCLEI, model, encoder) is None


def test_an_encoder_that_is_asked_for_sees_small_objects_enlarged_too():
    network, why = map_rules.architecture(NUCLEI, None, "resnet34")
    assert network.encoder == "resnet34"
    assert network.enlarge == 2
    assert why.startswith("Asked for.")
