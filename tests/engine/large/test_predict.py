"""Images predicted strip by strip: the labels of the whole image, after any number of stops, with every pixel counted."""

import numpy as np
import pytest
import tifffile
import torch

from maskwright.base.errors import DataError, ImageFileError, Interrupted
from maskwright.engine.large import strips as strips_module
from maskwright.engine.large.plane import Plane
from maskwright.engine.large.predict import predict_large
from maskwright.engine.predict import Predictor
from maskwright.formats import read_mask
from maskwright.formats.images import read_image
from maskwright.formats.large_image import open_large
from maskwright.masks.convert import instances_to_labels
from maskwright.masks.link import link_planes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances
from maskwright.models import UNetConfig
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of


@pytest.fixture
def image(tmp_path):
    """A tiled TIFF of smooth hills."""
    rng = np.random.default_rng(4)
    rough = np.kron(rng.random((17, 12)), np.ones((10, 10)))
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, (rough[:163, :110] * 250).astype(np.uint8), tile=(64, 64), compression="zlib")
    return path


def make(plan, settled=None):
    torch.manual_seed(3)
    network = task_of(plan).network().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
    return Predictor(plan, network, device=torch.device("cpu"), digest="weights", settled=settled)


@pytest.fixture
def semantic(small_plan):
    return make(small_plan())


@pytest.fixture
def objects(small_plan, image):
    """Thresholds at which a network that has learned nothing finds many objects."""
    plan = small_plan(task="instance")
    said = make(plan).outputs(read_image(image))
    deep = said[-1] * (1 - said[-2])
    settled = {"foreground": float(np.quantile(said[1], 0.6)), "seed": float(np.quantile(deep, 0.7))}
    return make(plan, settled | {"smallest": 3, "sure": 0.0})


def stopping_after(tiles):
    """Says no when so many tiles have been asked for."""
    asked = []

    def goes_on(share):
        assert 0 <= share <= 1
        asked.append(share)
        return len(asked) <= tiles

    return goes_on


def same_objects(one, other):
    pairs = np.unique(np.stack([one[one > 0], other[one > 0]]), axis=1)
    return np.array_equal(one > 0, other > 0) and len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]


def test_classes_are_those_of_the_whole_image(semantic, image, tmp_path):
    report = predict_large(semantic, image, tmp_path / "out.tif")
    assert np.array_equal(read_mask(tmp_path / "out.tif").values, semantic(read_image(image)).ids)
    assert (report.size_hw, report.pixels) == ((163, 110), 163 * 110)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["image.tif", "out.tif"]


def test_objects_are_those_of_the_whole_image(objects, image, tmp_path):
    report = predict_large(objects, image, tmp_path / "out.tif")
    expected = objects(read_image(image))
    assert len(expected) > 3
    labels = read_mask(tmp_path / "out.tif").values
    assert labels.dtype == np.uint32
    assert same_objects(labels, instances_to_labels(expected))
    assert report.numbers.tolist() == list(range(1, len(expected) + 1))
    assert np.allclose(np.sort(report.scores), np.sort(expected.scores), atol=1e-12)
    assert report.areas.tolist() == np.bincount(labels.ravel())[1:].tolist()


@pytest.mark.parametrize("kind", ["semantic", "objects"])
@pytest.mark.parametrize("tiles", [5, 13])
def test_stopped_anywhere_it_goes_on_to_the_same_file(kind, tiles, image, tmp_path, request):
    predictor = request.getfixturevalue(kind)
    predict_large(predictor, image, tmp_path / "whole.tif")
    with pytest.raises(Interrupted, match=r"stopped with \d+ of 163 rows done"):
        predict_large(predictor, image, tmp_path / "parts.tif", goes_on=stopping_after(tiles))
    assert not (tmp_path / "parts.tif").exists()
    shares = []
    predict_large(predictor, image, tmp_path / "parts.tif", goes_on=lambda share: not shares.append(share))
    assert np.array_equal(read_mask(tmp_path / "parts.tif").values, read_mask(tmp_path / "whole.tif").values)
    if tiles > 10 and kind == "semantic":
        assert shares[0] > 0.2


def test_what_was_done_by_other_weights_or_is_damaged_is_done_anew(semantic, image, tmp_path):
    expected = semantic(read_image(image)).ids
    with pytest.raises(Interrupted):
        predict_large(semantic, image, tmp_path / "out.tif", goes_on=stopping_after(13))
    folder = tmp_path / ".out.tif.partial"
    first = min(folder.glob("*.strip"))
    first.write_bytes(first.read_bytes()[:-9])
    predict_large(semantic, image, tmp_path / "out.tif")
    assert np.array_equal(read_mask(tmp_path / "out.tif").values, expected)
    with pytest.raises(Interrupted):
        predict_large(semantic, image, tmp_path / "out.tif", goes_on=stopping_after(13))
    semantic.digest = "others"
    shares = []
    predict_large(semantic, image, tmp_path / "out.tif", goes_on=lambda share: not shares.append(share))
    assert shares[0] == 0


