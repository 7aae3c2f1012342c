"""Files and streams to documents and lines, without losing a byte; nothing here belongs to one task."""
