"""OpenTelemetry traces of what follows from what, across topics and processes; off by default."""
