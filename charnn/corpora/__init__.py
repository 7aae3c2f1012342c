"""Files and streams to documents, lossless; and which of them are held out for validation."""

from charnn.corpora.corpus import Corpus, read_corpus, read_corpus_again
from charnn.corpora.documents import split_documents
from charnn.corpora.sources import read, read_again
from charnn.corpora.splits import hold_out

__all__ = ["Corpus", "hold_out", "read", "read_again", "read_corpus", "read_corpus_again", "split_documents"]
