"""Conversations of AI agents: what leaks, what is said again, and how good the answers are."""
