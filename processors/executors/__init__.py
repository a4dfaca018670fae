"""What acts: the node of one host, its services, and the executors of its actions."""
