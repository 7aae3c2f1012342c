"""Tells columns of tags from columns of other things, by what tags look like and how they recur.

Nobody writes tags in one way alone, so there are several kinds of evidence, each enough by itself:

- tags of entities (B-PER, I-PER, O) or of pieces of words (B, M, E, S beside single characters);
- more than half of them are of a set that many treebanks have;
- they are written as tags usually are, and some word is punctuation that is tagged as such;
- they are written as tags usually are, they recur, and the words beside them are more varied than they are.

A list of names with codes, a log, a file of settings or a poem has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FEATURE = r"[A-Z]\w*(?:\[\w+\])?=[^=|\s]+"
_FEATURES = re.compile(rf"{_FEATURE}(?:\|{_FEATURE})*")
_PUNCTUATION_TAG = r"-[LR][RSC]B-|[-.,:;!?$#()\"'`_*]{1,3}"
_TAG = re.compile(
    r"[A-Z][A-Z0-9$*+:|-]*"  # NOUN, PRP$
    r"|[A-Z][A-Za-z0-9]{0,3}"  # Np
    rf"|{_FEATURES.pattern}"
    rf"|{_PUNCTUATION_TAG}"
)
_OTHER_TAG = re.compile(
    r"[A-Za-z][a-z0-9$*+':-]{0,15}"  # np-tl, ppss+bem, obl:tmod, Ncmsn
    r"|(?=[0-9.:>-]*[A-Z])[A-Z0-9]+(?:[.:>-][A-Z0-9]+)*"  # 1SG, 3PL.PST, as linguists gloss
    r"|[^\W\d_a-zA-Z][^\Wa-zA-Z]{0,15}"  # 名詞
    rf"|{_PUNCTUATION_TAG}"
)
_ENTITY_TAG = re.compile(r"[Oo]|[BIESLUMbieslum]-\S+")
_BETWEEN_PARTS = re.compile("[+|_]")
_PIECE_TAGS = frozenset("BIMESO")
_PUNCTUATION = re.compile(r"[^\w\s]+")
_UNIVERSAL = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X CONJ PRT"
_PENN = (
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP TO UH VB VBD VBG VBN VBP VBZ "
    "WDT WP WP$ WRB -LRB- -RRB-"
)
_STUTTGART = (
    "ADJA ADJD APPR APPRART APPO APZR ART CARD ITJ KOUI KOUS KON KOKOM NE PDS PDAT PIS PIAT PIDAT PPER PPOSS PPOSAT "
    "PRELS PRELAT PRF PWS PWAT PWAV PAV PROAV PTKZU PTKNEG PTKVZ PTKANT PTKA TRUNC VVFIN VVIMP VVINF VVIZU VVPP VAFIN "
    "VAIMP VAINF VAPP VMFIN VMINF VMPP $. $, $("
)
_CHINESE = "AD AS BA CS DEC DEG DER DEV ETC LC MSP NR NT OD PN PU VA VC VE VV"
_KOREAN = (
    "NNG NNB NP VX VCP VCN MM MAG MAJ JKS JKC JKG JKO JKB JKV JKQ JX JC EP EF EC ETN ETM XPN XSN XSV XSA XR SF SS SE "
    "SO SW SL SH SN"
)
_KNOWN = frozenset(f"{_UNIVERSAL} {_PENN} {_STUTTGART} {_CHINESE} {_KOREAN}".split())
_ALSO_WORDS = "aux cc ex in ls md num part pos rb rp to uh x"
_KNOWN_SMALL = frozenset(f"{_UNIVERSAL} {_PENN}".lower().split()) - frozenset(_ALSO_WORDS.split())
"""Those of small letters that are not English words or abbreviations, too."""
_UNIVERSAL_TAGS = frozenset(_UNIVERSAL.split()) | frozenset(_UNIVERSAL.lower().split()) | {"."}
_CHUNKS = frozenset(["NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NC", "VC", "PC"])
"""The types of runs of words that are parts of a sentence's syntax."""
_NO_TAG = frozenset({"", "_"})
_MOST = 0.9
"""So many tags that mark runs of words, of all that there are, are those of a column that marks runs of words."""
_FEW_TAGS = 0.5
"""Tags recur: at most so many of them are different ones, as a fraction of the words."""
_MORE_WORDS = 1.5
"""There are at least so many times as many different words as different tags."""
_MANY_WORDS = 12
"""So many words tell whether their tags recur."""
_IRREGULAR_FRACTION = 0.1
"""The fraction of the rows that may be unlike the others; one may in any case."""


