"""Folds of the recorded log: to build the views anew, and to check what was decided."""
