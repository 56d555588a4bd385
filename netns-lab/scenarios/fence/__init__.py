"""The service behind the address fails."""
