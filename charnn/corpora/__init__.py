"""Files and streams to documents and tagged sentences, lossless; and which of them are held out for validation."""

from charnn.corpora.corpus import Corpus, read_corpus, read_corpus_again
from charnn.corpora.documents import split_documents
from charnn.corpora.sources import beginning, read, read_again
from charnn.corpora.tagged import Treebank, read_treebank, read_treebank_again, recognize

__all__ = [
    "Corpus",
    "Treebank",
    "beginning",
    "read",
    "read_again",
    "read_corpus",
    "read_corpus_again",
    "read_treebank",
    "read_treebank_again",
    "recognize",
    "split_documents",
]
