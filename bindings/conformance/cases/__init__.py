"""The table of cases. To import this is to fill it."""

from . import calls, corrupt, deaths, endings, events, forks, kills, late, meeting, streams, types

__all__ = ["calls", "corrupt", "deaths", "endings", "events", "forks", "kills", "late", "meeting", "streams", "types"]
