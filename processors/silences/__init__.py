"""What people silence: whom a silence is about, when it is in force, and which are known; pure."""
