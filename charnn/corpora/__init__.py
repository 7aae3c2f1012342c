"""Reads files and streams as documents and lines, without losing a byte. Nothing here belongs to one task."""
