"""``python -m pyvrrp`` is the command ``pyvrrp``."""

import sys

from pyvrrp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
