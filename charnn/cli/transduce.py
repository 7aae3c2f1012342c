"""`charnn transduce`: reads a stream of lines and writes the target of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import options
from charnn.errors import UsageError
from charnn.tasks.transducer.config import DEFAULT_BEAM

if TYPE_CHECKING:
    from charnn.tasks.transducer.use.line_transducer import LineTransducer, Source, Target
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
            "a model has n-grams of aligned pairs beside its network, they rank the targets that two and more find, "
            "and may propose some.",
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
        options.min_confidence("Write the text of --unsure for each target whose probability is below P."),
    ] = None,
    unsure: Annotated[
        str | None,
        options.unsure("Write TEXT for the targets below --min-confidence."),
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

    from charnn.cli import console
    from charnn.cli.notices import announce
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.transducer.use.line_transducer import TransduceOptions
    from charnn.tasks.transducer.use.model import Transducer
    from charnn.tasks.transducer.use.stream import read_sources, transduce_stream

    options.check_unsure(unsure, min_confidence, "targets")
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
    about = {"model": str(loaded.path), **({"seed": chosen_seed} if sample else {})} if as_json else None
    writer = _Writer(nbest, min_confidence, unsure, keep_source=keep_source, about=about)
    notices = _Notices(loaded)
    output = console.Output("utf-8" if as_json else encoding)
    options.announce_terminal(files)
    announce(loaded.directory, model, seed=chosen_seed if sample else None)
    view = None
    with loaded:
        transducer = loaded.line_transducer
        if attention is not None:
            view = _AttentionView(transducer, attention, str(loaded.path))
        read = read_sources(files or ["-"], has_features=has_features, encoding=encoding, on_error=on_error)
        for block in transduce_stream(read, transducer, wanted):
            for source, targets in block:
                notices.see(source, targets)
            if view is not None:
                view.see(block)
            show = view.table if view is not None and view.writes_tables else writer.line
            output.write("".join(show(source, targets) for source, targets in block))
    notices.report()
    if view is not None:
        view.report()


class _AttentionView:
    """Shows attention: as a picture of the first line that has a target, or as tables in place of targets."""

    def __init__(self, transducer: LineTransducer, path: str, model: str) -> None:
        """Raises UsageError where the model has no attention, or where the picture cannot have that name."""
        transducer.attending  # noqa: B018 - raises where there is none
        self._transducer, self._path, self._model = transducer, Path(path), model
        self.writes_tables = path == "-"
        self._is_drawn = self.writes_tables
        if not self.writes_tables:
            from charnn.plots.canvas import check_png

            check_png(self._path, "attention")

    def see(self, block: list[tuple[Source, list[Target]]]) -> None:
        """Draws the picture once there is a target. Raises OutputError where it cannot be written."""
        for source, targets in block:
            if not self._is_drawn and targets and source.text:
                from charnn.plots.network import save_attention

                found = self._transducer.attention(source, targets[0].text)
                save_attention(found.source, found.target, found.weights_TS, self._path, title=self._model)
                self._is_drawn = True

    def report(self) -> None:
        """Warns where there was no line to draw."""
        from charnn.cli import console

        if not self._is_drawn:
            console.warn(f"--attention {self._path}: no line has a target, so there is nothing to draw")

    def table(self, source: Source, targets: list[Target]) -> str:
        """The table of a line, and an empty line after it; a line without a target is an empty line."""
        if not targets or not source.text:
            return "\n"
        return self._transducer.attention(source, targets[0].text).to_table() + "\n"


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


class _Writer:
    """Writes targets as lines, or as JSON objects if they are to say `about` which model they are."""

    def __init__(
        self,
        nbest: int | None,
        min_confidence: float | None,
        unsure: str | None,
        *,
        keep_source: bool,
        about: dict[str, Any] | None,
    ) -> None:
        self._nbest, self._least, self._unsure = nbest, min_confidence, unsure
        self._keep_source, self._about = keep_source, about

    def line(self, source: Source, targets: list[Target]) -> str:
        if self._about is not None:
            return json.dumps({**self._record(source, targets), **self._about}, ensure_ascii=False) + "\n"
        if self._nbest is None:
            cells = [self._shown(targets[0]) if targets else ""]
        elif not source.text:
            cells = [""]
        else:
            cells = [cell for one in targets for cell in (self._shown(one), f"{one.log_probability:.4f}")]
        before = [part for part in (source.text, source.features) if part] if self._keep_source else []
        return "\t".join([*before, *cells]) + "\n"

    def _shown(self, target: Target) -> str:
        if not self._is_unsure(target):
            return target.text
        return options.UNSURE if self._unsure is None else self._unsure

    def _is_unsure(self, target: Target) -> bool:
        return self._least is not None and target.probability < self._least

    def _record(self, source: Source, targets: list[Target]) -> dict[str, Any]:
        record: dict[str, Any] = {"file": source.file, "line": source.line, "source": source.text}
        if source.features:
            record["features"] = source.features
        best = targets[0] if targets else None
        record["target"] = None if best is None else self._unsure if self._is_unsure(best) else best.text
        record |= {} if best is None else _figures(best)
        if self._nbest is not None:
            record["nbest"] = [{"target": one.text, **_figures(one)} for one in targets]
        return record


def _figures(target: Target) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "log_probability": round(target.log_probability, 6), "probability": round(target.probability, 6)
    }  # fmt: skip
    figures |= {"looked_up": True} if target.is_looked_up else {}
    return figures | ({"cut": True} if target.is_cut else {})


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
