"""Fills a folder with the files that `sources.txt` pins, out of clones (bare ones will do) of their sources.

    python tests/suites/fill.py folder libpg_query=/clones/libpg_query pgvector=/clones/pgvector …

Each file is read at its pinned commit and compared with its pinned hash; what has no clone is named and left out.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    folder, clones = Path(sys.argv[1]), dict(argument.split("=", 1) for argument in sys.argv[2:])
    commits, left, filled = {}, set(), 0
    for line in (HERE / "sources.txt").read_text().splitlines():
        words = line.split()
        if words[:1] == ["source"]:
            commits[words[1]] = words[3]
        elif words[:1] == ["file"]:
            name, path, source, sha256 = words[1:5]
            source, _, inside = source.partition(":")
            if source not in clones:
                left.add(source)
                continue
            shown = subprocess.run(["git", f"--git-dir={clones[source]}", "show", f"{commits[source]}:{inside}"], capture_output=True)
            if shown.returncode or hashlib.sha256(shown.stdout).hexdigest() != sha256:
                print(f"fill: {source}:{inside} is not there, or is not the pinned one: {name} is left out", file=sys.stderr)
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(shown.stdout)
            filled += 1
    for source in sorted(left):
        print(f"fill: no clone of {source} was given: its files are left out", file=sys.stderr)
    print(f"{filled} files filled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
