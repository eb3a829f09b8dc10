"""ONNX exports of the benchmark's checkpoint, for the runtimes that it is compared with. Not part of the library.

    python bench/make/export_onnx.py bench/.cache/base     (npm run bench makes that folder first)

Needs torch 2.13, transformers 4.49, onnx 1.23, onnxruntime 1.32, tokenizers 0.21, sentencepiece 0.2. Writes into
FOLDER/onnx vision_model.onnx, text_model.onnx, encoder_layer.onnx, model.onnx (both towers, as transformers.js wants it)
and vision_model_quantized.onnx (weights of 8 bits), and FOLDER/tokenizer.json. Takes two minutes and 4 GB.
"""

import json
import pathlib
import sys

import sentencepiece
import tokenizers
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

folder = pathlib.Path(sys.argv[1])
out = folder / "onnx"
out.mkdir(exist_ok=True)


class Named(torch.nn.Module):
    """A model whose inputs are positional and whose outputs are the named fields, as the exporter wants them."""

    def __init__(self, model, inputs, outputs):
        super().__init__()
        self.model, self.inputs, self.outputs = model, inputs, outputs

    def forward(self, *tensors):
        y = self.model(**dict(zip(self.inputs, tensors)))
        return tuple(y[name] for name in self.outputs)


def export(module, name, inputs, outputs, dynamic=True):
    """`inputs`: name -> tensor, all of whose first axes are batches."""
    path = out / name
    with torch.no_grad():
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes={key: {0: f"{key}_batch"} for key in inputs} if dynamic else None,
            opset_version=17,
            dynamo=False,
        )
    print(path, path.stat().st_size)


def export_models():
    model = transformers.SiglipModel.from_pretrained(folder, attn_implementation="eager").eval()
    pixels = {"pixel_values": torch.zeros(1, 3, 224, 224)}
    ids = {"input_ids": torch.ones(3, 64, dtype=torch.long)}
    for part, name, inputs, outputs in [
        (model.vision_model, "vision_model.onnx", pixels, ["pooler_output"]),
        (model.text_model, "text_model.onnx", ids, ["pooler_output"]),
        (model, "model.onnx", ids | pixels, ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"]),
    ]:
        export(Named(part, list(inputs), outputs), name, inputs, outputs)
    layer = model.vision_model.encoder.layers[0]
    hidden = {"hidden_states": torch.zeros(1, 196, 768)}
    export(Layer(layer), "encoder_layer.onnx", hidden, ["y"], dynamic=False)


def quantize():
    """8 bits for the weights of products, and for activations at run time: what transformers.js calls q8."""
    to = out / "vision_model_quantized.onnx"
    quantize_dynamic(out / "vision_model.onnx", to, weight_type=QuantType.QUInt8, op_types_to_quantize=["MatMul"])
    print(to, to.stat().st_size)


class Layer(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, None)[0]


def export_tokenizer():
    """The fast tokenizer that transformers 4.49 has no class for: SiglipTokenizer's steps in order."""
    sp = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((folder / "spiece.model").read_bytes())
    t = tokenizers.Tokenizer(Unigram([(p.piece, p.score) for p in proto.pieces], sp.unk_id()))
    t.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
            normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap),
        ]
    )
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", sp.eos_id())])
    t.add_special_tokens([AddedToken("</s>"), AddedToken("<unk>")])
    t.save(str(folder / "tokenizer.json"))
    print(folder / "tokenizer.json", json.dumps(t.encode("This is a photo of a cat.").tokens))


export_tokenizer()
export_models()
quantize()
