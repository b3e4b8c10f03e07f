"""Run folders: made once, held by one process, readable after damage."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from maskwright.base.errors import PlanError, RunError
from maskwright.engine.run import Run
from maskwright.plan.plan import Plan

SPLIT = {"method": "given", "statement": "", "parts": {"train": []}}


@pytest.fixture
def run(tmp_path: Path, small_plan: Callable[..., Plan]) -> Run:
    return Run.create(tmp_path / "run", small_plan(), SPLIT, {"a": "hash"})


def test_a_run_gives_back_what_it_was_made_with(run: Run, small_plan: Callable[..., Plan]) -> None:
    opened = Run.open(run.folder)
    assert opened.plan == small_plan()
    assert opened.split == SPLIT
    assert opened.manifest == {"a": "hash"}


def test_a_folder_with_a_run_is_not_taken_for_another(run: Run, small_plan: Callable[..., Plan]) -> None:
    with pytest.raises(RunError, match=r"there is a run here already.*--resume"):
        Run.create(run.folder, small_plan(steps=99), SPLIT, {})
    assert Run.open(run.folder).plan.steps == 12


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run here \(there is no plan\.json\)"):
        Run.open(tmp_path)


def test_a_damaged_plan_is_named_with_what_is_wrong(run: Run) -> None:
    path = run.folder / "plan.json"
    path.write_text(path.read_text().replace('"batch": 2', '"batch": 0'))
    with pytest.raises(PlanError, match=r"batch is 0; it must be 1 or more"):
        _ = run.plan


def _hold(folder: str, held: "multiprocessing.Queue[str]", release: "multiprocessing.Queue[str]") -> None:
    with Run(Path(folder)).lock():
        held.put("held")
        release.get()


def test_a_second_process_is_refused_and_a_dead_one_does_not_block(run: Run) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Queue(), context.Queue()
    other = context.Process(target=_hold, args=(str(run.folder), held, release))
    other.start()
    assert held.get(timeout=120) == "held"
    with pytest.raises(RunError, match=rf"in use by process {other.pid} on .*--out"), run.lock():
        pass
    other.kill()
    other.join()
    with run.lock():
        pass


def test_the_checkpoint_before_is_used_where_the_last_is_damaged(run: Run) -> None:
    for step in (1, 2):
        run.save_checkpoint({"x": torch.full((3,), step)}, {"step": step})
    assert run.load_checkpoint() is not None
    last = run.folder / "last.safetensors"
    last.write_bytes(last.read_bytes()[:-2])
    kept = run.load_checkpoint()
    assert kept is not None
    assert kept[1] == {"step": 1}
    assert "The checkpoint before it is used" in run.journal.read()[-1]["message"]


def test_without_a_whole_checkpoint_there_is_none(run: Run) -> None:
    assert run.load_checkpoint() is None
