"""Runs graphs with ONNX Runtime, on numpy arrays and without PyTorch."""
