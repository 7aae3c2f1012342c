"""The score of a classifier as tables of plain text."""

from __future__ import annotations

from charnn.confusion_tables import confusion_table, precision_table
from charnn.readable import percent
from charnn.tasks.classifier.use.scores import LabelScore


def report(score: LabelScore, calibration_error: float | None, *, model: str, texts: str) -> str:
    """Ends in a line end."""
    error = "-" if calibration_error is None else f"{calibration_error:.4f}"
    parts = [
        [f"model     {model}", f"texts     {texts}: {score.texts:,}"],
        [
            f"accuracy  {percent(score.accuracy)}%",
            f"macro-F1  {percent(score.macro_f1)}",
            f"micro-F1  {percent(score.micro_f1)}",
            f"expected calibration error  {error}",
        ],
        precision_table("label", score.labels, "label", "text"),
        confusion_table("labels", score.confusions, "label", "text"),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"
