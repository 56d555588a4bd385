"""Stops, drains, resignations, restarts, and the ways back."""
