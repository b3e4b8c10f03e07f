"""What holds for every command: help, exit codes, errors in words, and terminals of every kind."""

import os
import subprocess
import sys

import pytest

from maskwright.cli import main

PROGRAM = [sys.executable, "-c", "from maskwright.cli.main import run; run()"]


def program(*arguments, **environment):
    """The program as a process of its own, since streams and encodings are those of a process."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "TERM", "PYTHONIOENCODING")
    }
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, env=kept | environment, text=True, errors="replace", timeout=120
    )


def test_the_help_lists_the_commands_and_exit_codes(invoke):
    result = invoke("--help")
    assert result.exit_code == 0
    for word in ("check", "plan", "train", "evaluate", "predict", "report", "demo", "Exit codes", "130 interrupted"):
        assert word in result.output


@pytest.mark.parametrize("command", ["check", "plan", "train", "evaluate", "predict", "report", "demo", "version"])
def test_every_command_explains_itself(invoke, command):
    assert invoke(command, "--help").exit_code == 0


def test_the_help_waits_for_neither_torch_nor_numpy():
    code = (
        "import sys; sys.argv = ['maskwright', '--help']\n"
        "from maskwright.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: print({'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


def test_the_version_in_both_spellings(invoke):
    assert invoke("--version").output == invoke("version").output
    assert invoke("version").output.startswith("maskwright 0.")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["trian", "x"], "train"),
        (["plan", "x", "--budgte", "1s"], "--budget"),
        (["check", "x", "--class-name", "a"], "--class-names"),
    ],
)
def test_a_misspelt_command_or_option_is_answered_with_the_nearest(invoke, typed, meant):
    result = invoke(*typed)
    assert result.exit_code == 2
    assert meant in result.stderr


def test_an_error_is_words_on_stderr_and_exit_code_2(invoke, tmp_path):
    result = invoke("check", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "nowhere: no such folder. Name the folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_wherever_it_stands(invoke, tmp_path):
    for arguments in (("--debug", "check", tmp_path / "nowhere"), ("check", tmp_path / "nowhere", "--debug")):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert "Traceback" in result.stderr


def test_a_fault_of_the_program_is_said_to_be_one(monkeypatch, capsys):
    def fails(**_):
        raise ValueError("boom")

    monkeypatch.setattr(main, "app", fails)
    monkeypatch.setattr(sys, "argv", ["maskwright", "check", "x"])
    with pytest.raises(SystemExit) as left:
        main.run()
    assert left.value.code == 70
    assert "ValueError: boom. This is a fault of maskwright" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["maskwright", "check", "x", "--debug"])
    with pytest.raises(ValueError, match="boom"):
        main.run()


def test_a_reader_that_leaves_is_no_fault(blobs_to_read):
    process = subprocess.Popen([*PROGRAM, "check", str(blobs_to_read)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=120) == 141


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_terminal_without_these_letters_gets_others(blob_folder, environment):
    odd = blob_folder.with_name("Zellen ä 🙂")
    blob_folder.rename(odd)
    done = program("check", odd, **environment)
    assert done.returncode == 0, done.stderr
    assert "6 images with masks" in done.stdout


def test_a_pipe_gets_plain_lines(blobs_to_read):
    """No colours, no moving bars, and no line is cut at the width of a terminal that is not there."""
    done = program("plan", blobs_to_read, "--budget", "1s", "--set", "model.widths=[4,8]", "--set", "crop_hw=[32,32]")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert any(len(line) > 150 for line in done.stdout.splitlines())
    assert "Timing a few steps on this machine ..." in done.stdout


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1", "TERM": "xterm"}])
def test_a_plain_terminal_gets_no_bars_that_move(blobs_to_read, environment):
    pty = pytest.importorskip("pty", reason="pseudo terminals are a thing of Unix")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*PROGRAM, "check", str(blobs_to_read)], stdout=theirs, env=os.environ | environment)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # the other end has closed
        pass
    os.close(ours)
    assert process.wait(timeout=120) == 0
    assert b"6 images with masks" in seen
    assert b"\x1b[2K" not in seen  # erase a line
    assert b"\x1b[3" not in seen  # a colour
