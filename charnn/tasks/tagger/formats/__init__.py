"""The formats of tagged text: read as they come, and written without losing a byte."""
