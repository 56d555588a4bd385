"""``python -m tests.fuzz TARGET --seconds N --seed S``: search one target for bad inputs."""

import argparse
import secrets
import sys
from pathlib import Path

from tests.fuzz.engine import MOST_GROWTH, fuzz, save_entries
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

_MIB = 1024 * 1024


def main() -> int:
    """Fuzz; return 0 if nothing was found and 1 if something was."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=60.0, help="for each target (default: 60)")
    length.add_argument("--executions", type=int, default=0, help="for each target, instead")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one")
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), metavar="DIRECTORY")
    args = parser.parse_args()
    seed = secrets.randbelow(2**32) if args.seed is None else args.seed
    names = list(TARGETS) if args.target == "all" else [args.target]
    return max(_run(name, seed, args) for name in names)


def _run(name: str, seed: int, args: argparse.Namespace) -> int:
    target = TARGETS[name]
    length = {"executions": args.executions} if args.executions else {"seconds": args.seconds}
    outcome = fuzz(target, seed, **length)
    kept = save_entries(target, outcome.entries, CORPUS) if args.keep else 0
    print(
        f"{name}: seed {seed}, {outcome.executions} executions, {outcome.lines} lines, "
        f"{len(outcome.entries)} new corpus entries ({kept} kept), "
        f"memory {outcome.growth / _MIB:+.1f} MiB",
        flush=True,
    )
    for failure in outcome.failures:
        print(f"{failure.what}input: {failure.octets[:200]!r}")
        print(f"saved as {failure.save(args.failures, name)}", flush=True)
    if outcome.growth > MOST_GROWTH:
        print(f"{name}: the memory grew by more than {MOST_GROWTH // _MIB} MiB")
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
