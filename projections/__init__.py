"""What the log says, as rows: the projector writes them, the queries read them."""
