"""Reads sentences with a language model of characters that learns no more, for a task that learns something else.

What it gives of each word is the model's state at the word's boundary (Akbik, Blythe and Vollgraf 2018), which depends
on the sentence up to there. A reader is a part of the model that uses it, and lies in that model's directory.
"""
