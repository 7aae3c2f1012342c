"""The model directory: the only bridge between training a model and using it.

A directory is named files, in and out. What they mean to a task is that task's business (`tasks/*/directory.py`):

config.json          what the model is and how it came to be
weights.safetensors  the best weights, fp32
model.onnx           what inference runs; a task may have further graphs, and others in int8
history.jsonl        one line a validation
training/            what resuming needs; everything else works without it
"""
