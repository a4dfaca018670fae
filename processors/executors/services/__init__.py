"""Declared services: started, watched, adopted, stopped."""
