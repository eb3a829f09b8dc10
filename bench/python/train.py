"""PyTorch's side of the row on training: one step a line, and says how long it took and the loss before it.

Started by python.mjs. Needs torch and transformers.
"""

import json
import sys
import time

import torch
from transformers import SiglipModel

state = {}


def prepare(folder, B, threads):
    torch.set_num_threads(threads)
    model = SiglipModel.from_pretrained(folder, torch_dtype=torch.float32).train()
    v, t = model.config.vision_config, model.config.text_config
    shape = (B, v.num_channels, v.image_size, v.image_size)
    pixels = torch.sin(torch.arange(torch.Size(shape).numel(), dtype=torch.float64)).float().reshape(shape)
    T = t.max_position_embeddings
    ids = ((torch.arange(B * T) * 37) % t.vocab_size).reshape(B, T)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)
    state.update(model=model, optimizer=optimizer, inputs=dict(pixel_values=pixels, input_ids=ids))
    return f"torch {torch.__version__}"


def step():
    began = time.perf_counter()
    state["optimizer"].zero_grad()
    loss = state["model"](**state["inputs"], return_loss=True).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state["model"].parameters(), 1.0)
    state["optimizer"].step()
    return {"loss": loss.item(), "time": (time.perf_counter() - began) * 1000}


for line in sys.stdin:
    request = json.loads(line)
    answer = prepare(*request["with"]) if request["do"] == "prepare" else step()
    print(json.dumps(answer), flush=True)
