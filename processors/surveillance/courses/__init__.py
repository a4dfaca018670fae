"""What only a window shows: metrics that stand still, climb, moved for good, or are missing."""
