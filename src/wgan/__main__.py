"""`python -m wgan` and the script `wgan` start here."""

import sys


def run() -> None:
    """Run the command line and leave with its exit code."""
    from wgan.cli import main

    sys.exit(main())


if __name__ == "__main__":
    run()
