"""The peers need not be installed: the tests measure `multiprocessing.Pipe` alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
collect_ignore_glob = ["peers/*", "__main__.py"]
