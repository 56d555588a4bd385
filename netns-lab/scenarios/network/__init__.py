"""Cables, switches and filters between the nodes, and other routers on the segment."""
