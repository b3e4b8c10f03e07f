"""`label` and `cost` as a person runs them: a project made, opened twice, exposed by mistake, checked as it lies."""

import http.client
import json
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import tifffile

from maskwright.base.files import read_json
from maskwright.masks import rle
from maskwright.studio import running
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, edit
from maskwright.studio.objects import Mask
from maskwright.studio.rows import objects_of
from maskwright.studio.store import open_store

PROGRAM = (sys.executable, "-c", "from maskwright.cli.main import run; run()")


@pytest.fixture
def photos(blob_folder):
    """Images without their masks beside them."""
    return blob_folder / "images"


def labelled(photos, folder):
    """A project with a square on every image, all done."""
    with open_store(folder, photos, ["cell"]) as store:
        for image in range(1, 7):
            store.file_state(image)
            wanted = Wanted("a", {"class_id": 1}, mask=Mask((8, 8, 40, 40), rle.to_text([0, 1024])))
            edit(
                store.database,
                image,
                Edit(edit_id=f"e{image}", base_revision=0, changes=(wanted,), tool="box", seconds=2.0, clicks=2),
            )
        with store.database.transaction() as connection:
            connection.execute("UPDATE images SET state = 'done', touched = touched + 1")
    return folder


def test_a_server_starts_is_found_by_the_next_start_and_stops(invoke, photos, tmp_path):
    command = [*PROGRAM, "label", str(photos), "--project", str(tmp_path / "x"), "--classes", "cell,sky", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    stop = threading.Timer(120, server.kill)
    stop.start()
    try:
        assert server.stdout is not None
        lines = []
        while not lines or "Open http" not in lines[-1]:
            lines.append(server.stdout.readline())
            assert lines[-1], "".join(lines)
        said = "".join(lines)
        assert "6 images: 0 done" in said
        assert "Classes: cell, sky." in said
        url = lines[-1].split()[-1]
        again = invoke("label", photos, "--project", tmp_path / "x", "--no-browser")
        assert (again.exit_code, "is open already" in again.output, url in again.output) == (0, True, True)
        found = running.running(tmp_path / "x")
        assert found is not None
        assert found.url == url
        connection = http.client.HTTPConnection(found.host, found.port, timeout=20)
        connection.request("GET", "/api/images", headers={"Authorization": f"Bearer {found.token}"})
        assert json.loads(connection.getresponse().read())["total"] == 6
        connection.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        stop.cancel()
        server.stdout.close()
    assert running.running(tmp_path / "x") is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::"])
def test_other_machines_are_let_in_only_when_that_is_said(invoke, photos, tmp_path, host):
    result = invoke("label", photos, "--project", tmp_path / "x", "--host", host, "--no-browser")
    assert result.exit_code == 2
    assert "--expose" in result.output
    assert not (tmp_path / "x").exists()


def test_names_and_ports():
    assert running.names_of("127.0.0.1") == running.LOCAL_NAMES
    assert "evil.example" not in running.names_of("0.0.0.0")
    assert "192.168.0.7" in running.names_of("192.168.0.7")
    first = running.listening("127.0.0.1", None)
    second = running.listening("127.0.0.1", None)
    assert first.getsockname()[1] != second.getsockname()[1]
    first.close()
    second.close()


def test_what_cannot_be_opened_is_said(invoke, tmp_path, photos):
    assert "no such folder" in invoke("label", tmp_path / "nothing", "--no-browser").output
    result = invoke("label", photos, "--project", tmp_path / "x", "--assistant", "nobody", "--no-browser")
    assert (result.exit_code, "nobody" in result.output) == (2, True)
    assert "is no labelling project" in invoke("cost", photos).output


def test_images_are_named_one_by_one_and_nothing_trains_where_that_is_said(photos, tmp_path, monkeypatch, invoke):
    served = []

    def serve(studio, *_):
        served.append((studio.store.only, studio.learner))
        studio.store.close()

    monkeypatch.setattr("maskwright.studio.running.serve", serve)
    result = invoke("label", photos / "cell0.png", photos / "cell3.png", "--no-learning", "--no-browser")
    assert result.exit_code == 0, result.output
    assert "2 images: 0 done" in result.output
    assert served == [({"cell0.png", "cell3.png"}, None)]
    assert (photos.parent / "images-labels" / "project.json").is_file()
    assert "6 images: 0 done" in invoke("label", photos, "--no-browser").output
    assert served[1][0] is None
    assert served[1][1] is not None


def test_images_that_do_not_belong_together_are_refused(photos, tmp_path, invoke):
    (tmp_path / "notes.png").write_text("no image")
    for named, words in (
        ((photos, photos), "name one folder"),
        ((photos / "cell0.png", photos / "none.png"), "there is no such image"),
        ((photos / "cell0.png", tmp_path / "notes.png"), "notes.png"),
        ((photos / "cell0.png", photos.parent / "masks" / "cell0.png"), "another folder"),
    ):
        result = invoke("label", *named, "--no-browser")
        assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_project_begins_with_labels_of_another_format(blob_folder, photos, tmp_path, monkeypatch, invoke):
    monkeypatch.setattr("maskwright.studio.running.serve", lambda studio, *_: studio.store.close())
    command = ("label", photos, "--project", tmp_path / "x", "--labels", blob_folder, "--parts-as-objects", "--no-browser")
    result = invoke(*command)
    assert result.exit_code == 0, result.output
    assert "6 images" in result.output
    with open_store(tmp_path / "x") as store, store.database.reading() as connection:
        assert len(objects_of(connection, 1)) >= 1
        assert connection.execute("SELECT count(*) FROM images WHERE state = 'done'").fetchone()[0] == 6
    assert "there is a project already" in invoke(*command).output


def test_a_project_is_data_to_train_on_as_it_lies_and_its_cost_is_told(invoke, photos, tmp_path):
    folder = labelled(photos, tmp_path / "x")
    assert read_json(folder / "labels" / "cell0.png.json")["state"] == "done"
    result = invoke("check", folder)
    assert result.exit_code == 0, result.output
    assert "Labelling project" in result.output
    assert "6 images with masks" in result.output
    cost = invoke("cost", folder)
    assert cost.exit_code == 0
    assert "6 objects" in cost.output
    assert "box" in cost.output


def test_a_server_that_is_started_again_keeps_port_and_token(tmp_path):
    """Edits that wait in a browser belong to the address of the page."""
    with running.listening("127.0.0.1", None) as made:
        before = running.Address("127.0.0.1", made.getsockname()[1], "abc")
        assert running.again("127.0.0.1", before) is None  # it is taken
    running._tell(tmp_path, before)
    assert running.last(tmp_path) == before
    with running.again("127.0.0.1", before) as made:
        assert made.getsockname()[1] == before.port


def test_axes_of_stacks_are_said_and_those_without_planes_are_refused(tmp_path, monkeypatch, invoke):
    (tmp_path / "photos").mkdir()
    tifffile.imwrite(tmp_path / "photos/pages.tif", np.zeros((3, 12, 16), np.uint8), photometric="minisblack", metadata=None)
    monkeypatch.setattr("maskwright.studio.running.serve", lambda studio, *_: studio.store.close())
    result = invoke("label", tmp_path / "photos", "--axes", "CYX", "--no-browser")
    assert (result.exit_code, "none of these counts planes" in result.output) == (2, True)
    assert "1 image: 0 done" in invoke("label", tmp_path / "photos", "--no-browser").output
    assert "3 images: 0 done" in invoke("label", tmp_path / "photos", "--axes", "tyx", "--no-browser").output


def test_a_zarr_is_named_like_an_image(tmp_path, monkeypatch, invoke):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    path = tmp_path / "embryo.zarr"
    zarr.create_array(str(path), shape=(3, 12, 16), dtype="u1", dimension_names=["z", "y", "x"])
    zarr.create_array(str(tmp_path / "other.zarr"), shape=(4, 12, 16), dtype="u1", dimension_names=["z", "y", "x"])
    monkeypatch.setattr("maskwright.studio.running.serve", lambda studio, *_: studio.store.close())
    assert "3 images: 0 done" in invoke("label", path, "--project", tmp_path.parent / "x", "--no-browser").output
    monkeypatch.chdir(path)
    assert "3 images: 0 done" in invoke("label", ".", "--project", tmp_path.parent / "z", "--no-browser").output
    assert "7 images: 0 done" in invoke("label", tmp_path, "--project", tmp_path.parent / "y", "--no-browser").output
