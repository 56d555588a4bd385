"""What many virtual routers cost: processor time, memory, how late the last takeover is."""
