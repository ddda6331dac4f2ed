"""Parts of the Python agent."""
