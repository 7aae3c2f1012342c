"""The tasks that charnn knows, each in a folder of its own.

To add one is a folder here, a line in `charnn.tasks.table`, and a command file for what its models are used for.
"""
