"""How commands end: at an interrupt, told to by the system, or with nobody to take what they print."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from healthreform import endings

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "healthreform"]
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
LINE = "error: interrupted; nothing half-written is left\n"

sys.path.insert(0, str(ROOT / "experiments"))

import shared  # noqa: E402


def environment(*folders: Path) -> dict[str, str]:
    paths = [*map(str, folders), str(ROOT / "model"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def ended_by(number, arguments, ready, **options):
    """Start a command, send it a signal as soon as it is ready, and wait: exit code, errors."""
    running = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **{"env": environment(), **options}
    )
    deadline = time.monotonic() + 60
    while not ready(running) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    return running.returncode, errors


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("slow", "arguments", "line"),
    [
        ("typer", COMMAND, LINE),
        ("numpy", [sys.executable, "experiments/main_job.py"], "interrupted; no results were written\n"),
        ("numpy", [sys.executable, "figures/fig_tradeoff.py"], LINE),
    ],
)
def test_an_interrupt_of_the_imports_is_one_line(tmp_path, number, slow, arguments, line):
    stand_in = "import time\nfrom pathlib import Path\nPath(__file__).with_name('here').touch()\ntime.sleep(60)\n"
    (tmp_path / f"{slow}.py").write_text(stand_in)
    found = ended_by(
        number, arguments, lambda running: (tmp_path / "here").exists(), cwd=ROOT, env=environment(tmp_path)
    )
    assert found == (2, line)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("ending", ["csv", "nc"])
def test_a_sweep_told_to_end_leaves_no_file_and_no_folder(tmp_path, number, ending):
    (tmp_path / "design.csv").write_text("inducement_limit\n" + "1.15\n" * 50_000)
    arguments = [*COMMAND, "sweep", "design.csv", "-o", f"made/deep/runs.{ending}"]

    def ready(_):
        try:
            return any(name.startswith(".runs.") for name in os.listdir(tmp_path / "made" / "deep"))
        except FileNotFoundError:  # not made yet
            return False

    assert ended_by(number, arguments, ready, cwd=tmp_path) == (2, LINE)
    assert os.listdir(tmp_path) == ["design.csv"]


def test_a_signal_that_is_ignored_stays_ignored():
    ignored = f"import signal\nfor number in {list(map(int, SIGNALS))}: signal.signal(number, signal.SIG_IGN)\n"
    script = "from healthreform.endings import end_at_once, signals_heard\nend_at_once('told')\n"
    sent = "import os\nwith signals_heard(): os.kill(os.getpid(), signal.SIGINT)\nprint('went on')"
    done = subprocess.run(
        [sys.executable, "-c", ignored + script + sent], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


def test_a_signal_after_the_work_changes_nothing():
    script = (
        "import os, signal\nfrom healthreform.endings import *\nend_at_once('told')\nwith signals_heard(): pass\n"
        "os.kill(os.getpid(), signal.SIGTERM)\nprint('done')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_signals_heard_leaves_the_handlers_as_they_were():
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), endings.signals_heard():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_must_not_be_interrupted_is_finished_first():
    done = []
    with pytest.raises(KeyboardInterrupt), endings.held_back():
        with endings.held_back():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_a_second_signal_does_not_disturb_the_tidying_up():
    tidied = []
    with pytest.raises(KeyboardInterrupt), endings.signals_heard():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            tidied.append(True)
    assert tidied


def test_other_threads_leave_signals_alone():
    seen = []

    def work():
        with endings.held_back(), endings.signals_heard():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


@pytest.mark.parametrize("arguments", [["list", "levers"], ["--help"], ["run", "--stop", "2011", "-o", "run.nc"]])
def test_a_reader_that_has_gone_ends_the_command_quietly_after_saving(tmp_path, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(), check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
    assert os.listdir(tmp_path) == (["run.nc"] if "-o" in arguments else [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["list", "places"], ["--help"], ["run", "--stop", "2011"]])
@pytest.mark.parametrize("errors_too", [False, True])
def test_an_output_that_is_full_is_one_line(arguments, errors_too):
    with open("/dev/full", "wb") as full:
        errors = full if errors_too else subprocess.PIPE
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=errors, env=environment(), check=False)
    said = b"error: what is printed cannot be written (No space left on device)\n"
    assert (done.returncode, done.stderr) == (2, None if errors_too else said)


@pytest.mark.parametrize("late", [False, True])
def test_an_experiment_says_whether_results_were_written(tmp_path, capsys, late):
    target = tmp_path / "results"
    target.mkdir()

    def interrupted():
        with shared.whole_folder(target) as folder:
            (folder / "new").touch()
            if not late:
                raise KeyboardInterrupt
        raise KeyboardInterrupt

    assert shared.guarded(interrupted, target) == 2
    line = f"interrupted after all results were written to {target}" if late else "interrupted; no results were written"
    assert capsys.readouterr().err == line + "\n"
    assert os.listdir(target) == (["new"] if late else [])
    assert os.listdir(tmp_path) == ["results"]


def test_an_experiment_that_fails_leaves_no_folder_that_it_made(tmp_path):
    with pytest.raises(ZeroDivisionError), shared.whole_folder(tmp_path / "made" / "deep" / "results"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_an_experiments_results_on_a_full_disk_are_told_under_their_own_name(tmp_path, capsys):
    import healthreform as hr

    def full():
        with shared.whole_folder(tmp_path / "results") as folder:
            raise hr.OutputError(f"{folder / 'runs.nc'}: it cannot be written (No space left on device)")

    assert shared.guarded(full, tmp_path / "results") == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'results' / 'runs.nc'}: it cannot be written (No space left on device)\n"
    )
