"""What decides (pure steps), what runs them (runtime) and what acts (executors)."""
