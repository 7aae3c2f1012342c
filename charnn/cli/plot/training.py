"""How models learned: learning curves, and how far back gradients reach."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from charnn.cli import options
from charnn.cli.plot.shared import (
    Dark,
    Models,
    MoreModels,
    Numbers,
    Out,
    TextFile,
    every_name,
    found_models,
    print_numbers,
    text_of,
    write_picture,
)


def curves(
    models: Models = None,
    named: MoreModels = None,
    by: Annotated[
        Literal["time", "steps", "epochs"],
        typer.Option("--by", help="Draw them over seconds of training, over steps, or over times through the data."),
    ] = "time",
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw learning curves: the loss on held-out data, and on what was learned from, as training goes on.

    Below them is how large the gradient was on average, before it was
    clipped. It also works while a run goes on. The dot is the validation whose
    weights are kept. Several models of one task are drawn together.

    charnn plot curves
    charnn plot curves rnn gru lstm --by steps -o cells.svg
    """
    from charnn.models import pictures
    from charnn.plots.training import draw_curves

    found, unit = pictures.learning_curves(found_models(every_name(models, named)), by)
    if as_json:
        for curve in found:
            training = [] if curve.training_N is None else pictures.as_json(curve.training_N)
            held_out = pictures.as_json(curve.held_out_N)
            norms = [] if curve.gradient_norm_N is None else pictures.as_json(curve.gradient_norm_N)
            print_numbers(
                model=curve.name,
                unit=unit,
                **{by: curve.x_N},
                held_out=held_out,
                training=training,
                gradient_norm=norms,
            )
        return
    write_picture(
        lambda look: draw_curves(found, look, x_label=pictures.X_AXES[by][1], unit=unit), out, "curves", dark=dark
    )


def gradients(
    models: Models = None,
    named: MoreModels = None,
    text: TextFile = None,
    steps: Annotated[int, typer.Option("--steps", metavar="K", min=1, help="Follow the gradient K steps back.")] = 100,
    fresh: Annotated[
        bool, typer.Option("--untrained", help="Draw each network also as it was before training, dashed.")
    ] = False,
    seed: options.Seed = None,
    out: Out = None,
    dark: Dark = False,
    as_json: Numbers = False,
) -> None:
    """Draw how large the gradient is that reaches back k steps: vanishing and exploding gradients.

    It is the norm of dL_t / dh_(t-k): how much the state k steps ago has to
    do with the loss now, where the state is all that is carried from step to
    step, an LSTM's cell too. Where it vanishes, nothing is learned about what
    lies further back. It takes PyTorch, and a model of a text.

    charnn plot gradients rnn lstm gru --untrained
    charnn plot gradients --steps 300 --text other.txt -o far.svg
    """
    from charnn.cli.notices import say_that_it_loads
    from charnn.models import pictures
    from charnn.plots.training import draw_gradients

    chosen = found_models(every_name(models, named), "language-model")
    say_that_it_loads()
    found = pictures.gradient_reaches(chosen, text_of(text), steps=steps, seed=seed or 0, fresh=fresh)
    if as_json:
        for reach in found:
            print_numbers(model=reach.name, untrained=reach.is_fresh, seed=seed or 0, norms=reach.norms_K)
        return
    write_picture(lambda look: draw_gradients(found, look), out, "gradients", dark=dark)
