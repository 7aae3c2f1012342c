"""Writes the graphs that inference runs, from the weights alone and mostly with ONNX's standard operators."""
