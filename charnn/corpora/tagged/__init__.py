"""Sentences of words with tags: several formats, read as they come and written without losing a byte."""

from charnn.corpora.tagged.formats import open_reader, render
from charnn.corpora.tagged.recognition import recognize
from charnn.corpora.tagged.sentence import Annotation, Reader, Sentence, TaggedSentence
from charnn.corpora.tagged.treebank import Treebank, read_treebank, read_treebank_again

__all__ = [
    "Annotation",
    "Reader",
    "Sentence",
    "TaggedSentence",
    "Treebank",
    "open_reader",
    "read_treebank",
    "read_treebank_again",
    "recognize",
    "render",
]
