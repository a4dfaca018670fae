"""What another policy would have decided, asked by HTTP: folded in a process of its own."""
