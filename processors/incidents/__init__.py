"""Findings become incidents, root cause first. Pure."""
