"""Run routers under observation, break things, and measure what happened."""