def test_a_full_disk_keeps_what_is_done(semantic, image, tmp_path, monkeypatch):
    written, write = [], strips_module._write

    def full(path, values):
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(path)
        write(path, values)

    monkeypatch.setattr(strips_module, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        predict_large(semantic, image, tmp_path / "out.tif")
    monkeypatch.undo()
    shares = []
    predict_large(semantic, image, tmp_path / "out.tif", goes_on=lambda share: not shares.append(share))
    assert shares[0] > 0


@pytest.mark.parametrize("kind", ["percentile", "zscore", "none"])
@pytest.mark.parametrize("values", ["bytes", "floats", "dots"])
def test_the_normalisation_is_that_of_the_whole_image(tmp_path, monkeypatch, kind, values):
    monkeypatch.setattr("maskwright.sampling.normalize.STATISTICS_PIXELS", 900)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 200, (263, 230, 3)).astype(np.uint8)
    if values == "floats":
        pixels = pixels.astype(np.float32) / 7
        pixels[:, 3::7] = np.nan
    if values == "dots":
        pixels[:] = 0
        pixels[101, 17] = 90
    tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(64, 64), photometric="rgb")
    opened = open_large(tmp_path / "a.tif")
    scale = Plane(opened, 0, 3).scale(Normalization(kind=kind))
    expected = Normalization(kind=kind).scale(pixels)
    for name in ("offset", "factor", "fill"):
        assert np.array_equal(getattr(scale, name), getattr(expected, name))
    opened.close()


def test_channels_that_do_not_fit_are_refused(semantic, tmp_path):
    tifffile.imwrite(tmp_path / "two.tif", np.zeros((64, 64, 2), np.uint8), photometric="minisblack", planarconfig="contig")
    with pytest.raises(DataError, match="the image has 2 channels, 1 are needed"):
        predict_large(semantic, tmp_path / "two.tif", tmp_path / "out.tif")


