"""The wire: topics, telemetry, events and commands, their versions, and how they are trusted."""
