"""The task of language models, which learn a text character by character, write more of it and score other texts."""
