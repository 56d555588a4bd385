"""Run the command ``pyvrrp`` as ``python -m pyvrrp``."""

import sys

from pyvrrp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
