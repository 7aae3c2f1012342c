"""Measures what int8 inference costs and gains a tagger, with the two graphs as inference runs them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch

from charnn.arrays import Float32s
from charnn.readers.states import SentenceStates
from charnn.streaming import batches_by_length
from charnn.tasks.tagger.config import TaggerQuantization
from charnn.tasks.tagger.decoding.decoder import Decoder
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.data import UNTAGGED, EncodedTreebank
from charnn.tasks.tagger.lexicon import WordFeatures
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork

LARGEST_LOSS = 0.001
"""The fraction of words that int8 may get wrong more often than fp32 where it is used."""
SENTENCES = 2000
"""The cost is measured on so many validation sentences at most."""
BATCH, MOST_SCORES = 32, 1 << 23
"""So many sentences are read at once, fewer where their words have more scores than the second number."""
ROUNDS = 5
CPU = torch.device("cpu")


def measure_quantization(
    directory: TaggerDirectory,
    treebank: EncodedTreebank,
    decoders: Sequence[Decoder],
    states: tuple[SentenceStates, SentenceStates] | None = None,
) -> TaggerQuantization:
    """Scores the first validation sentences with both graphs, in batches of like lengths, and times them. The vectors
    of words are made beforehand, and not timed. `states` are those of the model's readers in fp32 and in int8, which
    are timed with the graphs."""
    size = 0 if states is None else states[0].size
    plain, fast = (
        RuntimeTaggerNetwork(directory.word_graph(), directory.graph(quantized=quantized), states_size=size)
        for quantized in (False, True)
    )
    right, seconds, words = np.zeros(2, np.int64), np.zeros((ROUNDS, 2)), 0

    def scores_of(number: int) -> list[Float32s]:
        """The scores of the batch by one of the two."""
        vectors = vectors_TBD
        if states is not None:
            read_TBR = states[number].of([treebank.validation.words[i] for i in chosen])
            vectors = np.concatenate([vectors, read_TBR], axis=2)
        return (plain, fast)[number].scores(vectors, lengths_B)

    most = MOST_SCORES // max(decoder.tags for decoder in decoders)
    for chosen in batches_by_length(treebank.validation.lengths[:SENTENCES].tolist(), rows=BATCH, padded_total=most):
        batch = treebank.batch(treebank.validation, chosen, CPU)
        features = {name: getattr(batch.words, name).numpy() for name in WordFeatures.__slots__}
        lengths_B = batch.lengths_B.numpy()
        is_word_BT = np.arange(batch.places_BT.shape[1]) < lengths_B[:, None]
        vectors_BTD = plain.vectors(WordFeatures(**features))[batch.places_BT.numpy()] * is_word_BT[..., None]
        vectors_TBD = np.ascontiguousarray(vectors_BTD.transpose(1, 0, 2))
        reference_CBT = batch.tags_CBT.numpy()
        has_tag_CBT = reference_CBT != UNTAGGED
        is_tagged_BT = has_tag_CBT.any(0)
        words += int(is_tagged_BT.sum())
        for number in range(2):
            scores = scores_of(number)
            tags_CBT = np.stack(
                [d.decode(s.transpose(1, 0, 2), lengths_B).tags_BT for d, s in zip(decoders, scores, strict=True)]
            )
            right[number] += int(((tags_CBT == reference_CBT) | ~has_tag_CBT).all(0)[is_tagged_BT].sum())
        for times in seconds:
            for number in range(2):
                started = time.perf_counter()
                scores_of(number)
                times[number] += time.perf_counter() - started
    lost = round(float(right[0] - right[1]) / words, 6)
    ratio = round(float(np.median(seconds[:, 0] / seconds[:, 1])), 3)
    return TaggerQuantization(lost, ratio, used=lost < LARGEST_LOSS and ratio > 1)
