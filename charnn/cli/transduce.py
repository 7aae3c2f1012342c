"""`charnn transduce`: reads a stream of lines and writes the target of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import confidence, options
from charnn.errors import UsageError
from charnn.tasks.transducer.config import DEFAULT_BEAM

if TYPE_CHECKING:
    from charnn.tasks.transducer.use.line_transducer import Source, Target
    from charnn.tasks.transducer.use.model import Transducer


def transduce(
    files: options.Files = None,
    model: options.Model = None,
    beam: Annotated[
        int | None,
        typer.Option(
            "--beam",
            metavar="N",
            min=1,
            help="Follow N hypotheses side by side to find the most probable target; 1 is greedy, and fastest. Where "
            "a model has n-grams of aligned pairs beside its network, edits where pairs have features, or words where "
            "pairs are lines, they rank the targets that two and more find, and may propose some.",
            show_default=str(DEFAULT_BEAM),
        ),
    ] = None,
    nbest: Annotated[
        int | None,
        typer.Option(
            "--nbest",
            metavar="K",
            min=1,
            help="Write the K likeliest targets of each line, each with its log-probability in nats, with tabs between "
            "them. At least K hypotheses are followed, whatever --beam says.",
            show_default=False,
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            "--pattern",
            metavar="REGEX",
            help="Write only targets that match this regular expression as a whole.",
            show_default=False,
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        confidence.min_confidence("Write the text of --unsure for each target whose probability is below P."),
    ] = None,
    unsure: Annotated[
        str | None,
        confidence.unsure("Write TEXT for the targets below --min-confidence."),
    ] = None,
    keep_source: Annotated[
        bool, typer.Option("--keep-source", help="Write the line itself and a tab before its target.")
    ] = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="Draw each target at random, as probable as the model finds it.")
    ] = False,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temp",
            metavar="X",
            min=0,
            help="With --sample, draw more of what is probable (X below 1) or more of what is not (X above 1).",
            show_default="1",
        ),
    ] = None,
    seed: options.Seed = None,
    attention: Annotated[
        str | None,
        typer.Option(
            "--attention",
            metavar="FILE.png|-",
            help="Draw where the network looked for each symbol of the first line's target as a picture. - writes a "
            "table instead, for every line and in place of its target: the columns are the source, a row is a symbol "
            "of the target, and the numbers are percent.",
            show_default=False,
        ),
    ] = None,
    encoding: options.Encoding = "utf-8",
    on_error: options.OnError = "fail",
    precision: options.Precision = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Write the target of each line: its sound, its inflected form, its modern spelling or whatever else was learned.

    Lines keep their order, and an empty line stays empty. On a slow pipe
    each line is answered as soon as it comes. A model that learned features
    wants them after a tab: source, tab, features.

    charnn transduce < words.txt
    charnn transduce --nbest 3 names.txt
    charnn transduce test.tsv --keep-source
    echo enough | charnn transduce --attention -
    """
    import secrets

    from charnn.cli import console, transduce_views
    from charnn.cli.notices import announce
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.transducer.use.line_transducer import TransduceOptions
    from charnn.tasks.transducer.use.model import Transducer
    from charnn.tasks.transducer.use.stream import read_sources, transduce_stream

    threshold = confidence.Threshold.of(min_confidence, unsure, "targets")
    _check(nbest, beam, temperature, seed, sample=sample)
    if attention == "-" and (as_json or nbest is not None or keep_source or min_confidence is not None):
        raise UsageError(
            "--attention - writes tables in place of targets: leave --json, --nbest, --keep-source and "
            "--min-confidence out"
        )
    check_encoding(encoding)
    loaded = Transducer.find(model, precision=precision, threads=options.processors())
    drawn = (1.0 if temperature is None else temperature) if sample else None
    chosen_seed = secrets.randbelow(1 << 31) if seed is None else seed
    wanted = TransduceOptions(beam or DEFAULT_BEAM, nbest or 1, pattern, drawn, chosen_seed)
    has_features = loaded.config.corpus.has_features
    notices, several = _Notices(loaded), nbest is not None
    output = console.Output("utf-8" if as_json else encoding)
    options.announce_terminal(files)
    announce(loaded.directory, model, seed=chosen_seed if sample else None)
    view: transduce_views.View
    picture = None
    with loaded:
        transducer = loaded.line_transducer
        if attention == "-":
            view = transduce_views.AttentionTables(transducer)
        elif as_json:
            about = {"model": str(loaded.path), **({"seed": chosen_seed} if sample else {})}
            view = transduce_views.ObjectsView(threshold, about, several=several)
        else:
            view = transduce_views.LinesView(threshold, several=several, keep_source=keep_source)
        if attention is not None and attention != "-":
            picture = transduce_views.AttentionPicture(transducer, attention, str(loaded.path))
        read = read_sources(files or ["-"], has_features=has_features, encoding=encoding, on_error=on_error)
        for block in transduce_stream(read, transducer, wanted):
            for source, targets in block:
                notices.see(source, targets)
            if picture is not None:
                picture.see(block)
            output.write(view.text(block))
    notices.report()
    if picture is not None:
        picture.report()


def _check(
    nbest: int | None,
    beam: int | None,
    temperature: float | None,
    seed: int | None,
    *,
    sample: bool,
) -> None:
    if nbest is not None and sample:
        raise UsageError("--nbest seeks the likeliest targets, and --sample draws one: give one of them")
    if beam is not None and sample:
        raise UsageError("--beam seeks the likeliest target, and --sample draws one: give one of them")
    if not sample:
        for option, value in (("--temp", temperature), ("--seed", seed)):
            if value is not None:
                raise UsageError(f"{option} is for --sample", hint="give that too, or leave it out")


class _Notices:
    """Says once what is unknown, and at the end how many targets were cut and how many lines have none."""

    def __init__(self, model: Transducer) -> None:
        self._model = model
        self._said = False
        self._cut = self._none = 0

    def see(self, source: Source, targets: list[Target]) -> None:
        from charnn.cli import console
        from charnn.corpora.normal_forms import known_form, named
        from charnn.corpora.pairs import split_features

        self._cut += any(target.is_cut for target in targets)
        self._none += not targets
        if self._said or (targets and targets[0].is_looked_up):
            return
        if unknown := self._model.symbols.unknown_in(source.text, source.features):
            self._said = True
            is_feature = unknown[0] in split_features(source.features)
            done = "copied" if self._model.config.network.copies and not is_feature else "read as an unknown symbol"
            what = "feature" if is_feature else "symbol"
            otherwise = known_form(source.text, lambda text: self._model.symbols.unknown_in(text, ""))
            console.warn(
                f"{source.text:.40}: the {what} {named(unknown[0])} was not in training: it is {done}, and so are "
                f"others{otherwise}"
            )

    def report(self) -> None:
        from charnn.cli import console

        if self._cut:
            console.warn(f"targets that had no end and were cut at the bound on their length: {self._cut:,}")
        if self._none:
            console.warn(f"lines for which no target matches the pattern, and that are left empty: {self._none:,}")
