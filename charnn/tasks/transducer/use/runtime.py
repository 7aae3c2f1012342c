"""A transducer's network as ONNX Runtime runs it.

The graphs' contracts (`charnn.tasks.transducer.graph` writes them): `model.onnx` has the inputs `ids` (B, S)
int64 and `lengths` (B,) int32, and the outputs `keys` (not for the attention `none`) and `values`, (B, S, R), and the
state of each layer, `hidden.0` and so on, (B, H). `decoder.onnx` has these outputs as inputs, and beside them `ids`
(B,) int64, `mask` (B, S), for a network that copies `copies` (B, S) int64, and for hard attention `alpha` (B, S); its
outputs are `log_probabilities` (B, V), `attention` (B, S), for hard attention `joint` (B, P, V) and `places` (B, P)
int64, and the state, `hidden.0.next` and so on. What is not int is fp32.

With the decoder `ctc` there is `model.onnx` alone, whose inputs are `ids`, `lengths` and, for a network that copies,
`copies` (B, F) int64, and whose output is `log_probabilities` (B, F, V): F is S times the frames of a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.cells import CELLS
from charnn.errors import ModelFormatError
from charnn.runtime.session import graph_name, open_graph
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import DecoderState, DecoderStep, Ids, SourceArrays, Wide, padded
from charnn.tokenizers.base import STOP_ID


class RuntimeTransducerNetwork:
    """A `SteppedDecoder` whose two graphs ONNX Runtime runs. Several threads may call it at once."""

    def __init__(
        self, config: TransducerNetworkConfig, encoder: Path | bytes, decoder: Path | bytes, *, threads: int = 1
    ) -> None:
        """Each call uses `threads` threads. Raises ModelFormatError where a graph is damaged or not of this network."""
        self._config = config
        encoder_session, decoder_session = (open_graph(graph, threads=threads) for graph in (encoder, decoder))
        parts = CELLS[config.cell].state
        self._states = [f"{part}.{depth}" for depth in range(config.layers) for part in parts]
        self._memory = ["values"] if config.attention == "none" else ["values", "keys"]
        self._extra = ["copies"] if config.copies else []
        self._hard = config.is_hard
        self._outputs = ["log_probabilities", "attention", *(["joint", "places"] if self._hard else [])]
        self._outputs += [f"{state}.next" for state in self._states]
        read = ["ids", *self._states, *self._memory, "mask", *self._extra, *(["alpha"] if self._hard else [])]
        for graph, session, inputs, outputs in (
            (encoder, encoder_session, ["ids", "lengths"], [*self._memory, *self._states]),
            (decoder, decoder_session, read, self._outputs),
        ):
            if _names(session.get_inputs()) != sorted(inputs) or _names(session.get_outputs()) != sorted(outputs):
                raise ModelFormatError(f"{graph_name(graph)}: not a graph of this network")
        sizes = {port.name: port.shape[-1] for port in decoder_session.get_outputs()}
        if (sizes["log_probabilities"], sizes[f"{self._states[0]}.next"]) != (config.outputs, config.hidden_size):
            raise ModelFormatError(f"{graph_name(decoder)}: not a graph of this network")
        if encoder_session.get_outputs()[0].shape[-1] != config.hidden_size:
            raise ModelFormatError(f"{graph_name(encoder)}: not a graph of this network")
        self._encode, self._decode = encoder_session.run, decoder_session.run

    def begin(self, sources: Sequence[EncodedSource]) -> DecoderState:
        arrays = padded(sources, self._config.outputs)
        feed = {"ids": arrays.ids_BS, "lengths": arrays.lengths_B.astype(np.int32)}
        outputs = self._encode([*self._memory, *self._states], feed)
        mask_BS = where_to_look(self._config, arrays)
        copies = (arrays.copies_BS,) if self._config.copies else ()
        memory = (*outputs[: len(self._memory)], *copies, mask_BS)
        return DecoderState(memory, tuple(outputs[len(self._memory) :]), first_place(mask_BS))

    def step(self, ids_B: Ids, state: DecoderState) -> DecoderStep:
        feed: dict[str, npt.NDArray[Any]] = {"ids": ids_B}
        feed |= zip([*self._memory, *self._extra, "mask"], state.memory, strict=True)
        feed |= zip(self._states, state.recurrent, strict=True)
        if self._hard:
            feed["alpha"] = state.alpha_BS
        log_p_BV, attention_BS, *rest = self._decode(self._outputs, feed)
        joint_BPV, places_BP = (rest.pop(0), rest.pop(0)) if self._hard else (None, None)
        return DecoderStep(log_p_BV, attention_BS, tuple(rest), joint_BPV, places_BP)


class RuntimeFramedNetwork(FramedDecoder):
    """A `FramedDecoder` whose graph ONNX Runtime runs. Several threads may call it at once."""

    def __init__(self, config: TransducerNetworkConfig, graph: Path | bytes, *, threads: int = 1) -> None:
        """Each call uses `threads`. Raises ModelFormatError where the graph is damaged or not of this network."""
        self._config = config
        session = open_graph(graph, threads=threads)
        inputs = ["ids", "lengths", *(["copies"] if config.copies else [])]
        outputs = session.get_outputs()
        if (
            _names(session.get_inputs()) != sorted(inputs)
            or _names(outputs) != ["log_probabilities"]
            or outputs[0].shape[-1] != config.outputs
        ):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of this network")
        self._run = session.run

    def frames(self, sources: Sequence[EncodedSource]) -> list[Wide]:
        arrays, per_place = padded(sources, self._config.outputs), self._config.frames
        feed: dict[str, npt.NDArray[Any]] = {"ids": arrays.ids_BS, "lengths": arrays.lengths_B.astype(np.int32)}
        if self._config.copies:
            feed["copies"] = arrays.copies_BS.repeat(per_place, 1)
        (log_p_BFV,) = self._run(["log_probabilities"], feed)
        found = []
        for source, log_p_FV in zip(sources, log_p_BFV.astype(np.float64), strict=True):
            features = per_place * source.features
            log_p_FV[:features] = -np.inf
            log_p_FV[:features, STOP_ID] = 0.0
            found.append(log_p_FV[: per_place * len(source.ids)])
        return found


def where_to_look(config: TransducerNetworkConfig, arrays: SourceArrays) -> Float32s:
    """1 for the places (B, S) that the decoder may look at. Hard attention does not look at features, since its places
    follow each other; without attention there is a single place, the whole source."""
    if config.attention == "none":
        return np.ones((len(arrays.lengths_B), 1), np.float32)
    places_S = np.arange(arrays.ids_BS.shape[1])
    inside_BS = places_S < arrays.lengths_B[:, None]
    if config.is_hard:
        inside_BS &= places_S >= arrays.features_B[:, None]
    return inside_BS.astype(np.float32)


def first_place(mask_BS: Float32s) -> Float32s:
    """The distribution (B, S) of hard attention before its first step."""
    alpha_BS = np.zeros_like(mask_BS)
    alpha_BS[np.arange(len(mask_BS)), mask_BS.argmax(1)] = 1.0
    return alpha_BS


def _names(ports: Sequence[Any]) -> list[str]:
    return sorted(port.name for port in ports)
