"""Dynamic evaluation: a language model that goes on learning from what it reads, once it has said what that costs.

A text repeats itself: its names, its words, its manner. A model that takes small steps on what it has just read
expects them from then on, and is pulled back to what it was trained to be at each step, so that it neither drifts away
nor forgets (Mikolov et al. 2010; Krause et al. 2018). N-grams that stand beside it go on being counted, too
(`recently`), and what it has scored it expects to come again (`matching`). It is honest: each symbol costs what the
model said before it learned anything from that symbol.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from charnn.arrays import Float32s, Integers
from charnn.checkpoint.directory import WEIGHTS
from charnn.errors import ModelError, ModelFormatError
from charnn.generation.model import NO_CONDITIONS, Conditions, conditions_at
from charnn.network.recurrent import StackState, detach
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, make_network
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.recently import Recently
from charnn.tasks.language_model.use.mixed_recently import RecentLanguageModel
from charnn.tasks.language_model.use.scores import Costs, Scorer
from charnn.tokenizers.base import STOP_ID
from charnn.training.hardware import threads_set
from charnn.training.keeper import as_arrays

SEGMENT = 32
"""The symbols that are read before each step. No gradient flows back beyond them."""
RATE = 2e-4
"""The learning rate of RMSProp."""
SMOOTHING = 0.99
"""The part that remains of the mean squares of the gradients at each step."""
DECAY = 0.002
"""The part of the way back to the trained weights that each step goes."""
TINY = 1e-8


class AdaptingLanguageModel(NumpyLanguageModel):
    """A language model whose `costs` learns from each SEGMENT of symbols after it has been scored.

    Members of an ensemble learn from what it costs each of them. Other methods use the weights as they are by then. It
    changes, so what a text costs depends on what was read before it, and texts must be read in their order. Torch
    has one thread in `costs`.
    """

    segment = SEGMENT

    def __init__(self, network: AnyNetwork) -> None:
        """`network` is changed."""
        super().__init__(network.eval())
        self._parameters = list(network.parameters())
        self._trained = [parameter.detach().clone() for parameter in self._parameters]
        self._steps = 0
        self._squares = [torch.zeros_like(parameter) for parameter in self._parameters]

    @classmethod
    def of(cls, directory: LanguageModelDirectory) -> AdaptingLanguageModel:
        """The model in a directory, which stays as it is. Raises what reading its weights raises."""
        config: LanguageModelConfig = directory.config()
        network = make_network(config.network)
        weights = {name: torch.from_numpy(array) for name, array in directory.weights().items()}
        try:
            network.load_state_dict(weights)
        except RuntimeError:
            raise ModelFormatError(f"{directory.path / WEIGHTS}: not the weights of this network") from None
        return cls(network)

    def weights(self) -> dict[str, Float32s]:
        """The weights by now, by the names of their parameters."""
        return as_arrays(self._network.state_dict())

    def costs(
        self, inputs_BT: Integers, targets_BT: Integers, state: StackState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, StackState]:
        parts: list[Costs] = []
        with threads_set(1):
            for start in range(0, inputs_BT.shape[1], SEGMENT):
                segment = np.s_[:, start : start + SEGMENT]
                each, state = self._nats(
                    inputs_BT[segment], targets_BT[segment], detach(state), conditions_at(conditions, segment)
                )
                parts.append(self._as_costs(each, targets_BT[segment]))
                own = [text_BT.sum() + ends_BT.sum() for text_BT, ends_BT in each]
                self._learn(torch.stack(own).sum() / SEGMENT)
        return Costs(*(np.concatenate(part, 1) for part in zip(*parts, strict=True))), detach(state)

    def _learn(self, loss: Tensor) -> None:
        """Takes a step, which a loss over fewer symbols makes smaller."""
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        self._steps += 1
        seen = 1 - SMOOTHING**self._steps  # the weight of all gradients so far, without which the first steps are large
        with torch.no_grad():
            for parameter, gradient, squares, trained in zip(
                self._parameters, gradients, self._squares, self._trained, strict=True
            ):
                if gradient is not None:
                    squares.mul_(SMOOTHING).addcmul_(gradient, gradient, value=1 - SMOOTHING)
                    parameter.addcdiv_(gradient, (squares / seen).sqrt_().add_(TINY), value=-RATE)
                parameter.lerp_(trained, DECAY)


def _read(learner: Scorer, ids_T: Integers) -> None:
    """Has the model learn from the beginning of a document, whose end is not known."""
    tokens_1T = np.concatenate([[STOP_ID], ids_T])[np.newaxis]
    targets_1T = tokens_1T[:, 1:]
    learner.costs(tokens_1T[:, :-1], targets_1T, learner.initial_state(1), learner.conditions(targets_1T))


def adapted_to(text: str, directory: LanguageModelDirectory, path: Path) -> LanguageModelDirectory:
    """A new model at `path`: the one in `directory` after it has read `text`. It has no state to go on training from.

    Raises UsageError where something is at `path`, and for a model that reads backwards, and what
    `AdaptingLanguageModel.of` raises.
    """
    directory.require_forwards()
    learner, tokenizer = AdaptingLanguageModel.of(directory), directory.tokenizer()
    recently: Recently | None = None
    if not isinstance(ngrams := directory.ngrams(), MixedNgrams) or learner.stopping == "length":
        _read(learner, tokenizer.encode(text))
    else:
        recently = directory.recently(ngrams) or Recently(ngrams)
        _read(RecentLanguageModel(learner, ngrams, recently), tokenizer.encode(text))
    made = LanguageModelDirectory.create(path)
    try:
        config, weights = directory.config(), learner.weights()
        made.write_weights(weights)
        made.write_tokenizer(tokenizer)
        if (runs := directory.runs()) is not None:
            made.write_runs(runs)
        if ngrams is not None:
            made.write_ngrams(ngrams)
        if recently is not None:
            made.write_recently(recently)
        # The scores, and what int8 costs and gains, were measured with other weights.
        made.write_config(dataclasses.replace(config, scores=None, quantization=None))
        made.write_ended()
        made.publish()
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be written: {error.strerror}") from None
    finally:
        made.discard_unsaved()
    return made
