"""The agents' commands. A language whose agent was not built is left out, which is said and counted."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("rust", "python", "c")


def _command(language: str) -> list[str]:
    match language:
        case "rust":
            return [os.environ.get("ACKCAST_AGENT_RUST", "")]
        case "c":
            return [os.environ.get("ACKCAST_AGENT_C", "")]
        case _:
            return [os.environ.get("ACKCAST_AGENT_PYTHON", sys.executable), str(ROOT / "agents" / "agent.py")]


def command(language: str) -> list[str]:
    """What starts the agent of this language."""
    return _command(language)


def missing(language: str) -> str | None:
    """Why there is no agent of this language; ``None`` if there is one."""
    if reason := os.environ.get(f"ACKCAST_AGENT_{language.upper()}_MISSING"):
        return reason
    program = Path(_command(language)[0])
    return None if program.is_file() else f"its agent was not built ({program or 'no path is set'}): use ./run"
