"""The lifecycle of an agent: its states, and which transitions are legal."""
