"""Makes one vector of each word from its spelling alone.

Shapes: N words, L characters of the longest of them (marks counted), A affixes, D the size of a vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.network.bidirectional import Bidirectional
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.graph import WIDTHS
from charnn.tasks.tagger.lexicon import AFFIX_BUCKETS, SHAPES


class ConvolutionReader(nn.Module):
    """Convolves the characters and takes the largest value of each unit in the word (Santos and Zadrozny 2014)."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv1d(input_size, size, width, padding=width // 2) for width in WIDTHS)
        self.size = size * len(WIDTHS)

    def forward(self, x_NLE: Tensor, lengths_N: Tensor) -> Tensor:
        inside_N1L = (torch.arange(x_NLE.shape[1], device=x_NLE.device) < lengths_N[:, None])[:, None]
        x_NEL = x_NLE.transpose(1, 2) * inside_N1L
        # Units are not negative, so a 0 beyond the word's end is the largest only where all are 0.
        return torch.cat(
            [(functional.relu(convolution(x_NEL)) * inside_N1L).amax(2) for convolution in self.convolutions], 1
        )


class RecurrentReader(nn.Module):
    """Takes the last states of two LSTMs, one that reads forwards and one backwards (Ling et al. 2015)."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.recurrent = Bidirectional("lstm", input_size=input_size, hidden_size=size, layers=1)
        self.size = 2 * size

    def forward(self, x_NLE: Tensor, lengths_N: Tensor) -> Tensor:
        y_NLF = self.recurrent(x_NLE, lengths_N)
        ahead, back = y_NLF.chunk(2, -1)
        last_N11 = (lengths_N - 1)[:, None, None].expand(-1, 1, ahead.shape[2])
        return torch.cat([ahead.gather(1, last_N11)[:, 0], back[:, 0]], 1)


class WordReader(nn.Module):
    """Reads a word's spelling: its characters one by one, its beginnings and ends, and its capitals."""

    def __init__(self, config: TaggerNetworkConfig) -> None:
        super().__init__()
        self.characters = nn.Embedding(config.characters, config.character_size)
        kind = ConvolutionReader if config.words_from == "cnn" else RecurrentReader
        self.reader = kind(config.character_size, config.reader_size)
        self.shapes = nn.Embedding(SHAPES, config.shape_size)
        self.affixes = nn.Embedding(AFFIX_BUCKETS, config.affix_size, padding_idx=0)
        nn.init.normal_(self.characters.weight)
        nn.init.normal_(self.affixes.weight, std=0.3)
        with torch.no_grad():
            self.affixes.weight[0] = 0
        self.affix_dropout = config.affix_dropout
        self.size = self.reader.size + config.shape_size + config.affix_size

    def forward(self, characters_NL: Tensor, lengths_N: Tensor, affixes_NA: Tensor, shapes_N: Tensor) -> Tensor:
        """The vectors (N, D). They do not depend on how far rows are padded. Training mode drops affixes."""
        read_ND = self.reader(self.characters(characters_NL), lengths_N)
        if self.training and self.affix_dropout:
            dropped_NA = torch.rand(affixes_NA.shape, device=affixes_NA.device) < self.affix_dropout
            affixes_NA = affixes_NA.masked_fill(dropped_NA, 0)
        return torch.cat([read_ND, self.shapes(shapes_N), self.affixes(affixes_NA).sum(1)], 1)
