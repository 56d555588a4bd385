"""What happened in an experiment, when, and whether it is as it must be."""
