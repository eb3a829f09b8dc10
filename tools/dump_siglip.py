# Writes what transformers' SigLIP computes, module by module, for `siglip parity diff`: with the inputs, in one
# .safetensors file if OUT ends so, else in a folder with a manifest that keeps the order.
# Needs torch and transformers (safetensors comes with it), and nothing else of this repository.
#
#   python dump_siglip.py MODEL OUT --inputs IN.safetensors [--dtype float64] [--class SiglipModel]
import argparse
import hashlib
import json
import pathlib

import torch
import transformers
from safetensors.torch import load_file, save_file


def fields(output, prefix=""):
    """Tensors of an output by field name, those of tuples and of sub-outputs behind a dot."""
    for name, value in output.items():
        if isinstance(value, torch.Tensor):
            yield prefix + name, value
        elif hasattr(value, "items"):
            yield from fields(value, f"{prefix}{name}.")
        elif isinstance(value, (tuple, list)):
            for i, x in enumerate(value):
                if isinstance(x, torch.Tensor):
                    yield f"{prefix}{name}.{i}", x


def first_tensor(output):
    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, (tuple, list)):
        return first_tensor(output[0]) if output else None
    return first_tensor(output.to_tuple()) if hasattr(output, "to_tuple") else None


def hear(model, taps):
    """Hooks that note what every module below the model gives, in the order in which they finish."""
    for path, module in model.named_modules():
        if not path:
            continue

        def hook(module, args, output, path=path):
            x = first_tensor(output)
            if x is not None:
                taps[path] = x

        module.register_forward_hook(hook)


def hashed(x):
    """Of an input as float64: the same whatever dtype it was stored in."""
    return hashlib.sha256(x.double().contiguous().numpy().tobytes()).hexdigest()


def write(out, inputs, taps, args):
    producer = f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"
    about = {"producer": producer, "model": args.model, "dtype": args.dtype}
    # A copy of each: the same tensor may have several names, and safetensors refuses shared memory.
    tensors = {k: x.detach().cpu().contiguous().clone() for k, x in taps.items()}
    if out.suffix == ".safetensors":
        save_file(tensors, out, metadata=about)
        return
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / "taps.safetensors")
    hashes = {k: hashed(x) for k, x in inputs.items()}
    manifest = {"schema": 1, **about, "inputs": hashes, "taps": list(taps)}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", help="folder or hub id")
    parser.add_argument("out", help="folder or .safetensors file to write")
    parser.add_argument("--inputs", required=True, help=".safetensors of tensors named as forward's arguments")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64", "float16", "bfloat16"])
    parser.add_argument("--class", dest="name", default="SiglipModel")
    args = parser.parse_args()

    dtype = getattr(torch, args.dtype)
    model = getattr(transformers, args.name).from_pretrained(args.model, torch_dtype=dtype).eval()
    inputs = load_file(args.inputs)
    given = {k: x.to(dtype) if x.is_floating_point() else x for k, x in inputs.items()}
    taps = dict(inputs)
    hear(model, taps)
    with torch.no_grad():
        output = model(**given, output_hidden_states=True, return_dict=True)
    taps.update(fields(output))

    write(pathlib.Path(args.out), inputs, taps, args)


if __name__ == "__main__":
    main()
