"""Pictures: what a run and its model look like. They are drawn from plain numbers, by matplotlib.

canvas.py has what all share: PNG or SVG, light or dark, and colours that the colour-blind can tell apart.
"""
