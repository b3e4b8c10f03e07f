"""The report written anew."""

import json
import shutil


def test_the_report_is_made_again_from_the_run(invoke, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "report.html").unlink()
    result = invoke("report", run)
    assert result.exit_code == 0
    page = (run / "report.html").read_text()
    assert "<img" in page
    assert "maskwright train" in page


def test_without_the_data_it_has_no_pictures_and_says_so(invoke, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    for name in ("reading.json", "scores.json"):
        value = json.loads((run / name).read_text())
        (value if name == "reading.json" else value["reading"])["path"] = str(tmp_path / "gone")
        (run / name).write_text(json.dumps(value))
    result = invoke("report", run, "--out", tmp_path / "page.html")
    assert result.exit_code == 0
    assert "gone: no such folder" in result.output
    assert "The report is without pictures" in result.output
    assert "<img" not in (tmp_path / "page.html").read_text()


def test_a_run_without_scores_says_how_to_get_them(invoke, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "scores.json").unlink()
    result = invoke("report", run)
    assert result.exit_code == 2
    assert f"maskwright evaluate {run}" in result.stderr
