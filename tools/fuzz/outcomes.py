"""What Pillow makes of every file of a folder: a line each, "name mode-size-sha256" or "name error".

    python tools/fuzz/outcomes.py FOLDER [--pad] > pillow.txt
    node tools/fuzz/outcomes.mjs FOLDER [--pad] > ours.txt        the same by this package

Errors are compared as such: which one a file gets that is wrong in several ways is not promised.
"""

import argparse
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[2] / "fixtures/make"))
from image_bundle import judge  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--pad", action="store_true")
args = parser.parse_args()
for path in sorted(args.folder.iterdir()):
    row = judge(path.read_bytes(), args.pad)
    picture = "{mode}-{width}x{height}-{sha256:.32}"
    print(path.name, "error" if "error" in row else picture.format(**row))
