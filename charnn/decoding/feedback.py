"""The tag of a word is an input of the next: the recurrence from output to hidden layer.

Goodfellow, Bengio and Courville 2016, figure 10.4, over an encoder's features h_t:

    s_t = tanh(W h_t + b + U[y_{t-1}])        the scores are W h_t + b
    logits_t = V s_t + c

U has a row for every tag, and a last one for the place before the first word.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.decoding.beam import beam_search
from charnn.decoding.decoder import Decoding, Lengths, Scores, Tags
from charnn.decoding.ragged import groups, words
from charnn.decoding.softmax import softmax


class FeedbackDecoder:
    """A `Decoder` that chooses the best tag of each word in turn and feeds it back, or searches with a beam.

    It computes in the precision of its weights, in fp32 at least.
    """

    def __init__(
        self,
        tag_vectors_KS: npt.NDArray[np.floating],
        output_weight_KS: npt.NDArray[np.floating],
        output_bias_K: npt.NDArray[np.floating],
        *,
        beam: int = 1,
    ) -> None:
        """U (K + 1, S), V (K, S) and c (K). `beam` is how many tags are kept open at each word, from 1, which is
        greedy, to K and above, which is exact."""
        assert beam >= 1
        self.tags, self.score_size = output_weight_KS.shape
        self.beam = beam
        self._dtype = np.result_type(np.float32, tag_vectors_KS, output_weight_KS, output_bias_K)
        self._tag_vectors_KS = tag_vectors_KS.astype(self._dtype)
        self._output_weight_SK = np.ascontiguousarray(output_weight_KS.T, self._dtype)
        self._output_bias_K = output_bias_K.astype(self._dtype)

    def decode(self, scores_BTS: Scores, lengths_B: Lengths, *, probabilities: bool = False) -> Decoding:
        """As `Decoder.decode`. The probabilities of a word are conditional on the tag chosen for the word before it,
        as if that were certain. Of equally good tags the greedy choice takes the lowest id."""
        word_BT = words(scores_BTS, lengths_B, self.score_size)
        scores_BTS = scores_BTS.astype(self._dtype, copy=False)
        if self.beam == 1:
            tags_BT = self._greedy(scores_BTS, lengths_B)
        else:
            tags_BT = beam_search(self, scores_BTS, lengths_B, min(self.beam, self.tags))
        if not probabilities:
            return Decoding(tags_BT, None)
        previous_BT = np.roll(tags_BT, 1, axis=1)
        previous_BT[:, :1] = self.tags
        probabilities_BTK = np.zeros((*tags_BT.shape, self.tags), np.float32)
        probabilities_BTK[word_BT] = softmax(self.logits(scores_BTS[word_BT], previous_BT[word_BT]))
        return Decoding(tags_BT, probabilities_BTK)

    def logits(self, scores: Scores, previous: npt.NDArray[np.integer]) -> Scores:
        """Logits (..., K) of the words with these scores (..., S) after these tags (...); K is the tag before the first
        word. The leading axes of the two are broadcast."""
        hidden = np.tanh(scores + self._tag_vectors_KS[previous])
        # One product a word: a product of all words at once may round a word's logits differently beside others.
        product: Scores = np.matmul(hidden[..., None, :], self._output_weight_SK)[..., 0, :]
        product += self._output_bias_K
        return product

    def _greedy(self, scores_BTS: Scores, lengths_B: Lengths) -> Tags:
        tags_BT = np.zeros(scores_BTS.shape[:2], np.int32)
        for rows, active_T in groups(lengths_B, max(self.tags, self.score_size)):
            tags_TB = np.zeros((len(active_T), len(rows)), np.int32)
            previous_B = np.full(len(rows), self.tags)
            for t, n in enumerate(active_T):
                previous_B = self.logits(scores_BTS[rows[:n], t], previous_B[:n]).argmax(-1)
                tags_TB[t, :n] = previous_B
            tags_BT[rows, : len(active_T)] = tags_TB.T
        return tags_BT
