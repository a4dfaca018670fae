"""What people and programs talk to: HTTP and the command line."""
