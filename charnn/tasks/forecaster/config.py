"""The configuration of a forecaster, as config.json has it: its series, its network and its scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from charnn.cells import require_known
from charnn.config import Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord, later
from charnn.config.as_json import require
from charnn.corpora.decoding import OnError
from charnn.corpora.series_layout import SeriesLayout

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""The quantiles that are forecast; the outer two enclose an interval that has 80% of what comes."""
MEDIAN = QUANTILES.index(0.5)


@dataclass(frozen=True)
class SeriesCorpusConfig(Json):
    """Records what a forecaster was trained on, precisely enough to find the same split again."""

    source: SourceFile
    layout: SeriesLayout = field(default_factory=SeriesLayout)
    validation_source: SourceFile | None = None
    """Given with --valid; without one, the last rows were held out."""
    encoding: str = "utf-8"
    on_error: OnError = "fail"
    held_out: bool = True
    """Whether rows were held out, or given to validate with; otherwise all were learned, and validated with."""
    training_rows: int = 0
    validation_rows: int = 0
    gaps: int = 0
    """Values that are missing, in all columns together."""


@dataclass(frozen=True)
class ForecasterNetworkConfig(Json):
    """Recurrent layers that read the last rows of a series and go on beyond them, and what they are shown there."""

    columns: int
    season: int = 1
    """The steps of a season; 1 where there is none."""
    horizon: int = 24
    """The steps ahead that the network learns to forecast. Farther ones are forecast all the same."""
    cycles: tuple[str, ...] = ()
    """The cycles of the calendar that each step is placed in."""
    cell: str = "lstm"
    layers: int = 1
    hidden_size: int = 32
    dropout: float = 0.3
    adds: bool = later(True)
    """Whether what the network says counts. It does not where it was hardly better, on what was held out, than the
    plain forecast that it adds to, which then stands alone."""

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("columns", "season", "horizon", "layers", "hidden_size"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        most = 1 << 20
        require(max(self.season, self.horizon, self.columns) <= most, f"season, horizon and columns: at most {most:,}")
        require(0.0 <= self.dropout < 1.0, "dropout is a probability below 1")

    @property
    def inputs(self) -> int:
        """The numbers that the network reads at each step (`charnn.tasks.forecaster.windows`)."""
        return 3 * self.columns + 2 * len(self.cycles) + 2

    @property
    def outputs(self) -> int:
        return self.columns * len(QUANTILES)

    def __str__(self) -> str:
        return f"{self.layers} x {self.hidden_size} {self.cell}, dropout {self.dropout:g}"


@dataclass(frozen=True)
class ForecasterValidation(Json):
    """The best validation of a forecaster's run."""

    quantile_loss: float
    """Twice the mean pinball loss of all quantiles, in the unit of `mase`."""
    mase: float
    """The mean absolute error of the median, over that of the seasonal naive forecast one season ahead in training."""
    naive_mase: float
    """The same of the better one of the two naive forecasts, on the same windows."""
    coverage: float
    """The share of values within the outer quantiles, of which 0.8 would be right."""
    step: int
    epoch: float
    seconds: float

    @property
    def loss(self) -> float:
        return self.quantile_loss

    @property
    def standard_error(self) -> float:
        return 0.0

    @property
    def summary(self) -> str:
        return f"MASE {self.mase:.3f} (naive {self.naive_mase:.3f})  {100 * self.coverage:.0f}% within 80%"

    def __str__(self) -> str:
        return (
            f"MASE {self.mase:.3f}, the better naive forecast {self.naive_mase:.3f}; {100 * self.coverage:.1f}% of "
            "values within the interval for 80%"
        )

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{loss:.3f} of quantile loss"


@dataclass(frozen=True)
class ForecasterQuantization(Json):
    """The cost and gain of int8 inference for a forecaster, measured on the machine that trained."""

    mase_lost: float
    """How much MASE rises."""
    speed_ratio: float
    """Windows a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: clearly faster, at no cost that one would see."""


@dataclass(frozen=True)
class ForecasterConfig(ModelConfig):
    task: Literal["forecaster"]
    network: ForecasterNetworkConfig
    training: TrainingConfig
    corpus: SeriesCorpusConfig
    record: TrainingRecord
    scores: ForecasterValidation | None = None
    quantization: ForecasterQuantization | None = None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""
