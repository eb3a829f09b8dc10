"""What Pillow makes of files: their paths come on stdin, a line each; a line of JSON goes to stdout for each, in their order."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "fixtures/make"))
from image_bundle import judge  # noqa: E402

for line in sys.stdin:
    print(json.dumps(judge(pathlib.Path(line[:-1]).read_bytes())))
