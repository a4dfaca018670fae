"""A synthetic fleet with injected faults whose truth is known."""
