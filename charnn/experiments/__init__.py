"""Several runs on the same data: one for each cell, or one without each part of the data."""
