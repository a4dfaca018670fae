"""Writes that may be asked for twice: the header ``Idempotency-Key``, by the log."""
