"""The streaming detector: pure, online, and the same for a live log and for a file."""
