"""The participants, each in its own file; `all.py` has the list."""
