"""What can go wrong, and what must be seen then: one module each, by subject."""
