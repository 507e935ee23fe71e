"""Published protocols as one command: generated tables, modes of points, modes of Stacked-MNIST.

    python benchmarks/published.py tables --train adult_train.csv.gz --test adult_test.csv.gz \\
        --target income --out published
    python benchmarks/published.py points --out points --trials 10 --networks preset published
    python benchmarks/published.py pictures --mnist mnist --out pictures --trials 3 --pack 1 2 4

Each sub-command says in its `--help` what is taken of which paper, and what is assumed. Running the
same command again goes on where it stopped.
"""

import argparse

import published_pictures
import published_points
import published_tables


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for protocol in (published_tables, published_points, published_pictures):
        protocol.add_to(commands)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
