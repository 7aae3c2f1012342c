"""config.json: what a model is, read before anything else of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from charnn.config import (
    CorpusConfig,
    Json,
    NetworkConfig,
    Quantization,
    Scores,
    TaggerNetworkConfig,
    TagQuantization,
    TagScores,
    Task,
    TokenizerConfig,
    TrainingConfig,
    TreebankConfig,
)
from charnn.errors import ConfigError, ModelFormatError

FORMAT_VERSION = 1


@dataclass(frozen=True)
class TrainingRecord(Json):
    """What a run really did, as opposed to what it was asked to do (`TrainingConfig`)."""

    charnn_version: str
    torch_version: str
    device: str
    precision: str
    steps: int = 0
    epochs: float = 0.0
    seconds: float = 0.0
    characters_per_second: float = 0.0
    stopped_by: str = "running"
    """`budget`, `early stop`, `interrupt`, `loss not finite`; `running` until the run ends."""


class ModelConfig(Json):
    """What the configuration of every task has; the dataclasses below say in which order it is written."""

    task: Task
    training: TrainingConfig
    record: TrainingRecord

    def dumps(self) -> str:
        document: dict[str, Any] = {"format_version": FORMAT_VERSION, **self.to_json()}
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        # A path that is not UTF-8 has half surrogates in it; "backslashreplace" writes them as JSON escapes them.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    @staticmethod
    def loads(text: str) -> AnyModelConfig:
        """Raises ModelFormatError for another format version, and for anything that it does not understand."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFormatError(f"config.json: not JSON: {str(error) or 'nested too deep'}") from None
        version = document.pop("format_version", None) if isinstance(document, dict) else None
        if version != FORMAT_VERSION:
            raise ModelFormatError(
                f"config.json has format version {version!r:.20}; this charnn reads version {FORMAT_VERSION}",
                hint="use the version of charnn that wrote the model, or train it again",
            )
        task = document.get("task")
        if not isinstance(task, str) or task not in KINDS:
            raise ModelFormatError(f"config.json: the task {task!r:.30} is not known")
        try:
            return KINDS[task].from_json(document)
        except ConfigError as error:
            raise ModelFormatError(f"config.json: {error}") from None


@dataclass(frozen=True)
class LanguageModelConfig(ModelConfig):
    task: Literal["language-model"]
    tokenizer: TokenizerConfig
    network: NetworkConfig
    training: TrainingConfig
    corpus: CorpusConfig
    record: TrainingRecord
    scores: Scores | None = None
    quantization: Quantization | None = None
    """None until it has been measured; inference is fp32 until then."""


@dataclass(frozen=True)
class TaggerConfig(ModelConfig):
    task: Literal["tagger"]
    network: TaggerNetworkConfig
    training: TrainingConfig
    corpus: TreebankConfig
    record: TrainingRecord
    scores: TagScores | None = None
    quantization: TagQuantization | None = None
    """None until it has been measured; inference is fp32 until then."""


AnyModelConfig = LanguageModelConfig | TaggerConfig
KINDS: Mapping[str, type[AnyModelConfig]] = {"language-model": LanguageModelConfig, "tagger": TaggerConfig}
