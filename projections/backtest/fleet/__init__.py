"""The real surveillance step on a synthetic fleet whose faults are known."""
