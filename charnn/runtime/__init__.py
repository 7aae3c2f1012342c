"""Runs graphs with ONNX Runtime, on numpy arrays and without PyTorch."""

import os

# From 1.29 on ONNX Runtime tells its makers on every system which models are run, unless this is set when it is first
# imported. charnn does without a network. Who wants that all the same sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
