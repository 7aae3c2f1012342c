"""The model directory: the only bridge between training a model and using it.

This package reads and writes files by name. Each task says what its files mean (`tasks/*/directory.py`):

config.json          what the model is and how it came to be
weights.safetensors  the best weights, fp32
history.jsonl        one line for each validation
training/            the state that resuming needs; everything else works without it
"""
