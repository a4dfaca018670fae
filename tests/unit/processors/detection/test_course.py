"""How metrics go, for values at the end of what a number can be."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from processors.detection.course import COURSE_MEMORY, follow

MINUTE = np.array([60.0])
ROW = np.array([0])


def test_what_is_huge_is_followed_without_losing_the_thread() -> None:
    blank = {name: np.array([first], kind) for name, (kind, first) in COURSE_MEMORY.items()}
    memory = SimpleNamespace(expected=np.zeros(1), **blank)
    for value in (5.0, 1e149, -1e149, 1e149, 5.0):
        level = np.array([value])
        course = follow(memory, ROW, level, level, level, MINUTE)
        assert np.isfinite(course.level).all()
        for name in COURSE_MEMORY:
            assert np.isfinite(getattr(memory, name)).all(), (name, value)
