"""Whole models, whatever their task: the catalog of those in a folder, the report on one, and pictures of them."""
