"""The health of an agent, as a level and a score."""
