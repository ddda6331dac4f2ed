"""The examples print what the exercise prints: whole lines, each of them, in each consumer's order."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from strings import WORDS
from support import segments

HERE = Path(__file__).parent
METHODS = ["spawn", "forkserver", "fork"]


def check_strings(lines: list[str], consumers: int) -> None:
    """After each word that was written, each consumer reads it before the next one is written."""
    names = ["Consumer"] if consumers == 1 else [f"Consumer {number}" for number in range(1, consumers + 1)]
    assert lines.pop() == "All processes finished."
    for word in WORDS:
        wrote, reads, lines = lines[0], sorted(lines[1 : consumers + 1]), lines[consumers + 1 :]
        assert wrote == f"Producer wrote: {word}"
        assert reads == sorted(f"{name} read: {word}" for name in names)
    assert not lines


def check_integers(lines: list[str], consumers: int) -> None:
    """Each consumer reads the whole array after each update, and then exits."""
    assert lines.pop() == "All processes finished."
    exits, lines = sorted(lines[-consumers:]), lines[:-consumers]
    assert exits == [f"Consumer {number} exiting." for number in range(1, consumers + 1)]
    array = [0] * 5
    for turn in range(10):
        wrote, reads, lines = lines[0], sorted(lines[1 : consumers + 1]), lines[consumers + 1 :]
        found = re.fullmatch(rf"Producer wrote: (\d+) at index {turn % 5}", wrote)
        assert found, wrote
        array[turn % 5] = int(found[1])
        assert 1 <= array[turn % 5] <= 100
        assert reads == [f"Consumer {number} read: {array}" for number in range(1, consumers + 1)]
    assert not lines


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("consumers", [1, 2, 5])
def test_strings_reach_each_consumer(programs, consumers, method):
    check_strings(programs.run(str(HERE / "strings.py"), str(consumers), method), consumers)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("consumers", [1, 2, 5])
def test_array_reaches_each_consumer(programs, consumers, method):
    check_integers(programs.run(str(HERE / "integers.py"), str(consumers), method), consumers)


def test_lines_are_whole_if_output_is_unbuffered(programs):
    check_strings(programs.run(str(HERE / "strings.py"), "5", "fork", unbuffered=True), 5)
    check_integers(programs.run(str(HERE / "integers.py"), "5", "fork", unbuffered=True), 5)


def test_killed_consumer_stops_nobody(tmp_path):
    """The second of three consumers dies with a word in its hands. The others read everything."""
    program = tmp_path / "killing.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import os, strings, ackcast\n"
        "def consume(channel, name, consume=strings.consume):\n"
        "    if name != 'Consumer 2':\n"
        "        return consume(channel, name)\n"
        "    with ackcast.Consumer(channel).borrow():\n"
        "        os.kill(os.getpid(), 9)\n"
        "strings.consume = consume\n"
        "strings.main(3, 'fork')\n"
    )
    result = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "a process failed" in result.stderr, result
    lines = result.stdout.splitlines()
    for name in ("Consumer 1", "Consumer 3"):
        assert [line for line in lines if line.startswith(name)] == [f"{name} read: {word}" for word in WORDS]


def test_exercise_runs_without_arguments(programs):
    check_strings(programs.run(str(HERE / "strings.py")), 1)
    check_integers(programs.run(str(HERE / "integers.py")), 2)


@pytest.mark.parametrize("program", ["strings.py", "integers.py"])
def test_program_of_the_exercise_is_short(program):
    lines = (HERE / program).read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(('"""', "import ", "from "))]
    assert len(code) <= 36, len(code)


@pytest.mark.parametrize("method", METHODS)
def test_frames_reach_three_readers(programs, method):
    pytest.importorskip("numpy")
    lines = programs.run(str(HERE / "frames.py"), method)
    assert sorted(lines) == [f"Reader {reader}: 24 frames of 2048 x 4096 bytes, none torn" for reader in (1, 2, 3)]


@pytest.mark.parametrize("method", METHODS)
def test_tasks_follow_two_channels(programs, method):
    lines = programs.run(str(HERE / "tasks.py"), method)
    assert [line for line in lines if line.startswith("heat")] == [f"heat: {n}" for n in range(20, 25)] + [
        "heat: the end"
    ]
    light = [f"light: {number}" for number in range(700, 705)] + ["light: the end"]
    assert [line for line in lines if line.startswith("light")] == light
    assert len(lines) == 12


def test_interrupted_program_leaves_nothing(tmp_path):
    """Ctrl-C in the middle of the stream: a consumer that never comes keeps the producer waiting."""
    program = tmp_path / "waiting.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import os, strings, ackcast\n"
        "name = f'strings-{os.getpid()}'\n"
        "with ackcast.Channel.create(name, consumers=2):\n"
        "    print('ready', flush=True)\n"
        "    strings.produce(name)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(2)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert "KeyboardInterrupt" in errors
    assert not segments(process.pid)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:3] + lines[4:],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [line.replace("shared", "sha\nred") for line in lines],
        lambda lines: [*lines[:2], lines[1], *lines[2:]],
        lambda lines: lines[:-1],
    ],
    ids=["lost", "swapped", "torn", "doubled", "unfinished"],
)
def test_wrong_output_is_noticed(spoil):
    right = [line for word in WORDS for line in (f"Producer wrote: {word}", f"Consumer read: {word}")]
    check_strings([*right, "All processes finished."], 1)
    with pytest.raises(AssertionError):
        check_strings(spoil([*right, "All processes finished."]), 1)


def test_left_segment_is_noticed(programs, tmp_path):
    program = tmp_path / "leaves.py"
    program.write_text("import os; open(f'/dev/shm/left-{os.getpid()}.ackcast', 'w').close()\n")
    with pytest.raises(AssertionError, match="left behind"):
        programs.run(str(program))
    assert not list(Path("/dev/shm").glob("left-*.ackcast"))


def test_hanging_program_is_ended(programs, tmp_path, monkeypatch):
    monkeypatch.setattr("support.LIMIT", 2)
    program = tmp_path / "hangs.py"
    program.write_text(
        "import os, ackcast\n"
        "with ackcast.Channel.create(f'hangs-{os.getpid()}') as channel:\n"
        "    ackcast.Consumer(channel.name).recv()\n"
    )
    with pytest.raises(subprocess.TimeoutExpired):
        programs.run(str(program))
    assert not list(Path("/dev/shm").glob("ackcast.hangs-*"))
