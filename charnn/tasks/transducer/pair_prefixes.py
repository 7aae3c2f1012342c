"""The prefixes of the targets of sources, each once for its source: the targets that a beam finds have most in common.

Shapes: P prefixes of all sources, the empty ones among them; K shapes of graphones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from charnn.tasks.transducer.graphones import NONE, SHAPES, Graphones, Ids

Places = npt.NDArray[np.intp]


class Prefixes:
    """Those of some pairs of sources and targets."""

    def __init__(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], chosen: Sequence[int]
    ) -> None:
        """`chosen` are the numbers of the pairs that are looked at. Pairs of one source are best neighbours."""
        symbols, before, of = list[int](), list[int](), list[int]()
        roots, different, ends = list[int](), list[Sequence[int]](), list[int]()
        longer: dict[tuple[int, int], int] = {}
        for n in chosen:
            if not different or different[-1] != sources[n]:
                roots.append(len(symbols))
                symbols.append(NONE)
                before.append(len(symbols) - 1)
                of.append(len(different))
                different.append(sources[n])
            place = roots[-1]
            for symbol in targets[n]:
                found = longer.setdefault((place, symbol), len(symbols))
                if found == len(symbols):
                    symbols.append(symbol)
                    before.append(place)
                    of.append(len(roots) - 1)
                place = found
            ends.append(place)
        self.roots = np.array(roots)
        """The places of the empty prefixes."""
        self.symbols_P = np.array(symbols)
        """The last symbol of each; NONE of the empty ones."""
        self._before_P, self._of_P = np.array(before), np.array(of)
        self._chosen, self._ends = np.array(chosen), np.array(ends)
        lengths = np.array([len(source) for source in different])
        self._lengths = lengths[self._of_P[self._ends]]
        self._sources = np.full((len(different), int(lengths.max())), NONE)
        for row, source in zip(self._sources, different, strict=True):
            row[: len(source)] = source

    def before(self, symbols: int) -> Places:
        """The place (P,) of each prefix without its last so many symbols. One that has fewer has any place."""
        places = np.arange(len(self.symbols_P))
        for _ in range(symbols):
            places = self._before_P[places]
        return places

    def ended(self, read: int) -> tuple[Places, Places]:
        """The numbers of the pairs whose source has so many symbols, and the places of their targets."""
        which = np.flatnonzero(self._lengths == read)
        return self._chosen[which], self._ends[which]

    def rows(self, graphones: Graphones) -> Iterator[list[Ids]]:
        """For each number of symbols that are read, from 1, the codes (P,) of the graphones of each shape that end
        there and with each prefix; NONE where there is none."""
        size = graphones.outputs + 1
        one_P = np.where(self.symbols_P == NONE, NONE, self.symbols_P + 1)
        first_P = one_P[self._before_P]
        two_P = np.where((one_P == NONE) | (first_P == NONE), NONE, first_P * size + one_P)
        written = (np.zeros(len(one_P), np.int64), one_P, two_P)
        above_P = np.full(len(one_P), NONE)
        for source in self._sources.T:
            here_P = source[self._of_P]
            here_P = np.where(here_P == NONE, NONE, here_P + 1)
            both_P = np.where((here_P == NONE) | (above_P == NONE), NONE, above_P * (graphones.inputs + 1) + here_P)
            read = (here_P, both_P)
            codes = []
            for taken, given in SHAPES:
                read_P, written_P = read[taken - 1], written[given]
                is_one_P = (read_P != NONE) & (written_P != NONE)
                codes.append(np.where(is_one_P, read_P * size**2 + written_P, NONE))
            above_P = here_P
            yield codes
