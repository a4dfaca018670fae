"""Limits beyond one target: grants, queues or refuses what was proposed, and registrations."""