def tolerated(rows: Sequence[object]) -> int:
    """How many of these rows may be unlike the others."""
    return max(1, int(_IRREGULAR_FRACTION * len(rows)))


def is_tag(value: str) -> bool:
    """Whether the value is written as most tags are: in capitals, as features, or as punctuation."""
    return _TAG.fullmatch(value) is not None


def is_known(tag: str) -> bool:
    """Whether the tag is of a set that many treebanks have, or is features as Universal Dependencies write them."""
    if tag in _KNOWN or tag in _KNOWN_SMALL or _FEATURES.fullmatch(tag) is not None:
        return True
    return all(part in _KNOWN for part in _BETWEEN_PARTS.split(tag))  # several morphemes, or several that may be right


def usual_name(values: Sequence[str]) -> str:
    """What a column of these tags is usually called: `ner` or `chunk` where they mark runs of words that have types, by
    prefixes or by a type beside many `O`; `upos` and `feats` of Universal Dependencies; `xpos` of other sets that many
    treebanks have; and otherwise `tag`."""
    given = [value for value in values if value not in _NO_TAG]
    outside = given.count("O")
    prefixed = [value for value in given if value != "O" and _ENTITY_TAG.fullmatch(value) and len(value) > 1]
    if prefixed and len(prefixed) + outside >= _MOST * len(given):
        return "chunk" if _CHUNKS.issuperset(value[2:] for value in prefixed) else "ner"
    types = {value for value in given if value != "O"}
    if types and 2 * outside > len(given) and not any(map(is_known, types)) and all(map(str.isalpha, types)):
        return "ner" if any(len(type) > 1 for type in types) else "tag"
    if 2 * sum(value in _UNIVERSAL_TAGS for value in given) > len(given):
        return "upos"
    if 2 * sum(_FEATURES.fullmatch(value) is not None for value in given) > len(given):
        return "feats"
    return "xpos" if 2 * sum(map(is_known, given)) > len(given) else "tag"


def are_tags(values: Sequence[str], words: Sequence[str], *, tolerated: int) -> bool:
    """Whether the values look like the tags of these words; `tolerated` of them may be empty or something else."""
    fewest = len(values) - tolerated
    outside = sum(value == "O" for value in values)
    if sum(_ENTITY_TAG.fullmatch(value) is not None for value in values) >= fewest:
        return any(len(value) > 1 for value in values if value) or outside == len(values)
    if 2 * outside >= len(values) and len(set(words)) > len(set(values)):
        return True
    if _PIECE_TAGS.issuperset(values) and 2 * sum(len(word) == 1 for word in words) > len(words):
        return True
    if 2 * sum(map(is_known, values)) > len(values):
        return True
    written_as_tags = [value for value in values if all(map(_is_written_as_tag, _BETWEEN_PARTS.split(value)))]
    return len(written_as_tags) >= fewest and (_tag_punctuation(values, words) or _recur(values, words))


def _is_written_as_tag(value: str) -> bool:
    return is_tag(value) or _OTHER_TAG.fullmatch(value) is not None


def _tag_punctuation(tags: Sequence[str], words: Sequence[str]) -> bool:
    """Whether words that are punctuation, as sentences have a few, have tags that are punctuation or theirs alone."""
    marks = [tag for word, tag in zip(words, tags, strict=True) if _PUNCTUATION.fullmatch(word)]
    if not marks or 2 * len(marks) > len(words) or _shout(words):
        return False
    if any(_PUNCTUATION.fullmatch(tag) or tag.lower().startswith("pu") for tag in marks):
        return True
    others = {tag for word, tag in zip(words, tags, strict=True) if not _PUNCTUATION.fullmatch(word)}
    return others.isdisjoint(marks) and (len(set(marks)) < len(marks) or all(map(is_tag, tags)))


def _recur(tags: Sequence[str], words: Sequence[str]) -> bool:
    """Whether there are few different tags, but several, beside many different words, which are words rather than
    numbers. A line that comes again, as in a refrain, counts once."""
    pairs = set(zip(words, tags, strict=True))
    if len(pairs) < _MANY_WORDS or _shout(words):
        return False
    if 2 * sum(any(map(str.isalpha, word)) for word in words) < len(words):
        return False
    kinds = len(set(tags))
    return 1 < kinds <= _FEW_TAGS * len(pairs) and _MORE_WORDS * kinds <= len(set(words))


def _shout(words: Sequence[str]) -> bool:
    """Whether the words are in capitals themselves, as in JFK/LAX, I/O and LC_ALL."""
    return 2 * sum(map(str.isupper, words)) >= len(words)
