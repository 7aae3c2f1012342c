"""The forecaster: what comes next in series of numbers, with intervals."""
