"""Networks as small as those of the tests are fastest on one thread, and repeat to the last bit."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it when it is imported; processes that the tests start inherit it
