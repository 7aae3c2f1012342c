"""Runs the command line as `python -m charnn`."""

from charnn.cli.main import main

main()
