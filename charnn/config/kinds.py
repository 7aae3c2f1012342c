"""What can be chosen by name."""

from typing import Literal

Cell = Literal["rnn", "lstm", "gru"]
TokenizerKind = Literal["characters", "bytes", "unigram", "bpe"]
DocumentUnit = Literal["file", "paragraph", "line"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Stopping = Literal["symbol", "halt", "length"]
"""How a model ends a document: the stop is a symbol like any other; an output beside the symbols decides at each step;
its length is foretold at its start, and counted down."""
Optimizer = Literal["adamw", "muon"]
Task = Literal["language-model", "tagger"]
WordReaderKind = Literal["cnn", "lstm"]
DecoderKind = Literal["independent", "feedback", "crf"]
Level = Literal["word", "character"]
TreebankFormat = Literal["conllu", "columns", "slashed", "aligned"]
"""What tags can be learned from: CoNLL-U; columns between tabs; word_TAG; two files, a tag for every character."""
TextFormat = Literal["conllu", "columns", "slashed", "lines", "tokens", "text", "characters"]
"""What can be tagged: the first three of the above; raw lines; words between spaces; running text; characters."""