def test_an_ome_zarr_is_read_and_written(semantic, image, tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    pixels = read_image(image)[..., 0]
    zarr.create_array(str(tmp_path / "a.zarr"), shape=pixels.shape, chunks=(64, 64), dtype="u1")[:] = pixels
    predict_large(semantic, tmp_path / "a.zarr", tmp_path / "out.zarr")
    labels = zarr.open_group(str(tmp_path / "out.zarr"), mode="r")["0"][:]
    assert np.array_equal(labels, semantic(read_image(image)).ids)
    about = zarr.open_group(str(tmp_path / "out.zarr"), mode="r").attrs["image-label"]
    assert [each["class"] for each in about["properties"]] == list(semantic.plan.classes.names)


@pytest.fixture
def stack(image, tmp_path):
    """Four planes of hills that move to the right, as two slices at two times."""
    whole = read_image(image)[..., 0]
    planes = np.stack([np.roll(whole, shift, axis=1) for shift in (0, 3, 6, 9)]).reshape(2, 2, *whole.shape)
    tifffile.imwrite(tmp_path / "stack.tif", planes, imagej=True, metadata={"axes": "TZYX"})
    return tmp_path / "stack.tif", planes.reshape(4, *whole.shape)


def test_each_plane_of_a_stack_is_an_image_of_its_own(semantic, objects, stack, tmp_path):
    path, planes = stack
    report = predict_large(semantic, path, tmp_path / "classes.tif")
    assert (report.planes, report.pixels) == (4, 4 * 163 * 110)
    with tifffile.TiffFile(tmp_path / "classes.tif") as file:
        assert (file.series[0].axes, file.series[0].shape) == ("TZYX", (2, 2, 163, 110))
        classes = file.asarray().reshape(4, 163, 110)
    for found, plane in zip(classes, planes, strict=True):
        assert np.array_equal(found, semantic(plane[..., None]).ids)
    report = predict_large(objects, path, tmp_path / "apart.tif", link=None)
    apart = tifffile.imread(tmp_path / "apart.tif").reshape(4, 163, 110)
    seen = [set(np.unique(plane[plane > 0]).tolist()) for plane in apart]
    assert sum(map(len, seen)) == len(set.union(*seen)) == len(report.numbers)
    for found, plane in zip(apart, planes, strict=True):
        assert same_objects(found, instances_to_labels(objects(plane[..., None])))


def test_objects_are_linked_from_slice_to_slice_and_not_over_times(objects, stack, tmp_path):
    path, planes = stack
    report = predict_large(objects, path, tmp_path / "out.tif", link=0.25)
    labels = tifffile.imread(tmp_path / "out.tif").reshape(4, 163, 110).astype(np.int32)
    alone = [instances_to_labels(objects(plane[..., None])) for plane in planes]
    for first in (0, 2):
        links = link_planes(alone[first], alone[first + 1], min_iou=0.25)
        assert len(links) > 3
        expected = {
            (int(labels[first][alone[first] == a][0]), int(labels[first + 1][alone[first + 1] == b][0])) for a, b in links
        }
        assert all(a == b for a, b in expected)
        both = set(np.unique(labels[first])) & set(np.unique(labels[first + 1])) - {0}
        assert len(both) == len(links)
    assert not set(np.unique(labels[:2])) & set(np.unique(labels[2:])) - {0}
    assert report.numbers.tolist() == list(range(1, int(labels.max()) + 1))
    assert report.areas.tolist() == np.bincount(labels.ravel())[1:].tolist()
    assert ((report.scores > 0) & (report.scores <= 1)).all()


@pytest.mark.parametrize("tiles", [5, 40])
def test_a_stack_goes_on_at_the_plane_where_it_was_stopped(objects, stack, tmp_path, tiles):
    path, _ = stack
    predict_large(objects, path, tmp_path / "whole.tif")
    with pytest.raises(Interrupted, match=r"stopped with \d+ of 163 rows of t=\d z=\d done"):
        predict_large(objects, path, tmp_path / "parts.tif", goes_on=stopping_after(tiles))
    shares = []
    predict_large(objects, path, tmp_path / "parts.tif", goes_on=lambda share: not shares.append(share))
    assert tiles < 10 or shares[0] > 0.2
    assert (tmp_path / "parts.tif").read_bytes()[:8] == (tmp_path / "whole.tif").read_bytes()[:8]
    assert np.array_equal(tifffile.imread(tmp_path / "parts.tif"), tifffile.imread(tmp_path / "whole.tif"))
    assert not (tmp_path / ".parts.tif.partial").exists()


def test_a_stack_in_ome_zarr_gives_one_of_the_same_axes_and_version(objects, stack, tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    path, planes = stack
    predict_large(objects, path, tmp_path / "expected.tif")
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=3)
    group.create_array("0", shape=(2, 1, 2, 163, 110), chunks=(1, 1, 1, 64, 64), dtype="u1")[:] = planes.reshape(
        2, 1, 2, 163, 110
    )
    axes = [{"name": name} for name in "tczyx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    predict_large(objects, tmp_path / "a.zarr", tmp_path / "out.zarr")
    out = zarr.open_group(str(tmp_path / "out.zarr"), mode="r")
    assert [axis["name"] for axis in out.attrs["ome"]["multiscales"][0]["axes"]] == ["t", "z", "y", "x"]
    assert np.array_equal(out["0"][:], tifffile.imread(tmp_path / "expected.tif"))


def test_a_detector_predicts_each_plane_whole(small_plan, tmp_path, monkeypatch):
    """Its objects may overlap: the surer ones lie on top, and areas are what is seen."""
    predictor = make(small_plan(task="instance", model=UNetConfig(widths=(4, 8))))
    classes = predictor.plan.classes

    def found(image):
        place = int(image[0, 0, 0])
        squares = [region_of(np.s_[place : place + 6, 2:8]), region_of(np.s_[place + 4 : place + 10, 2:8])]
        return Instances((20, 12), tuple(squares), np.array([1, 1]), np.array([0.9, 0.6]), np.zeros(2, bool), classes)

    monkeypatch.setattr("maskwright.engine.large.predict.has_stream", lambda task: False)
    monkeypatch.setattr(Predictor, "__call__", lambda self, image: found(image))
    pixels = np.zeros((3, 20, 12), np.uint8)
    pixels[:, 0, 0] = (2, 3, 9)
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "ZYX"})
    report = predict_large(predictor, tmp_path / "a.tif", tmp_path / "out.tif")
    labels = tifffile.imread(tmp_path / "out.tif")
    assert labels[0, 7, 3] == labels[1, 8, 3] == 1
    assert report.areas.tolist() == np.bincount(labels.ravel())[1:].tolist()
    assert report.scores[0] == pytest.approx(0.9)


def region_of(place):
    pixels = np.zeros((20, 12), bool)
    pixels[place] = True
    return Region.of_mask(pixels)


def test_axes_that_are_not_clear_are_asked_for(semantic, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 40, 40), np.uint8), photometric="minisblack")
    with pytest.raises(ImageFileError, match="Add --axes ZYX for slices"):
        predict_large(semantic, tmp_path / "a.tif", tmp_path / "out.tif")
    assert predict_large(semantic, tmp_path / "a.tif", tmp_path / "out.tif", axes="ZYX").planes == 3
