"""Root cause tried on labelled incidents: whom correlation would name first, and who it was."""
