"""Surveillance: from heartbeats to presence, windows, findings and health."""
