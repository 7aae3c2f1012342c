"""Runs the command line as `python -m charnn`."""

from charnn.cli.start import start

start()
