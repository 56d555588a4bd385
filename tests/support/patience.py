"""How long a test waits for a state of a real program or kernel.

A test says what must become so, not when: how long that takes is a matter of the machine. The
patience is only there so that a test that fails ends.
"""

PATIENCE = 60.0  # seconds; far more than a loaded machine needs
