"""Running graphs without PyTorch: ONNX Runtime underneath, numpy in, numpy out."""
