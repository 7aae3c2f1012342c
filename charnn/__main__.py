"""`python -m charnn`."""

from charnn.cli.main import main

main()
