"""The Python API beside what tests/tasks/test_contract.py has of it: laziness, types and errors."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import charnn
from charnn.errors import CorpusError, ModelNotFoundError, UsageError
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.tagger.use.model import Tagger
from tests.paths import GOLDEN

TEXT_MODEL, TAGGER = GOLDEN / "format-1", GOLDEN / "tagger-1"
PROMPT = "a "


def model() -> LanguageModel:
    loaded = charnn.load(TEXT_MODEL)
    assert isinstance(loaded, LanguageModel)
    return loaded


def test_a_sample_comes_in_pieces_as_it_is_made() -> None:
    pieces = list(model().sample(PROMPT, seed=3, length=40))
    assert len(pieces) > 10


def test_lines_before_one_that_cannot_be_read_are_scored() -> None:
    def lines() -> Iterator[str]:
        yield "an a"
        raise CorpusError("the rest cannot be read")

    scores = model().score(lines())
    assert next(scores).text == "an a"
    with pytest.raises(CorpusError):
        next(scores)


def test_no_name_is_not_the_latest_model() -> None:
    with pytest.raises(UsageError, match="empty"):
        charnn.load("")


def test_the_type_of_a_model_can_load_it() -> None:
    assert Tagger.load(TAGGER).columns == charnn.load(TAGGER).columns


LEARNED = {
    "corpus": "format-1",
    "reviews": "classifier-1",
    "sales": "forecaster-1",
    "treebank": "tagger-1",
    "words": "transducer-ngrams-1",
}
"""Golden models for the names that the examples have."""


@pytest.mark.filterwarnings("ignore:the model has never seen")
@pytest.mark.parametrize("name", ["Classifier", "Forecaster", "LanguageModel", "Memory", "Tagger", "Transducer"])
def test_the_example_of_each_class_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints").mkdir()
    for learned, golden in LEARNED.items():
        (tmp_path / "checkpoints" / learned).symlink_to(GOLDEN / golden)
    monkeypatch.chdir(tmp_path)
    kind = getattr(charnn, name)
    example = textwrap.dedent(kind.__doc__.partition("\n\n")[2])
    found: dict[str, Any] = {"charnn": charnn}
    exec(example, found)
    assert type(found[example.split()[0]]) is kind
    assert all(found.values())


def test_all_that_is_offered_is_there_and_nothing_of_it_is_imported_before_it_is_asked_for() -> None:
    assert set(charnn.__all__) <= set(dir(charnn))
    assert all(hasattr(charnn, name) for name in charnn.__all__)
    code = (
        "import charnn, sys; dir(charnn); print([n for n in ('numpy', 'charnn.errors', 'torch') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"


def test_what_is_wrong_is_an_error_of_charnns(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        charnn.load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--stopping is for texts"):
        charnn.train("treebank.txt", task="tagger", stopping="length")


CLASSIFIER, TRANSDUCER = GOLDEN / "classifier-1", GOLDEN / "transducer-1"
METHODS: dict[str, Callable[[Any], Any]] = {
    "classify": lambda given: charnn.load(CLASSIFIER).classify(given),
    "transduce": lambda given: charnn.load(TRANSDUCER).transduce(given),
    "score": lambda given: list(charnn.load(TEXT_MODEL).score(given)),
    "tag": lambda given: charnn.load(TAGGER).tag(given),
    "words": lambda given: charnn.load(TAGGER).words(given),
    "recall": lambda given: charnn.Memory(["Leeds", "York"]).recall(given),
    "Memory": lambda given: charnn.Memory(given).lines,
}
GIVEN: dict[str, list[Any]] = {"transduce": ["walk\tPST", "", "bé 🧊\tPST"], "tag": [["the", "cat"], [], ["🧊"]]}
"""What a method takes, where it is not a list of texts."""


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_one_by_one_is_the_same_as_a_list_and_a_single_text_is_none(method: str) -> None:
    call, given = METHODS[method], GIVEN.get(method, ["a fox", "", "bé 🧊"])
    assert str(call(iter(given))) == str(call(given))
    for wrong in ("a fox", b"a fox", None, 3):
        with pytest.raises(UsageError, match=f"^{method} takes a list of") as refused:
            call(wrong)
        assert refused.value.hint == f"put it into a list: {method}([...])"
    for wrong in ([given[0], None], [given[0], b"fox"], [given[0], 3]):
        with pytest.raises(UsageError, match=f"{method}: (text|sentence) 2 is of type"):
            call(wrong)
    assert method == "Memory" or call([]) == []


def test_a_sentence_is_a_list_of_words_and_no_text() -> None:
    with pytest.raises(UsageError, match="sentence 1 is of type str, and should be a list of words") as refused:
        charnn.load(TAGGER).tag(["the cat"])
    assert "words" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: charnn.load(None), "load: None is no path"),  # type: ignore[arg-type]
        (lambda: charnn.load(TAGGER, precision="fp16"), "there is no precision 'fp16'"),  # type: ignore[arg-type]
        (lambda: charnn.load(TAGGER, threads=0), "0 threads: give a whole number"),
        (lambda: charnn.train(["a.txt"]), "is no path"),  # type: ignore[arg-type]
        (lambda: charnn.train("a.txt", layers="two"), "--layers two: give a whole number"),
        (lambda: charnn.train("a.txt", layers=0), "--layers 0: give a whole number of at least 1"),
        (lambda: charnn.train("a.txt", dropout=1.5), "--dropout 1.5: give a number from 0 to 0.99"),
        (lambda: charnn.train("a.txt", documents="lines"), "--documents lines: choose file, paragraph, line"),
        (lambda: charnn.train("a.txt", residual=1), "--residual 1: give True or False"),
        (lambda: charnn.train("a.txt", valid=3), "--valid: 3 is no path"),
        (lambda: charnn.train("a.txt", time=-3), "--time -3: not a duration"),
        (lambda: charnn.train("a.txt", time=60, steps=3), "--time, --epochs and --steps: give one of them"),
        (lambda: charnn.train("a.txt", folds="three"), "--folds three: give a whole number"),
        (lambda: charnn.train("a.txt", folds=1), "--folds 1: give a whole number of at least 2"),
        (lambda: charnn.train("a.txt", folds=2, layers="two"), "--layers two: give a whole number"),
        (lambda: charnn.train(["a.txt"], folds=2), "is no path"),  # type: ignore[arg-type]
        (lambda: model().sample(None), "the text is of type NoneType"),  # type: ignore[arg-type]
        (lambda: model().sample("a", temp=1), "sample: temp is no option"),
        (lambda: model().sample("a", temperature="hot"), "sample: temperature='hot' is not of its type, float"),
        (lambda: model().sample("a", length=2.5), "sample: length=2.5 is not of its type, int | None"),
        (
            lambda: charnn.load(TRANSDUCER).transduce(["an\tPST"], beam=2.5),
            "transduce: beam=2.5: give a whole number of at",
        ),
        (
            lambda: charnn.load(TRANSDUCER).transduce(["an\tPST"], beam=True),
            "transduce: beam=True: give a whole number",
        ),
        (
            lambda: charnn.load(TRANSDUCER).transduce(["an\tPST"], pattern=3),
            "transduce: pattern: the text is of type int",
        ),
        (lambda: charnn.load(GOLDEN / "forecaster-1").forecast(horizon=True), "a horizon of True steps"),
        (lambda: model().sample("a", length=True), "sample: length=True is not of its type"),
        (lambda: model().sample("a", stop_strings="END"), "sample: stop_strings='END' is not of its type, tuple"),
        (lambda: model().sample("a", filters=["top"]), "sample: filters=['top'] is not of its type"),
        (lambda: model().sample("a", seed="x"), "sample: seed='x': give a whole number of at least 0"),
        (lambda: model().sample("a", seed=-1), "sample: seed=-1: give a whole number of at least 0"),
        (lambda: charnn.load(TRANSDUCER).transduce(["a\tPST"], beam="5"), "transduce: beam='5': give a whole"),
    ],
)
def test_what_is_given_in_vain_is_an_error_that_names_it(
    call: Callable[[], Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a text\n")
    with pytest.raises(UsageError, match=re.escape(said)):
        call()


USES: dict[Path, Callable[[Any], Any]] = {
    TEXT_MODEL: lambda one: [line.nats for line in one.score(["an ant"])],
    TAGGER: lambda one: one.tag([["the", "cat"]])[0]["upos"].tags,
    CLASSIFIER: lambda one: one.classify(["an ant"])[0].probabilities,
    TRANSDUCER: lambda one: one.transduce(["an\tPST"]),
    GOLDEN / "forecaster-1": lambda one: one.config.training.window_length,
}


@pytest.mark.parametrize("path", USES, ids=lambda path: path.name)
def test_a_model_is_copied_and_pickled_whether_it_was_used_or_not(path: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(path.parent)
    loaded, use = charnn.load(path.name, precision="fp32", threads=2), USES[path]
    unused = pickle.dumps(loaded)
    said = use(loaded)
    used, copied = pickle.dumps(loaded), copy.deepcopy(loaded)
    monkeypatch.chdir(tmp_path)
    for other in (copied, pickle.loads(unused), pickle.loads(used)):
        assert (type(other), other.path) == (type(loaded), path)
        assert use(other) == said
        other.close()
    assert (pickle.loads(used).precision, pickle.loads(used).threads) == ("fp32", 2)
    assert repr(loaded) == f"{type(loaded).__name__}({path.name!r})"
    loaded.close()


def _labels_of(given: tuple[Any, str]) -> str:
    classifier, text = given
    return classifier.classify([text])[0].label


def test_a_model_is_used_by_the_processes_of_a_pool() -> None:
    classifier = charnn.load(CLASSIFIER)
    texts = ["an ant", "the cat"]
    expected = [one.label for one in classifier.classify(texts)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_labels_of, [(classifier, text) for text in texts]) == expected


def test_a_model_that_has_learned_from_what_it_read_is_not_copied_without_that() -> None:
    loaded = charnn.load(TEXT_MODEL, adapt=True)
    with pytest.raises(UsageError, match="cannot be copied"):
        pickle.dumps(loaded)
