"""`charnn plot`: pictures of how models learned and of what they learned."""

from __future__ import annotations

import typer

from charnn.cli.everywhere import everywhere
from charnn.cli.plot import judgements, memory, network, samples, series, training

app = typer.Typer(name="plot", no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
app.command("curves")(everywhere(training.curves))
app.command("gradients")(everywhere(training.gradients))
app.command("neurons")(everywhere(network.neurons))
app.command("embeddings")(everywhere(network.embeddings))
app.command("temperature")(everywhere(samples.temperature))
app.command("lengths")(everywhere(samples.lengths))
app.command("calibration")(everywhere(judgements.calibration))
app.command("confusion")(everywhere(judgements.confusion))
app.command("forecast")(everywhere(series.forecast))
app.command("energy")(everywhere(memory.energy))
app.command("capacity")(everywhere(memory.capacity))


@app.callback()
def plot() -> None:
    """Draw how models learned, and what they learned, as a picture.

    Each picture is a file, PNG or SVG, and says in its title what it shows.
    It takes the packages of the extra `plots`, and where they are missing it
    says how to install them.

    charnn plot curves
    charnn plot curves rnn gru lstm -o cells.svg --dark
    charnn plot gradients rnn lstm
    """
