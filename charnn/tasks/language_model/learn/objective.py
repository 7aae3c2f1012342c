"""The language-model task: predict every token of a text from those before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charnn.arrays import Int64s, Integers
from charnn.config.training import TrainingConfig
from charnn.errors import UsageError
from charnn.network.cells import like
from charnn.network.drawing import drawing_from
from charnn.network.recurrent import LockedDropout, StackState, detach
from charnn.runtime.state import join, select
from charnn.tasks.language_model.conditions import COUNTDOWN, condition_rows
from charnn.tasks.language_model.config import LanguageModelValidation
from charnn.tasks.language_model.learn.data import IGNORED, EncodedCorpus, Windows
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, LanguageModelEnsemble
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork, Rows
from charnn.tasks.language_model.learn.openings import Openings
from charnn.tasks.language_model.learn.symbol_nats import symbol_nats
from charnn.tasks.language_model.learn.teachers import Teacher, Teachers, as_arrays
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.scores import LanguageScore
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.objective import MemberLoss
from charnn.training.report import Report

VALIDATION_LANES = 32
VALIDATION_WARM_UP = 512
"""Tokens that a validation lane reads before its part; `charnn eval` is checked to agree with a single lane."""


class LanguageModelObjective:
    """Truncated BPTT: the state is carried from window to window, and no gradient flows back beyond a window.

    Beside the lanes of a window the network reads some openings of documents from the initial state, as a text that is
    generated begins. They are learned with the weight OPENING_WEIGHT, but no loss or number of targets counts them.

    Processes that train together have contiguous parts of the lanes each, and drop what one of them alone would drop.

    A network that has `Teachers` learns from its cross entropy with the mean of the probabilities that they give, and
    with the weight TEXT_WEIGHT from the text. Its loss is counted as that of any other network, on the text.

    The members of an ensemble read the same windows, and each learns as if it were alone. They differ in the weights
    that they begin with, and in what dropout drops.
    """

    unit = "character"
    validation_type = LanguageModelValidation

    def __init__(
        self,
        network: AnyNetwork,
        corpus: EncodedCorpus,
        config: TrainingConfig,
        processes: Processes = ALONE,
        teachers: Sequence[Teacher] = (),
    ) -> None:
        """Raises UsageError where there are fewer lanes than processes, or the text is too long for teachers."""
        self.network = network
        self._device = next(network.parameters()).device
        self._corpus = corpus
        rows = condition_rows(network.conditions, corpus.training, corpus.training_labels)
        self._teachers = Teachers(teachers, corpus.training, rows, self._device)
        self._windows = Windows(
            corpus.training,
            stop_id=STOP_ID,
            lanes=config.batch_size,
            window_length=config.window_length,
            random=np.random.default_rng(config.seed),
            processes=processes,
            rows=rows,
        )
        lanes, own = self._windows.lanes, self._windows.own
        self._openings = Openings(corpus.training, lanes=lanes, seed=config.seed, processes=processes, rows=rows)
        self._processes = processes
        check_lanes(lanes, processes)
        self._lanes = own.stop - own.start
        self._states = self._initial_states()

    @property
    def epoch(self) -> float:
        return self._windows.epoch

    @property
    def units_per_target(self) -> float:
        return self._corpus.training_characters / len(self._corpus.training)

    @property
    def targets_in_batch(self) -> int:
        return self._windows.targets_in_window

    def loss(self) -> tuple[Tensor, int]:
        each, targets = self._next()
        nats = [nats_of() for nats_of in each]
        return torch.stack(nats) if len(nats) > 1 else nats[0], targets

    def losses(self) -> tuple[list[MemberLoss], int]:
        """What `loss` gives, by a function for each member."""
        each, targets = self._next()

        def of(nats_of: Callable[[], Tensor], member: LanguageModelNetwork, generator: torch.Generator) -> Tensor:
            with drawing_from(member, generator):
                return nats_of()

        return [partial(of, *pair) for pair in zip(each, self._networks, strict=True)], targets

    def _next(self) -> tuple[Sequence[Callable[[], Tensor]], int]:
        """A function for each network, by which it reads the next window and gives its loss; and the targets there."""
        self._share()
        window = self._windows.next()
        openings = self._openings.next(window.inputs_BT.shape[1])
        if window.first:
            self._states = self._initial_states()
        inputs_BT = self._on_device(np.concatenate([window.inputs_BT, openings.inputs_BT]))
        targets_BT = self._on_device(np.concatenate([window.targets_BT, openings.targets_BT]))
        rows = {
            name: self._on_device(np.concatenate([rows_BT, openings.rows[name]]))
            for name, rows_BT in window.rows.items()
        }
        said_BTV = self._teachers.probabilities(self._on_device(window.places_BT)) if self._teachers.models else None

        def nats_of(number: int, network: LanguageModelNetwork) -> Tensor:
            y_BTH, state = network.read(inputs_BT, self._before(inputs_BT, number), rows)
            self._states[number] = select(state, slice(self._lanes), axis=0)
            return self._nats_by(network, y_BTH, inputs_BT, targets_BT, rows, said_BTV)

        each = [partial(nats_of, number, network) for number, network in enumerate(self._networks)]
        return each, int(np.count_nonzero(window.targets_BT != IGNORED))

    @property
    def _networks(self) -> list[LanguageModelNetwork]:
        """The members, or the only network."""
        return self.network.each if isinstance(self.network, LanguageModelEnsemble) else [self.network]

    def _initial_states(self) -> list[StackState]:
        """What each network reads the next window with, where that is the first."""
        return [network.initial_state(self._lanes) for network in self._networks]

    def _nats_by(
        self,
        network: LanguageModelNetwork,
        y_BTH: Tensor,
        inputs_BT: Tensor,
        targets_BT: Tensor,
        rows: Rows,
        said_BTV: Tensor | None,
    ) -> Tensor:
        """The loss of one network, from the outputs of its recurrent stack and what teachers said of the lanes."""
        lanes = slice(self._lanes)
        nats = symbol_nats(network, y_BTH, targets_BT, rows, lanes=self._lanes, said_BTV=said_BTV)
        if COUNTDOWN.name in rows:
            of_lanes = {name: rows_BT[lanes] for name, rows_BT in rows.items()}
            nats = nats + self._length_nats(network, inputs_BT[lanes], targets_BT[lanes], of_lanes, y_BTH[lanes])
        return nats

    def leave_out(self, number: int) -> None:
        assert isinstance(self.network, LanguageModelEnsemble)
        self.network = self.network.without(number)
        del self._states[number]

    def _share(self) -> None:
        """Tells the network which lanes and openings of the next window it reads, where there are other processes."""
        if self._processes.size == 1:
            return
        lanes, openings = self._windows.lanes, self._openings.own
        batch = lanes + self._openings.in_window
        own = [self._windows.own, slice(lanes + openings.start, lanes + openings.stop)]
        for module in self.network.modules():
            if isinstance(module, LockedDropout):
                module.parts = own, batch
        # Its regulariser is a mean over what one process reads, and gradients are summed over processes.
        fraction = sum(part.stop - part.start for part in own) / batch
        for network in self._networks:
            network.recurrent.gradient_flow = network.config.gradient_flow * fraction

    def _before(self, inputs_BT: Tensor, number: int) -> StackState:
        """The state of a network before a window and the openings beside it, which begin from zeros.

        So does a lane that opens a document with the window; elsewhere a stop is read after what came before it.
        """
        goes_on_B1 = inputs_BT[: self._lanes, :1] != STOP_ID
        before = detach(self._states[number])
        carried = tuple(like(layer, (tensor_BH * goes_on_B1 for tensor_BH in layer)) for layer in before)
        return join([carried, self._networks[number].initial_state(len(inputs_BT) - self._lanes)], torch.cat)

    def _length_nats(
        self, network: LanguageModelNetwork, inputs_BT: Tensor, targets_BT: Tensor, rows: Rows, y_BTH: Tensor
    ) -> Tensor:
        """What foretelling the lengths of the documents that open in the window costs, from what was read before them.

        They are foretold from the initial state as well, as for a text that is generated, and which windows hardly
        ever have: that is learned, but not counted.
        """
        # Where padding stands, another lane reads the same stop.
        opens_BT = (inputs_BT == STOP_ID) & (targets_BT != IGNORED)
        rows_N = {name: rows_BT[opens_BT] for name, rows_BT in rows.items()}
        class_N = rows_N.pop(COUNTDOWN.name)
        # Without a label all documents open in the same way, and one stands for all.
        number = len(class_N) if rows_N else 1
        y_NH, _ = network.open_documents({COUNTDOWN.name: class_N.new_ones(number), **rows_N})
        at_first = network.length_nats(y_NH.expand(len(class_N), -1), class_N).sum()
        return network.length_nats(y_BTH[opens_BT], class_N).sum() + at_first - at_first.detach()

    def _on_device(self, ids_BT: Int64s) -> Tensor:
        return torch.from_numpy(ids_BT).to(self._device, non_blocking=True)

    def validate(self, report: Report) -> LanguageModelValidation:
        corpus = self._corpus
        score = self._score(corpus.validation, corpus.validation_characters, corpus.validation_labels)
        return LanguageModelValidation(
            score.nats_per_character, score.bits_per_character, report.step, report.epoch, report.seconds
        )

    def train_loss(self) -> float:
        tokens = self._corpus.training[: sum(map(len, self._corpus.validation))]
        characters = round(len(tokens) * self.units_per_target)
        labels_N = self._corpus.training_labels
        # The stop that is read after the last of these tokens belongs to its document.
        labels = None if labels_N is None else [labels_N[np.minimum(np.arange(len(tokens) + 1), len(tokens) - 1)]]
        return self._score([tokens], characters, labels).nats_per_character

    def _score(
        self,
        documents: Sequence[Integers],
        characters: int,
        labels: Sequence[Integers] | None = None,
    ) -> LanguageScore:
        return score_carried(
            NumpyLanguageModel(self.network),
            documents,
            characters,
            labels=labels,
            stop_id=STOP_ID,
            vocabulary_size=max(self.network.config.vocabulary_size, self.network.config.labels),
            lanes=VALIDATION_LANES,
            warm_up=VALIDATION_WARM_UP,
        )

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors = {
            f"{depth}.{name}": self._processes.join(tensor.detach(), self._windows.lanes)
            for depth, layer in enumerate(chain.from_iterable(self._states))
            for name, tensor in layer._asdict().items()
        }
        models = self._teachers.models
        tensors |= {name: torch.from_numpy(array) for name, array in as_arrays(models).items()}
        values: dict[str, Any] = {
            "windows": self._windows.position(),
            "random": self._windows.random.bit_generator.state,
        }
        if len(self._openings):
            values["windows_with_openings"] = self._openings.windows_done
        if models:
            values["teachers"] = [model.network.to_json() for model in models]
        return tensors, values

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self._windows.restore(values["windows"])
        self._windows.random.bit_generator.state = values["random"]
        # Runs from before openings were read do not know how many windows had some.
        self._openings.windows_done = int(values.get("windows_with_openings", 0))
        layers = (
            type(layer)(*(tensors[f"{depth}.{name}"][self._windows.own].to(self._device) for name in layer._fields))
            for depth, layer in enumerate(chain.from_iterable(self._states))
        )
        self._states = [tuple(islice(layers, len(state))) for state in self._states]


def check_lanes(lanes: int, processes: Processes) -> None:
    """Raises UsageError where there are fewer lanes than processes."""
    if lanes < processes.size:
        raise UsageError(
            f"fewer lanes ({lanes}) than processes ({processes.size})",
            hint="give a larger --batch, or start fewer processes",
        )
