"""Which scaled grids of real videos are cut right, refused, or cut wrong.

    PYTHONPATH=tests python tests/benchmarks/scaled_grids.py ../shared/data --number 512

Makes grids of 4 x 4 to 10 x 10 tiles, square and not, with padding 0 to 4 in black, white and grey, scaled by 0.4 to
1.2 with five filters, and finds them again; with ``--declared`` their rows and columns are told. Prints every case that
is not right and the counts that docs/baselines.md quotes.
"""

import argparse
from collections import Counter
from pathlib import Path

from support.scaled_grids import cases, real_tiles, verdict


def main() -> None:
    """Runs the sweep."""
    parser = argparse.ArgumentParser(description="Scaled grids of real videos, found again.")
    parser.add_argument("data", type=Path, help="the folder of reference clips")
    parser.add_argument("--number", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--declared", action="store_true", help="tell rows and columns")
    options = parser.parse_args()
    pools = real_tiles(options.data)
    counts: Counter[str] = Counter()
    for case in cases(options.number, options.seed, pools):
        result = verdict(case, pools[case.tiles], is_declared=options.declared)
        counts[result if result in ("right", "refused") else "wrong"] += 1
        if result != "right":
            print(case, result, flush=True)
    print(", ".join(f"{counts[key]} {key}" for key in ("right", "refused", "wrong")), f"of {options.number}")


if __name__ == "__main__":
    main()
