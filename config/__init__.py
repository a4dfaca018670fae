"""Settings of a process, and the typed policy that decisions are handed."""
