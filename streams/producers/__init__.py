"""What writes into the log: sensors, probes, the ticker, and policies."""
