"""Writing the graphs that inference runs, with ONNX's standard operators and from the weights alone."""
