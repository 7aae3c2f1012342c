r"""What a tagger says of a word beyond its tag, in MISC, the last column of CoNLL-U.

The probability of a tag is `UposProb=0.9312`, and the best tags are `UposBest=NOUN:0.9312,VERB:0.0511`, best first.
What these keys held before is replaced; everything else stays. What MISC cannot hold is escaped as UDPipe does: `\p` is
a |, `\s` a space, `\\` a \. A tag may be `,` or `:`, and is still told apart: a colon and a number follow each.
"""

from __future__ import annotations

from collections.abc import Sequence

from charnn.tasks.tagger.formats.sentence import Annotation, written_alternatives, written_probability

_ESCAPES = str.maketrans({"|": r"\p", " ": r"\s", "\\": "\\\\"})


def annotated(misc: str, word: int, annotations: Sequence[Annotation]) -> str:
    """What MISC held, and what the annotations say of the word beyond its tags."""
    added: dict[str, str] = {}
    for annotation in annotations:
        key = annotation.column.capitalize()
        if annotation.probabilities is not None:
            added[f"{key}Prob"] = written_probability(annotation.probabilities[word])
        if annotation.alternatives is not None:
            best = [(tag.translate(_ESCAPES), probability) for tag, probability in annotation.alternatives[word]]
            added[f"{key}Best"] = written_alternatives(best, ",")
    kept = [] if misc in ("_", "") else [item for item in misc.split("|") if item.partition("=")[0] not in added]
    return "|".join([*kept, *(f"{key}={value}" for key, value in added.items())]) or "_"
