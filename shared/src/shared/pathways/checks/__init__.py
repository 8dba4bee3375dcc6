"""What can be proved of a definition by reading it, a subject a file."""
