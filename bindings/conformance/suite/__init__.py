"""The runner of the conformance suite: agents, checks, and the table of what passed."""
