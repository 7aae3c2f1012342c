"""Sentences to tagged sentences, as they come."""

from charnn.tagging.inputs import Inputs
from charnn.tagging.stream import Tagged, tag_stream
from charnn.tagging.tagger import Tagger
from charnn.tagging.tags import Tags, Wanted
from charnn.tagging.writer import TagWriter

__all__ = ["Inputs", "TagWriter", "Tagged", "Tagger", "Tags", "Wanted", "tag_stream"]
