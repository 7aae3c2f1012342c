"""Lets several processes train one model together."""
