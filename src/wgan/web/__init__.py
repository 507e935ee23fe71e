"""Parts that servers share: a gate, a port, and errors that are answered in one line."""
