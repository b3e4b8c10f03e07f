"""Scenes as a data folder: images, labels and the recipe. It is whole once the labels are there, and can be gone on with."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError, Interrupted
from maskwright.base.files import read_json, write_json
from maskwright.base.journal import Journal
from maskwright.engine.signals import stop_on_signals
from maskwright.formats import coco_panoptic
from maskwright.formats.panoptic_segments import ListedSegment, read_picture, write_picture
from maskwright.formats.png import write_image
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic
from maskwright.synth.scene import Scene

RECIPE, LABELS, SPLITS, IMAGES = "recipe.json", "panoptic.json", "splits.json", "images"
UNFINISHED = ".unfinished"  # folder of what is made of the labels before all are there
JOURNAL = "made.jsonl"
MOST = 1_000_000  # images of a folder
MOST_PIXELS = 1 << 28  # of a scene that is read again
AHEAD = 2  # scenes that each worker may be ahead of the writing
MOST_WORKERS = 8

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SynthFolder:
    """What was made: how many images now, and how many were there already."""

    path: Path
    made: int
    there: int


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Scenes by number, from 0 on, of these classes; `about` says in JSON all that they depend on."""

    draw: Callable[[int], Scene]
    classes: Classes
    count: int
    about: dict[str, Any]


def write_scenes(
    scenes: Scenes,
    out: Path | str,
    *,
    test: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> SynthFolder:
    """Write `images/0001.png` and so on, `panoptic.json` with its pictures, `recipe.json` and, of a test part, `splits.json`.

    The last `test` images are the test part. Run again it does what is missing; a folder that is whole is left as it is.
    `workers` threads draw; the files are the same for any number. Raises `DataError` where something else lies in `out`, or
    images of another recipe, seed or number unless `overwrite`; `Interrupted` when asked to stop.
    """
    out = Path(out)
    _require_numbers(scenes.count, test)
    about = {**scenes.about, "count": scenes.count, "test": test, "version": version("maskwright")}
    _make_way(out, about, overwrite=overwrite)
    names = [f"{number:0{max(4, len(str(scenes.count)))}d}.png" for number in range(1, scenes.count + 1)]
    if (out / LABELS).is_file() and all((out / IMAGES / name).is_file() for name in names):
        return SynthFolder(out, 0, scenes.count)
    _require_alone(out / IMAGES, names)
    write_json(out / RECIPE, about)
    (out / LABELS).unlink(missing_ok=True)
    journal = Journal(out / UNFINISHED / JOURNAL)
    segments = {entry["name"]: entry["segments"] for entry in journal.read()}
    todo = [i for i, name in enumerate(names) if not _is_made(out, name, segments)]
    there = scenes.count - len(todo)
    with stop_on_signals() as stop:
        for done, (i, scene) in enumerate(_drawn(scenes.draw, todo, workers or _workers()), there):
            if progress is not None:
                progress(done, scenes.count)
            if stop.is_set():
                raise Interrupted(f"Stopped with {done} of {scenes.count} images made. Run the same command again to go on.")
            listed = write_picture(out / UNFINISHED / names[i], scene.panoptic)
            write_image(out / IMAGES / names[i], scene.image)
            segments[names[i]] = listed
            journal.append({"name": names[i], "segments": listed})
    if test:
        stems = [Path(name).stem for name in names]
        write_json(out / SPLITS, {"suggested": {"train": stems[:-test], "test": stems[-test:]}})
    coco_panoptic.write(out / LABELS, _kept(out, names, segments, scenes.classes))
    _remove(out / UNFINISHED, [*names, JOURNAL])
    if progress is not None:
        progress(scenes.count, scenes.count)
    return SynthFolder(out, len(todo), there)


def _require_numbers(count: int, test: int) -> None:
    if not 1 <= count <= MOST:
        raise DataError(f"{count} images cannot be made; give a number from 1 to {MOST}.")
    if not 0 <= test < count:
        raise DataError(f"{test} of {count} images cannot be the test part; some must be left to train on.")


def _make_way(out: Path, about: dict[str, Any], *, overwrite: bool) -> None:
    """See that `out` is empty, or holds what the same request has made; with `overwrite`, remove what another has."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    recipe = out / RECIPE
    before = read_json(recipe) if recipe.is_file() else None
    if not isinstance(before, dict) or not {"recipe", "seed", "count"} <= before.keys():
        raise DataError(
            f"{out}: something else lies there, and would be mixed with the images. Choose another folder with --out."
        )
    if before == about:
        return
    if not overwrite:
        other = sorted(key for key in {*before, *about} if before.get(key) != about.get(key))
        raise DataError(
            f"{out}: holds images that were made otherwise ({', '.join(other)} differ). "
            "Replace them with --overwrite, or choose another folder with --out."
        )
    width = max(4, len(str(before["count"])))
    names = [f"{number:0{width}d}.png" for number in range(1, int(before["count"]) + 1)]
    (out / LABELS).unlink(missing_ok=True)
    for folder in (out / IMAGES, out / Path(LABELS).stem, out / UNFINISHED):
        _remove(folder, [*names, JOURNAL])
    for name in (SPLITS, RECIPE):
        (out / name).unlink(missing_ok=True)


def _require_alone(folder: Path, names: list[str]) -> None:
    """Raises `DataError` where images lie among those that are to be made."""
    others = sorted({file.name for file in folder.iterdir()} - set(names)) if folder.is_dir() else []
    others = [name for name in others if not name.startswith(".")]
    if others:
        raise DataError(
            f"{folder}: {len(others)} files are there that were not made here, such as {others[0]}. "
            "Move them away, or choose another folder with --out."
        )


def _remove(folder: Path, names: list[str]) -> None:
    """Remove these files of a folder, and the folder where nothing else is in it."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _is_made(out: Path, name: str, segments: dict[str, Any]) -> bool:
    return name in segments and (out / UNFINISHED / name).is_file() and (out / IMAGES / name).is_file()


def _workers() -> int:
    return min(MOST_WORKERS, os.cpu_count() or 1)


def _drawn(draw: Callable[[int], Scene], todo: list[int], workers: int) -> Iterator[tuple[int, Scene]]:
    """The scenes in order, drawn by threads that are only so far ahead that memory holds."""
    left = iter(todo)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[int, Future[Scene]]] = deque()
        try:
            waiting.extend((i, pool.submit(draw, i)) for i in islice(left, AHEAD * workers))
            while waiting:
                i, future = waiting.popleft()
                scene = future.result()
                waiting.extend((following, pool.submit(draw, following)) for following in islice(left, 1))
                yield i, scene
        finally:
            for _, future in waiting:
                future.cancel()


def _kept(
    out: Path, names: list[str], segments: dict[str, list[dict[str, Any]]], classes: Classes
) -> Iterator[tuple[str, Panoptic]]:
    """The labels that were written one by one, read again."""
    for name in names:
        listed = [ListedSegment(each["id"], each["category_id"], each["area"], 1.0, False) for each in segments[name]]
        yield name, read_picture(out / UNFINISHED / name, listed, classes, out / LABELS, max_pixels=MOST_PIXELS)
