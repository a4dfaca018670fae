"""Questions to the projections, a file a noun: plain functions that return typed rows.

Every function takes a `sqlalchemy.Connection` (``with engine.connect() as connection``) and the
tenant that asks; lists answer with a `Page` and an opaque cursor.
"""
