"""The detector tried on what was recorded: in files, or in the log."""
