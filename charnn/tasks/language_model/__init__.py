"""The language model: a text learned character by character, written on and scored."""
