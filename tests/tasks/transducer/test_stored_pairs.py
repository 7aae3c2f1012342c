"""Pairs come out of little memory as they went in, and equal ones are found by their keys."""

from __future__ import annotations

from collections import Counter
from math import isqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.dataset import references, with_fewer_repetitions
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.stored_lookup import StoredLookup
from charnn.tasks.transducer.stored_pairs import Groups, StoredPairs

SIDES = st.text(alphabet="aé語", min_size=1, max_size=2)
PAIRS = st.lists(
    st.builds(Pair, SIDES, SIDES, st.sampled_from(["", "V;PST"]), st.integers(1, 99), st.sampled_from(["f", "g"])),
    max_size=12,
)


def given_of(pair: Pair) -> tuple[str, str]:
    return pair.source, pair.features


@given(PAIRS, st.data())
def test_pairs_and_any_choice_of_them_are_those_that_were_read(pairs: list[Pair], data: st.DataObject) -> None:
    stored = StoredPairs(pairs)
    assert stored == pairs
    assert list(stored.sources()) == [pair.source for pair in pairs]
    assert list(stored.targets()) == [pair.target for pair in pairs]
    places = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=9) if pairs else st.just([]))
    chosen, expected = stored.chosen(np.array(places, np.int64)), [pairs[place] for place in places]
    assert chosen == expected
    assert chosen[2:] == expected[2:]
    assert chosen.target_characters == sum(len(pair.target) for pair in expected)
    assert chosen.has_features == any(pair.features for pair in expected)


@given(PAIRS)
def test_keys_are_equal_where_what_they_stand_for_is(pairs: list[Pair]) -> None:
    stored = StoredPairs(pairs)
    for keys, of in (
        (stored.source_keys, [(pair.source,) for pair in pairs]),
        (stored.given_keys, [given_of(pair) for pair in pairs]),
        (stored.keys, [(*given_of(pair), pair.target) for pair in pairs]),
    ):
        groups = Groups.of(keys)
        found = [groups.places(group).tolist() for group in range(len(groups))]
        expected = {one: [place for place, other in enumerate(of) if other == one] for one in of}
        assert found == list(expected.values())
        assert groups.firsts.tolist() == [places[0] for places in expected.values()]


@given(PAIRS)
def test_what_recurs_is_kept_as_often_as_the_root_of_its_number_the_first_ones_of_it(pairs: list[Pair]) -> None:
    counts, seen, expected = Counter((*given_of(p), p.target) for p in pairs), Counter[tuple[str, ...]](), []
    for pair in pairs:
        key = (*given_of(pair), pair.target)
        seen[key] += 1
        if seen[key] <= isqrt(counts[key] - 1) + 1:
            expected.append(pair)
    assert with_fewer_repetitions(pairs) == expected


@given(PAIRS)
def test_each_source_of_a_list_has_its_targets_in_the_order_in_which_they_come(pairs: list[Pair]) -> None:
    distinct = list({(*given_of(pair), pair.target): pair for pair in pairs}.values())
    targets: dict[tuple[str, str], list[str]] = {}
    for pair in distinct:
        targets.setdefault(given_of(pair), []).append(pair.target)
    found = references(distinct)
    assert {(one.source, one.features): one.targets for one in found} == targets
    assert list(found[1:3]) == list(found)[1:3]


@given(PAIRS)
def test_the_target_that_comes_most_often_is_looked_up(pairs: list[Pair]) -> None:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for pair in pairs:
        counts.setdefault(given_of(pair), Counter())[pair.target] += 1
    lookup, stored = Lookup.of(pairs), StoredLookup(StoredPairs(pairs))
    assert {key: lookup.find(*key) for key in counts} == {k: c.most_common(1)[0][0] for k, c in counts.items()}
    assert {key: stored.find(*key) for key in counts} == {key: lookup.find(*key) for key in counts}
    assert stored.find("no such source") is None
    assert (len(stored), stored.targets) == (len(lookup), lookup.targets)
    assert stored.to_bytes() == lookup.to_bytes()
