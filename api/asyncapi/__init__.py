"""The AsyncAPI 3 document: every topic, every message, its schema, and who writes and reads it."""
