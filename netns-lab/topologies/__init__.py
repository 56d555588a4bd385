"""What can be built: one module each, with a `build` function; the directory is the registry."""
