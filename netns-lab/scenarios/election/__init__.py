"""Who becomes master, and when."""
