# Writes what big_vision's SigLIP computes, layer by layer, for `siglip parity diff --map big_vision`: one .npz with the
# inputs and every entry of the `out` dictionary that its models return, nested names joined by "/".
# Needs jax, flax, numpy and big_vision on the path, and nothing else of this repository. Everything about the model is
# read from the shapes in the checkpoint.
#
#   python dump_big_vision.py CHECKPOINT.npz OUT.npz --inputs IN.npz [--dtype float64]
#
# IN.npz has pixel_values [B, 3, H, W] and input_ids [B, T], as `siglip parity dump PICTURE --text TEXT --out IN.npz`
# writes them. Tested against models with big_vision's names, signatures and parameters, built from flax's own layers
# (fixtures/make/big_vision.py); not yet against big_vision itself or a published checkpoint.
import argparse
import importlib

import jax
import numpy as np

MODEL = "big_vision.models.proj.image_text.two_towers"


def nested(arrays):
    """The tree of parameters; a checkpoint names them params/img/Transformer/encoder_norm/scale."""
    tree = {}
    for name, x in arrays.items():
        *path, last = name.removeprefix("params/").split("/")
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        at[last] = x
    return tree


def encoder(blocks):
    """The settings of an encoder, from its parameters."""
    first = blocks["encoderblock_0"]
    width, heads, _ = first["MultiHeadDotProductAttention_0"]["query"]["kernel"].shape
    return {
        "width": width,
        "num_heads": heads,
        "depth": sum(name.startswith("encoderblock_") for name in blocks),
        "mlp_dim": first["MlpBlock_0"]["Dense_0"]["kernel"].shape[1],
    }


def settings(p):
    image = encoder(p["img"]["Transformer"])
    image.update(patch_size=p["img"]["embedding"]["kernel"].shape[:2], pool_type="map")
    text = encoder(p["txt"]["Encoder_0"])
    text.update(vocab_size=p["txt"]["Embed_0"]["embedding"].shape[0])
    width = p["txt"]["head"]["kernel"].shape[1]
    # A model without bias_init has no b; the values given here are not used, the checkpoint's are.
    return {"image": image, "text": text, "out_dim": (None, width), "bias_init": -10.0 if "b" in p else None}


def flat(tree, prefix=""):
    for name, x in tree.items():
        if hasattr(x, "items"):
            yield from flat(x, f"{prefix}{name}/")
        else:
            yield prefix + name, np.asarray(x)


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", help=".npz of big_vision")
    parser.add_argument("out", help=".npz to write")
    parser.add_argument("--inputs", required=True, help=".npz with pixel_values and input_ids")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    args = parser.parse_args(argv)

    jax.config.update("jax_enable_x64", args.dtype == "float64")
    jax.config.update("jax_default_matmul_precision", "highest")
    params = nested(np.load(args.checkpoint))
    model = importlib.import_module(MODEL).Model(**settings(params))
    params = jax.tree.map(lambda x: x.astype(args.dtype), params)
    given = {k: x for k, x in np.load(args.inputs).items() if k in ("pixel_values", "input_ids")}
    image = given["pixel_values"].transpose(0, 2, 3, 1).astype(args.dtype)
    zimg, ztxt, out = model.apply({"params": params}, image, given["input_ids"].astype(np.int32))

    taps = {**given, **dict(flat(out))}
    taps["logits_per_image"] = np.asarray(zimg @ ztxt.T * out["t"] + out.get("b", 0))
    np.savez(args.out, **taps)


if __name__ == "__main__":
    main()
