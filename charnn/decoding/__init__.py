"""From the scores that a network gives the words of sentences to tags, and to their probabilities; numpy alone."""

from charnn.decoding.beam import beam_search
from charnn.decoding.crf import CrfDecoder
from charnn.decoding.decoder import Decoder, Decoding
from charnn.decoding.feedback import FeedbackDecoder
from charnn.decoding.independent import IndependentDecoder
from charnn.decoding.saved import decoder_from, saved_arrays

__all__ = [
    "CrfDecoder",
    "Decoder",
    "Decoding",
    "FeedbackDecoder",
    "IndependentDecoder",
    "beam_search",
    "decoder_from",
    "saved_arrays",
]
