"""A program of the examples or of the page, run as a user runs it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

LIMIT = 60
"""Seconds after which a program counts as hung."""


class Programs:
    """Runs programs, and knows what they left in /dev/shm.

    Python's `print` writes a line by one call, unless the output is unbuffered: then lines of processes mix.
    """

    def run(self, *command: str, cwd: Path | None = None, unbuffered: bool = False) -> list[str]:
        """The lines of its output. Fails if the program fails, hangs, complains or leaves a segment."""
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", *command],
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1" if unbuffered else ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=LIMIT)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            left = segments(process.pid)
            for name in left:
                os.unlink(f"/dev/shm/{name}")
        assert process.returncode == 0, f"exit status {process.returncode}\n{output}\n{errors}"
        assert not errors, errors
        assert not left, f"left behind: {left}"
        return output.splitlines()


def segments(pid: int) -> list[str]:
    """What is in /dev/shm and has this process id at the end of its channel's name."""
    name = re.compile(rf"-{pid}(\D|$)")
    return [path.name for path in Path("/dev/shm").iterdir() if name.search(path.name)]
