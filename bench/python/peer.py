"""The Python side of the rows on pictures and tokens: does one piece of work a line, and says how long it took.

Started by python.mjs. Needs Pillow and sentencepiece.
"""

import io
import json
import sys
import time

import PIL.Image
import sentencepiece


def photo(source, width, height):
    """Another picture as a JPEG of this size and quality 90, in hexadecimal."""
    out = io.BytesIO()
    PIL.Image.open(source).convert("RGB").resize((width, height), PIL.Image.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue().hex()


state = {}


def prepare(picture, model, texts):
    with open(picture, "rb") as file:
        state["bytes"] = file.read()
    state["image"] = PIL.Image.open(io.BytesIO(state["bytes"])).convert("RGB")
    state["sp"] = sentencepiece.SentencePieceProcessor(model_file=model)
    state["texts"] = texts
    return {name: f"{name} {m.__version__}" for name, m in (("Pillow", PIL), ("sentencepiece", sentencepiece))}


WORK = {
    "decode": lambda: PIL.Image.open(io.BytesIO(state["bytes"])).convert("RGB"),
    "resize": lambda: state["image"].resize((224, 224), PIL.Image.BICUBIC),
    "tokenize": lambda: state["sp"].encode(state["texts"], num_threads=1),  # as ours; the default is all cores
}


def answer(request):
    if request["do"] == "photo":
        return photo(*request["with"])
    if request["do"] == "prepare":
        return prepare(*request["with"])
    began = time.perf_counter()
    WORK[request["do"]]()
    return (time.perf_counter() - began) * 1000


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
