"""Takes the steps of a run: each updates the weights by the gradient of the loss on the next batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm
from torch.optim import Optimizer

from charnn.config.training import TrainingConfig
from charnn.network.ensemble import trained_apart, without_member
from charnn.training.distributed.all_reduce import AllReduce, StepInfo
from charnn.training.distributed.processes import Processes
from charnn.training.hardware import autocast, threads_set
from charnn.training.objective import EnsembleObjective, Objective, SideBySideObjective
from charnn.training.optimizers import AveragedWeights, make_optimizers
from charnn.training.schedule import Progress, rate_factor
from charnn.training.side_by_side import SideBySide
from charnn.training.state import LearnedState, is_finite


class GradientNorms:
    """The norms of the gradients since the last validation. They stay tensors until they are read, so that no step
    waits for a GPU."""

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        self._config = config
        self._sum = self._largest = torch.zeros((), device=device)
        self._steps = 0

    def limit(self, parameters: Iterable[nn.Parameter]) -> Tensor:
        """Limits the gradients as the configuration says, and gives the norm that they had, which `note` is for.
        Several threads may limit gradients of their own."""
        able = [parameter for parameter in parameters if parameter.grad is not None]
        if self._config.clip_value is None and self._config.clip_norm is not None:
            norm = clip_grad_norm_(able, self._config.clip_norm)
        else:
            norm = get_total_norm([parameter.grad for parameter in able if parameter.grad is not None])
            if self._config.clip_value is not None:
                clip_grad_value_(able, self._config.clip_value)
        return norm.detach()

    def note(self, norm: Tensor) -> None:
        """Counts the norm of a step."""
        self._sum, self._largest = self._sum + norm, torch.maximum(self._largest, norm)
        self._steps += 1

    def mean(self) -> float | None:
        """The mean norm of a step; None where there was none, or where it is not finite."""
        return finite(float(self._sum) / self._steps) if self._steps else None

    def largest(self) -> float | None:
        return finite(float(self._largest)) if self._steps else None

    def restart(self) -> None:
        self._sum = self._largest = torch.zeros_like(self._sum)
        self._steps = 0

    def state(self) -> dict[str, Any]:
        """JSON values from which `restore` goes on."""
        return {"sum": float(self._sum), "largest": float(self._largest), "steps": self._steps}

    def restore(self, values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Raises KeyError, TypeError or ValueError for anything else."""
        self._sum = torch.full_like(self._sum, float(values["sum"]))
        self._largest = torch.full_like(self._largest, float(values["largest"]))
        self._steps = int(values["steps"])


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Updates:
    """Updates the weights of the network of `objective`, and keeps their running average."""

    def __init__(
        self,
        objective: Objective,
        config: TrainingConfig,
        device: torch.device,
        precision: Any,
        processes: Processes,
    ) -> None:
        self._objective, self._config, self._processes = objective, config, processes
        self._device, self._precision = device, precision
        self._autocast = autocast(precision, device)
        self.gradients = GradientNorms(config, device)
        self.side_by_side = SideBySide()
        self._fit()

    def _fit(self) -> None:
        """Makes what belongs to the parameters of the network that the objective has now."""
        self._network = self._objective.network
        self._parameters = list(self._network.parameters())
        apart = trained_apart(self._network)
        self._apart = [list(network.parameters()) for network in apart]
        self._all_reduce = AllReduce(self._processes, self._parameters, losses=self.networks)
        self._optimizers = [make_optimizers(each, self._config, self._device, self._precision) for each in apart]
        self.average = AveragedWeights(self._network, self._config.average_decay)
        self._learned = LearnedState(self._network, self.optimizers, self.average)

    @property
    def optimizers(self) -> list[Optimizer]:
        """Those of all networks."""
        return list(chain.from_iterable(self._optimizers))

    @property
    def networks(self) -> int:
        """How many networks learn side by side: the members of an ensemble, or one."""
        return len(self._apart)

    @property
    def are_side_by_side(self) -> bool:
        """Whether members learn by threads of their own, at once or in turn, as `side_by_side` says."""
        is_able = self._device.type == "cpu" and isinstance(self._objective, SideBySideObjective)
        return is_able and self.networks > 1

    @contextmanager
    def using(self, threads: int) -> Iterator[None]:
        """Within, so many threads take a step: members at once, each in one, or those of a network together."""
        apart = self.are_side_by_side
        if apart:
            self.side_by_side.use(threads)
        with threads_set(1 if apart else threads):
            yield

    def not_finite(self) -> int | None:
        """The number of the first member that has a weight which is not finite; None where there is none."""
        for number, parameters in enumerate(self._apart):
            if not all(is_finite(parameter.detach()) for parameter in parameters):
                return number
        return None

    def leave_out(self, number: int) -> None:
        """Goes on without that member of an ensemble."""
        assert isinstance(self._objective, EnsembleObjective)
        learned, updates, of = self._learned.tensors(), self.average.updates, self.networks
        self._objective.leave_out(number)
        self._fit()
        self._learned.restore(without_member(learned, number, of), average_updates=updates)

    def take(self, progress: Progress, own_info: Callable[[], tuple[float, bool, bool]]) -> tuple[Tensor, StepInfo]:
        """Takes one step and counts it in `progress`, which says how far the run is and so the learning rate. Gives the
        sum of the losses in nats, detached, for each member where there are several, and the step info of all
        processes.

        `own_info` gives the part of the step info that this process knows: the seconds of training so far, whether it
        was asked to end, and whether a report is due.
        """
        factor = rate_factor(
            progress.fraction,
            warmup_fraction=self._config.warmup_fraction,
            final_fraction=self._config.final_rate_fraction,
            cooling_since=progress.cooling_since,
        )
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor * progress.rate
        self._network.train()
        for parameter in self._parameters:
            parameter.grad = None
        nats, targets = self._learned_from()
        nats, info = self._all_reduce(nats, StepInfo(targets, *own_info()))
        update = partial(self._update, decay=self.average.next_decay())
        each = self.side_by_side.each if self.are_side_by_side else map
        for norm in each(update, self._apart, self._optimizers):
            self.gradients.note(norm)
        progress.step += 1
        progress.targets += info.targets
        return nats, info

    def _learned_from(self) -> tuple[Tensor, int]:
        """The losses on the next batch, detached, and its targets. The parameters have their gradients then."""
        objective = self._objective
        if self.are_side_by_side and isinstance(objective, SideBySideObjective):
            return self.side_by_side.learn(objective, self._autocast)
        with self._autocast():
            nats, targets = objective.loss()
        torch.autograd.backward(nats.sum() / objective.targets_in_batch)
        return nats.detach(), targets

    def _update(self, parameters: list[nn.Parameter], optimizers: list[Optimizer], *, decay: float) -> Tensor:
        """Changes the weights of a network by their gradients, which are limited first, and has their average follow
        with this decay. Gives the norm that the gradients had."""
        norm = self.gradients.limit(parameters)
        for optimizer in optimizers:
            optimizer.step()
        self.average.follow(parameters, decay)
        return norm

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizers[0].param_groups[0]["lr"])

    @contextmanager
    def as_validated(self) -> Iterator[None]:
        """Within, the network has the averaged weights and is in eval mode. The next step sets its mode again."""
        self._network.eval()
        with self.average.applied(), self._autocast(), torch.inference_mode():
            yield

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by their names in a training state. They go on changing with training."""
        return self._learned.tensors()

    def restore(self, tensors: Mapping[str, Tensor], *, average_updates: int) -> None:
        """Goes on from what `tensors` gave, when the average had been updated so often.

        Raises KeyError, RuntimeError or ValueError for the tensors of another network.
        """
        self._learned.restore(tensors, average_updates=average_updates)
