"""Windows of metrics as they are kept: blocks of agents, added up when their hour is over."""
