"""A project is a data set as it lies: read, checked, converted, and made of any other format."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.data.dataset import read
from maskwright.engine.convert import convert
from maskwright.engine.reading import Reading
from maskwright.formats import coco
from maskwright.studio.edits import Wanted
from maskwright.studio.history import edit
from maskwright.studio.rows import objects_of
from maskwright.studio.store import open_store
from some_edits import SIZE_HW, draw, mask, new_edit, pixels


def objects(store, image):
    with store.database.reading() as connection:
        return dict(objects_of(connection, image))


@pytest.fixture
def project(store):
    """Two cells that overlap and a piece to leave out on the first image; the second is done and empty."""
    draw(store, 1, 0, "a", (1, 1, 6, 6))
    draw(store, 1, 1, "b", (4, 4, 9, 9))
    edit(store.database, 1, new_edit(2, Wanted("c", {"class_id": None}, add=mask((12, 0, 16, 2)))))
    store.file_state(2)
    with store.database.transaction() as connection:
        connection.execute("UPDATE images SET state = 'done', touched = touched + 1 WHERE id = 2")
    store.close()
    return store.folder


def test_what_is_labelled_is_read_and_the_rest_is_no_fault(project):
    data = read(project)
    assert [record.id for record in data.records] == ["a2", "a10"]
    assert data.faults == ()
    assert data.classes.names == ("background", "cell", "sky")
    (first, second) = data
    assert [region.box_xyxy for region in first.segmentation.regions] == [(1, 1, 6, 6), (4, 4, 9, 9)]
    assert (first.segmentation.ignored == pixels(mask((12, 0, 16, 2)))).all()
    assert len(second.segmentation) == 0


def test_it_is_checked_like_any_other_folder(project):
    report = Reading(path=project).check()
    assert not report.spoils_training
    assert any("labelling project" in words for words in report.words)


def test_it_is_converted_and_a_new_project_is_made_of_what_was_converted(project, photos, tmp_path):
    made = convert(Reading(path=project), tmp_path / "coco", to="coco", allow_loss=True)
    assert (made.images, made.objects, made.exact) == (2, 2, 2)
    assert not any(finding.code == "sizes-as-annotated" for finding in made.findings)
    back = convert(Reading(path=made.out), tmp_path / "again", to="project")
    assert back.exact == 2
    assert not back.losses
    with open_store(tmp_path / "again", photos) as store:
        assert any("2 label files taken in" in words for words in store.words)
        found = {drawn.mask.box for drawn in objects(store, 1).values()} | {
            drawn.mask.box for drawn in objects(store, 2).values()
        }
        assert found == {(1, 1, 6, 6), (4, 4, 9, 9)}
    assert coco.read(made.out).classes.names == ("background", "cell", "sky")


def test_nothing_is_written_among_the_images(project, photos):
    assert sorted(path.name for path in photos.rglob("*")) == ["a10.png", "a2.png", "b", "c.png"]
    with pytest.raises(DataError, match="to which nothing is written"):
        open_store(photos / "labels", photos)


def test_overlapping_stuff_and_things_become_classes_of_pixels(project):
    segmentation = read(project)[0].segmentation
    assert segmentation.size_hw == SIZE_HW
    assert np.unique(segmentation.class_ids).tolist() == [1]
