"""The recorded log under another policy: what would have been decided otherwise."""
