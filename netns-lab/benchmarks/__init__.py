"""What `lab bench` measures: a module for each kind of fault, both implementations in one run."""
