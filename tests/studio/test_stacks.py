"""Stacks in the studio: each plane is an image with a journal of its own, and its labels are data to train on."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from starlette.testclient import TestClient

from maskwright.base.errors import ImageFileError
from maskwright.data.dataset import read
from maskwright.data.split import split
from maskwright.engine.convert import convert
from maskwright.engine.reading import Reading
from maskwright.formats.images import read_image
from maskwright.studio import images
from maskwright.studio.api import Studio
from maskwright.studio.assistants import Helpers
from maskwright.studio.history import undo
from maskwright.studio.image_files import is_parted
from maskwright.studio.keeper import Keeper
from maskwright.studio.learning_child import part
from maskwright.studio.learning_job import is_held_out
from maskwright.studio.pictures import Pictures
from maskwright.studio.rows import objects_of
from maskwright.studio.server import application
from maskwright.studio.store import open_store
from some_edits import SIZE_HW, draw, step

RNG = np.random.default_rng(5)
SLICES = RNG.integers(0, 4000, (3, *SIZE_HW), np.uint16)
MOVIE = RNG.integers(0, 255, (2, 3, *SIZE_HW), np.uint8)


def put(path, pixels, axes, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": axes} if axes else {}, **how)


@pytest.fixture
def photos(tmp_path):
    """A stack of slices, a movie of slices, and an image that is no stack."""
    folder = tmp_path / "photos"
    put(folder / "embryo.tif", SLICES, "ZYX", compression="zlib")
    put(folder / "b/movie.tif", MOVIE, "TZYX", imagej=True)
    Image.fromarray(MOVIE[0, 0]).save(folder / "flat.png")
    return folder


@pytest.fixture
def store(photos):
    with open_store(photos.with_name("photos-labels"), photos, ["cell", "sky"]) as opened:
        yield opened


def names(store, **how):
    return [one["name"] for one in images.listed(store.database, "name", only=store.only, **how)["images"]]


def id_of(store, name):
    (found,) = [one["id"] for one in images.listed(store.database, "name")["images"] if one["name"] == name]
    return found


def objects(store, name):
    with store.database.reading() as connection:
        return dict(objects_of(connection, id_of(store, name)))


def test_planes_are_listed_in_their_order_below_their_file(store):
    assert names(store) == [
        *(f"b/movie.tif/t={t} z={z}" for t in range(2) for z in range(3)),
        *(f"embryo.tif/z={z}" for z in range(3)),
        "flat.png",
    ]
    listed = images.listed(store.database, "name")["images"]
    assert [(one["stack"], one["plane"]) for one in listed[5:]] == [
        ("b/movie.tif", "t=1 z=2"),
        ("embryo.tif", "z=0"),
        ("embryo.tif", "z=1"),
        ("embryo.tif", "z=2"),
        ("", ""),
    ]


def test_a_plane_knows_the_planes_around_it(store, photos):
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    movie = [id_of(store, f"b/movie.tif/t={t} z={z}") for t in range(2) for z in range(3)]
    opened = images.opened(store, pictures, movie[4])
    assert opened["planes"] == {"axes": [{"name": "t", "length": 2}, {"name": "z", "length": 3}], "images": movie}
    assert (opened["size_hw"], opened["channels"], opened["trouble"]) == (list(SIZE_HW), 1, "")
    assert images.opened(store, pictures, id_of(store, "flat.png"))["planes"] is None


def test_each_plane_is_shown_as_it_is_and_all_in_one_contrast(store, photos):
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    found = [pictures.get(photos / f"embryo.tif/z={z}") for z in range(3)]
    for z in range(3):
        assert np.array_equal(found[z].levels[0][:, :][..., 0], SLICES[z])
        assert found[z].ranges == found[0].ranges
    low, high = np.percentile(SLICES, (0.1, 99.9))
    assert found[0].ranges == ((low, high),)
    put(photos / "embryo.tif", SLICES * 2, "ZYX")
    assert pictures.get(photos / "embryo.tif/z=0").ranges == ((2 * low, 2 * high),)


def test_each_plane_has_a_journal_and_a_state_of_its_own(store):
    first, second = id_of(store, "embryo.tif/z=0"), id_of(store, "embryo.tif/z=1")
    for plane in (first, second):
        store.file_state(plane)
        draw(store, plane, 0, "a", (1, 1, 4 + plane % 2, 3))
    images.change(store.database, second, {"state": "done", "note": "dim"})
    undo(store.database, first, step(1))
    assert objects(store, "embryo.tif/z=0") == {}
    assert list(objects(store, "embryo.tif/z=1")) == ["a"]
    states = {one["name"]: (one["state"], one["note"]) for one in images.listed(store.database, "name")["images"]}
    assert states["embryo.tif/z=0"] == ("todo", "")
    assert states["embryo.tif/z=1"] == ("done", "dim")
    store.close()
    with open_store(store.folder) as again:
        assert list(objects(again, "embryo.tif/z=1")) == ["a"]
        assert len(names(again)) == 10


def test_the_server_shows_planes_and_refuses_edits_where_the_stack_has_changed(store, photos):
    studio = Studio(
        store, Pictures(store.folder, max_pixels=store.max_pixels), Helpers((), None, store.max_pixels), Keeper(store), 1 << 20
    )
    plane = id_of(store, "embryo.tif/z=2")
    known = {"Authorization": "Bearer token"}
    with TestClient(application(studio, "token"), base_url="http://127.0.0.1:8765", headers=known) as client:
        tile = client.get(f"/api/images/{plane}/tiles/0/0/0?format=raw")
        assert np.array_equal(np.frombuffer(tile.content, "<u2").reshape(SIZE_HW), SLICES[2])
        assert client.get(f"/api/images/{plane}/picture").status_code == 200
        edit = {"object": "a", "set": {"class_id": 1}, "add": {"box": [0, 0, 2, 1], "runs": "02"}}
        body = {"edit_id": "one", "base_revision": 0, "changes": [edit]}
        assert client.post(f"/api/images/{plane}/edits", json=body).status_code == 200
        put(photos / "embryo.tif", SLICES[::-1], "ZYX")
        refused = client.post(f"/api/images/{plane}/edits", json=body | {"edit_id": "two", "base_revision": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "image-changed")
        assert "embryo.tif/z=2: the file is another one" in refused.json()["error"]
        assert client.post(f"/api/images/{plane}/accept").json()["changed"] is False
        tile = client.get(f"/api/images/{plane}/tiles/0/0/0?format=raw")
        assert np.array_equal(np.frombuffer(tile.content, "<u2").reshape(SIZE_HW), SLICES[0])
        put(photos / "embryo.tif", SLICES[:2], "ZYX")
        assert "has no plane z=2; its planes are z=0 to z=1" in client.get(f"/api/images/{plane}").json()["trouble"]


def test_planes_that_are_gone_keep_their_labels_and_have_no_neighbours(store, photos):
    for z in (1, 2):
        store.file_state(id_of(store, f"embryo.tif/z={z}"))
        draw(store, id_of(store, f"embryo.tif/z={z}"), 0, "a", (1, 1, 4, 3))
    store.close()
    put(photos / "embryo.tif", SLICES[:2], "ZYX")
    with open_store(store.folder) as again:
        assert "1 image is not there any more; the labels are kept" in again.words
        assert list(objects(again, "embryo.tif/z=2")) == ["a"]
        pictures = Pictures(again.folder, max_pixels=again.max_pixels)
        assert len(images.opened(again, pictures, id_of(again, "embryo.tif/z=1"))["planes"]["images"]) == 2
        assert images.opened(again, pictures, id_of(again, "embryo.tif/z=2"))["planes"] is None


def test_a_stack_that_became_another_is_listed_as_it_is_now(store, photos):
    store.close()
    put(photos / "embryo.tif", MOVIE, "TZYX")
    with open_store(store.folder, photos, only=["embryo.tif"]) as again:
        assert names(again) == [f"embryo.tif/t={t} z={z}" for t in range(2) for z in range(3)]
        pictures = Pictures(again.folder, max_pixels=again.max_pixels)
        opened = images.opened(again, pictures, id_of(again, "embryo.tif/t=1 z=2"))
        assert ([axis["length"] for axis in opened["planes"]["axes"]], opened["trouble"]) == ([2, 3], "")
        assert images.opened(again, pictures, id_of(again, "embryo.tif/z=0"))["trouble"]
        with again.database.reading() as connection:
            there = [row["name"] for row in connection.execute("SELECT name FROM images WHERE is_there")]
        assert "embryo.tif/z=0" not in there
        assert {"flat.png", "b/movie.tif/t=0 z=0"} < set(there)


def test_pages_that_do_not_say_what_they_are_wait_for_a_word_that_the_project_keeps(tmp_path):
    photos = tmp_path / "photos"
    put(photos / "pages.tif", SLICES, "")
    with open_store(tmp_path / "x", photos, ["cell"]) as store:
        assert names(store) == ["pages.tif"]
        trouble = store.file_state(1).trouble
        assert "does not say what its axis" in trouble
        assert "--axes TYX for times" in trouble
    with open_store(tmp_path / "x", axes="TYX") as store:
        assert names(store) == ["pages.tif/t=0", "pages.tif/t=1", "pages.tif/t=2"]  # and the file itself is no image any more
        plane = id_of(store, "pages.tif/t=1")
        assert store.file_state(plane).size_hw == SIZE_HW
        draw(store, plane, 0, "a", (1, 1, 4, 3))
    with open_store(tmp_path / "x") as store:
        assert names(store) == ["pages.tif/t=0", "pages.tif/t=1", "pages.tif/t=2"]
    (sample,) = read(tmp_path / "x")
    assert np.array_equal(sample.image[..., 0], SLICES[1])


def test_what_a_person_says_of_axes_is_not_said_of_files_that_say_it_themselves(store, photos):
    put(photos / "pages.tif", SLICES, "")
    put(photos / "channels.tif", SLICES, "CYX")
    store.close()
    with open_store(store.folder, axes="TYX") as again:
        assert [name for name in names(again) if "movie" not in name] == [
            "channels.tif", "embryo.tif/z=0", "embryo.tif/z=1", "embryo.tif/z=2", "flat.png",
            "pages.tif/t=0", "pages.tif/t=1", "pages.tif/t=2",
        ]  # fmt: skip


def test_axes_that_planes_cannot_say_are_refused_and_not_kept(tmp_path):
    photos = tmp_path / "photos"
    put(photos / "pages.tif", np.stack([SLICES, SLICES]), "")
    with pytest.raises(ImageFileError, match="which does not say what of it are channels"):
        open_store(tmp_path / "x", photos, ["cell"], axes="ZCYX")
    with open_store(tmp_path / "x", photos, ["cell"]) as store:
        assert names(store) == ["pages.tif"]


def test_a_stack_that_is_named_alone_is_listed_with_all_its_planes(store, photos):
    store.close()
    with open_store(store.folder, photos, only=["embryo.tif"]) as again:
        assert names(again) == ["embryo.tif/z=0", "embryo.tif/z=1", "embryo.tif/z=2"]
        assert images.counts(again.database, again.only)["todo"] == 3


@pytest.fixture
def labelled(store):
    """An object on two slices, and on one plane of the movie."""
    for place, name in enumerate(("embryo.tif/z=0", "embryo.tif/z=2", "b/movie.tif/t=1 z=2")):
        image = id_of(store, name)
        store.file_state(image)
        draw(store, image, 0, "a", (1, 1, 4 + place, 3))
        images.change(store.database, image, {"state": "done"})
    store.close()
    return store.folder


def test_label_files_lie_in_a_folder_called_like_the_stack_and_are_data_as_they_lie(labelled):
    folder = labelled / "labels"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json")) == [
        "b/movie.tif/t=1 z=2.json",
        "embryo.tif/z=0.json",
        "embryo.tif/z=2.json",
    ]
    data = read(labelled)
    assert data.faults == ()
    assert [record.id for record in data.records] == ["b/movie.tif/t=1 z=2", "embryo.tif/z=0", "embryo.tif/z=2"]
    movie, first, last = data
    assert np.array_equal(movie.image[..., 0], MOVIE[1, 2])
    assert np.array_equal(first.image[..., 0], SLICES[0])
    assert np.array_equal(last.image[..., 0], SLICES[2])
    assert [sample.segmentation.regions[0].box_xyxy for sample in (movie, first, last)] == [
        (1, 1, 6, 3), (1, 1, 4, 3), (1, 1, 5, 3),
    ]  # fmt: skip
    assert [record.group for record in data.records] == ["b/movie.tif", "embryo.tif", "embryo.tif"]


def test_what_is_learnt_from_is_found_by_its_name(labelled, photos):
    data = read(labelled)
    assert [one.id for one in part(data, photos, ["embryo.tif/z=2"]).records] == ["embryo.tif/z=2"]
    assert np.array_equal(read_image(photos / "b/movie.tif/t=1 z=2")[..., 0], MOVIE[1, 2])


@pytest.mark.parametrize("to", ["coco", "labelme", "yolo", "labels", "cvat", "voc"])
def test_a_conversion_calls_each_plane_by_a_name_that_is_found_again(labelled, photos, tmp_path, to):
    made = convert(Reading(path=labelled), tmp_path / "out", to=to)
    assert (made.images, made.exact) == (3, 3)
    data = read(photos, format=to, annotations=made.out)
    assert sorted(record.id for record in data.records) == ["b/movie.tif/t=1 z=2", "embryo.tif/z=0", "embryo.tif/z=2"]
    (last,) = [sample for sample in data if sample.id == "embryo.tif/z=2"]
    assert np.array_equal(last.image[..., 0], SLICES[2])
    assert int(last.segmentation.regions[0].area) == 8


def test_masks_of_planes_are_found_in_a_folder_called_like_the_stack(labelled, photos, tmp_path):
    made = convert(Reading(path=labelled), tmp_path / "out", to="semantic", allow_loss=True)
    data = read(photos, made.out / "masks")
    assert [record.id for record in data.records] == ["b/movie.tif/t=1 z=2", "embryo.tif/z=0", "embryo.tif/z=2"]
    assert np.array_equal(data[2].image[..., 0], SLICES[2])
    assert int((data[2].segmentation.ids > 0).sum()) == 8


def test_planes_of_one_stack_are_never_on_both_sides_of_a_split(tmp_path):
    photos = tmp_path / "photos"
    for name in ("a", "b"):
        put(photos / f"{name}.tif", SLICES, "ZYX")
    for i in range(4):
        Image.fromarray(MOVIE[0, 0]).save(photos / f"flat{i}.png")
    with open_store(tmp_path / "x", photos, ["cell"]) as store:
        for one in images.listed(store.database, "name")["images"]:
            store.file_state(one["id"])
            draw(store, one["id"], 0, "a", (1, 1, 4, 3))
    for seed in range(5):
        made = split(read(tmp_path / "x"), fraction=0.3, seed=seed)
        held = {record.id for record in made.val.records}
        assert all(len(held & {f"{name}.tif/z={z}" for z in range(3)}) in (0, 3) for name in "ab")
        assert len(held) < 6  # an image beside the stacks is a group of its own


def test_of_a_single_stack_a_run_of_neighbours_is_held_out_however_different_they_look(tmp_path):
    put(tmp_path / "photos/a.tif", RNG.integers(0, 255, (20, *SIZE_HW), np.uint8), "ZYX")
    with open_store(tmp_path / "x", tmp_path / "photos", ["cell"]) as store:
        for one in images.listed(store.database, "name")["images"]:
            store.file_state(one["id"])
            draw(store, one["id"], 0, "a", (1, 1, 4, 3))
    for seed in range(5):
        made = split(read(tmp_path / "x"), fraction=0.2, seed=seed)
        held = sorted(int(record.id.removeprefix("a.tif/z=")) for record in made.val.records)
        assert held == list(range(held[0], held[0] + 4))
        assert "planes of one stack, so a run of neighbours was held out" in made.statement


def test_the_labels_of_a_stack_that_is_gone_are_not_given_to_another(labelled, photos):
    (photos / "embryo.tif").unlink()
    put(photos / "other/embryo2.tif", SLICES, "ZYX")
    data = read(labelled)
    assert [record.id for record in data.records] == ["b/movie.tif/t=1 z=2"]
    assert [fault.code for fault in data.faults] == ["image-not-found", "image-not-found"]


def test_runs_of_neighbouring_planes_are_held_out_and_never_the_first():
    held = [z for z in range(100) if is_held_out(f"embryo.tif/z={z}")]
    assert len(held) == 20
    assert [z % 5 for z in held] == [0, 1, 2, 3, 4] * 4
    assert min(held) >= 5
    assert len({min(z for z in range(100) if is_held_out(f"stack{i}.tif/z={z}")) for i in range(40)}) == 4
    grid = np.array([[is_held_out(f"movie.tif/t={t} z={z}") for z in range(50)] for t in range(50)])
    assert grid.mean() == 0.2
    blocks = grid.reshape(10, 5, 10, 5).transpose(0, 2, 1, 3).reshape(10, 10, 25)
    assert (blocks == blocks[..., :1]).all()  # slices and times of a block are on one side
    assert not blocks[0, 0].any()
    assert grid[:2].any()  # also where there are few times
    assert grid[:, :2].any()  # or few slices


def test_a_large_plane_is_read_part_by_part(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.studio.image_files.LARGE_BYTES", 1)
    assert is_parted(photos / "embryo.tif/z=1")
    assert not is_parted(photos / "embryo.tif")
    pictures = Pictures(tmp_path / "x", max_pixels=1 << 20)
    assert np.array_equal(pictures.get(photos / "embryo.tif/z=1").levels[0][:, :][..., 0], SLICES[1])
    pictures.close()


def test_a_stack_of_masks_is_no_image(tmp_path):
    put(tmp_path / "photos/images/embryo.tif", SLICES, "ZYX")
    put(tmp_path / "photos/masks/embryo.tif", (SLICES > 2000).astype(np.uint8), "ZYX")
    with open_store(tmp_path / "labels", tmp_path / "photos", ["cell"]) as opened:
        assert names(opened) == [f"images/embryo.tif/z={z}" for z in range(3)]
