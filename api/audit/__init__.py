"""Who did what, and who was not let: chains of records on the log that show what was changed."""
