"""The options of `charnn train`, panel by panel; their defaults stand in its signature."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn import cells, config
from charnn.corpora import documents
from charnn.tasks.language_model import config as language_model_config
from charnn.tasks.tagger import config as tagger_config
from charnn.tokenizers import config as tokenizer_config

TAGGER_PATIENCE = 0

_data, _treebanks, _network, _of_texts, _training, _result = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in (
        "Data",
        "Treebanks",
        "Network (chosen for the data and the time, unless given)",
        "Networks of texts",
        "Training",
        "Result",
    )
)

Valid = Annotated[
    list[str] | None,
    _data(
        "--valid", metavar="FILE", help="Validate with this instead of the last tenth (a million characters at most)."
    ),
]
Documents = Annotated[documents.DocumentUnit, _data("--documents", help="What one document is; each ends in a stop.")]
Stopping = Annotated[
    language_model_config.Stopping | None,
    _data(
        "--stopping",
        help="How a document's end is learned: as a symbol (default), by an output that halts, by its length.",
        show_default=False,
    ),
]
Encoding = Annotated[str, _data("--encoding", help="Of the files.")]
Tokenizer = Annotated[tokenizer_config.TokenizerKind, _data("--tokenizer", help="What the text is read as.")]
VocabularySize = Annotated[int, _data("--vocab-size", min=2, help="Pieces, for unigram and bpe.")]
MinCount = Annotated[int, _data("--min-count", min=1, help="Rarer characters become unknown.")]

Columns = Annotated[
    str | None,
    _treebanks(
        "--columns",
        metavar="upos,xpos,feats",
        help="The tags to learn, a head each. Default: upos.",
        show_default=False,
    ),
]
Format = Annotated[
    tagger_config.TreebankFormat | None, _treebanks("--format", help="Default: told by content.", show_default=False)
]
Level = Annotated[tagger_config.Level, _treebanks("--level", help="What has a tag.")]
Tags = Annotated[
    list[str] | None,
    _treebanks(
        "--tags", metavar="FILE", help="Beside CORPUS: the same lines, with the tag of each character in its place."
    ),
]
WordsFrom = Annotated[
    tagger_config.WordReaderKind | None,
    _treebanks(
        "--words-from",
        help=f"What reads characters into words. Default: {tagger_config.TaggerNetworkConfig.words_from}.",
        show_default=False,
    ),
]
Decoder = Annotated[
    tagger_config.DecoderKind | None,
    _treebanks(
        "--decoder",
        help=f"How tags follow from scores. Default: {tagger_config.TaggerNetworkConfig.decoder}.",
        show_default=False,
    ),
]

if TYPE_CHECKING:
    Cell = str
else:
    Cell = Annotated[Literal[tuple(cells.CELLS)], _network("--cell", help="The recurrent cell.")]
Layers = Annotated[int | None, _network("--layers", min=1, help="Recurrent layers.")]
Hidden = Annotated[int | None, _network("--hidden", min=1, help="Units of a layer.")]
Embedding = Annotated[int | None, _network("--embedding", min=1, help="Size of a symbol's, or word's, vector.")]
Dropout = Annotated[float | None, _network("--dropout", min=0, max=0.99, help="Variational.")]

Residual = Annotated[bool, _of_texts("--residual", help="Each layer's input is added to its output.")]
RecurrentDepth = Annotated[
    int | None,
    _of_texts("--recurrent-depth", metavar="N", min=1, help="Steps of a layer from one symbol to the next."),
]
WeightDrop = Annotated[
    float | None, _of_texts("--weight-drop", metavar="P", min=0, max=0.99, help="Dropout of recurrent weights.")
]
EmbeddingDropout = Annotated[
    float | None, _of_texts("--embedding-dropout", metavar="P", min=0, max=0.99, help="Dropout of whole symbols.")
]
GradientFlow = Annotated[
    float | None,
    _of_texts("--gradient-flow", metavar="STRENGTH", min=0, help="Keeps gradients of an rnn from vanishing."),
]

Batch = Annotated[int | None, _training("--batch", min=1, help="Lanes, or sentences, read side by side.")]
Window = Annotated[int | None, _training("--window", min=1, help="Steps of truncated BPTT; words of a sentence.")]
LearningRate = Annotated[float | None, _training("--learning-rate", help="At its top.")]
Clip = Annotated[
    float | None,
    _training("--clip", help=f"Largest norm of the gradient. Default: {config.TrainingConfig.clip_norm:g}."),
]
Optimizer = Annotated[
    config.Optimizer | None,
    _training(
        "--optimizer",
        help="muon is adamw but for the matrices of recurrent layers. Default: muon, for taggers adamw.",
        show_default=False,
    ),
]
ClipValue = Annotated[float | None, _training("--clip-value", help="Instead: largest value in the gradient.")]
Time = Annotated[str | None, _training("--time", metavar="3m", help="Train for so long.")]
Epochs = Annotated[float | None, _training("--epochs", help="Or: read the text so often.")]
Steps = Annotated[int | None, _training("--steps", min=1, help="Or: take so many steps.")]
Patience = Annotated[
    int | None,
    _training(
        "--patience",
        min=0,
        help="Validations without a better one until it anneals and ends; 0: never. "
        f"Default: {config.TrainingConfig.patience}, for taggers {TAGGER_PATIENCE}.",
        show_default=False,
    ),
]
Precision = Annotated[config.Precision, _training("--precision", help="auto is bf16 where the hardware has it.")]
Device = Annotated[config.Device, _training("--device", help="Where to train.")]
Seed = Annotated[int, _training("--seed", min=0, help="Of everything random.")]

Out = Annotated[Path | None, _result("--out", help="The model directory. Default: checkpoints/<stem>.")]
Overwrite = Annotated[bool, _result("--overwrite", help="Replace the model at --out.")]
Resume = Annotated[str | None, _result("--resume", metavar="NAME|PATH", help="Go on with this run.")]
From = Annotated[str | None, _result("--from", metavar="NAME|PATH", help="Start from this model's weights.")]
