"""The machine and the versions, as they are found; and what other programs take of it meanwhile."""

import os
import platform
import resource
import time
from importlib.metadata import version
from pathlib import Path

BUSY = 0.15
"""A measurement during which other programs took a larger part of the processor time is made again."""

LOOK = 0.05
"""Seconds of a look at whether other programs run."""

LOOKS = 4
"""Looks before a measurement."""

TRIES = 3
"""Measurements, of which the quietest counts."""


def machine() -> str:
    """Processor, cores and kernel."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}"


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def versions(peers) -> str:
    packages = sorted({peer.package for peer in peers if peer.package} | {"numpy"}, key=str.lower)
    found = [f"Python {platform.python_version()}"] + [f"{package} {version(package)}" for package in packages]
    return ", ".join(found)


def leftovers(token: str) -> list[str]:
    """What is left in the places where the participants put things, by its name's beginning or by iceoryx2's."""
    places = [Path("/dev/shm"), Path("/dev/mqueue"), Path("/tmp")]
    paths = [path for place in places if place.is_dir() for path in place.iterdir()]
    return sorted(str(path) for path in paths if token in path.name or path.name.startswith("iox2_"))


class Others:
    """The part of the processor time that other programs have taken since this was made, of 1."""

    def __init__(self):
        self.began, self.used, self.own = time.monotonic(), used(), own()

    def part(self) -> float:
        whole = (time.monotonic() - self.began) * (os.cpu_count() or 1)
        return max(0.0, (used() - self.used) - (own() - self.own)) / whole


def used() -> float:
    """Processor seconds of all programs: all columns of /proc/stat but those of idle cores."""
    user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def own() -> float:
    """Processor seconds of this program and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Patience:
    """Time to wait for moments at which no other program runs, and to measure again: so many seconds in all."""

    def __init__(self, seconds: float):
        self.left = seconds

    def wait(self) -> None:
        for _ in range(LOOKS):
            if self.left <= 0:
                return
            others = Others()
            time.sleep(LOOK)
            self.left -= LOOK
            if others.part() < BUSY:
                return
