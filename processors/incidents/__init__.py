"""Findings become incidents, the likeliest root first. Pure.

How good the ranking is, and on what its weights were chosen, stands in `ranking`.
"""
