"""`charnn train TREEBANK --reader`: a tagger that reads each sentence with language models, which it takes in."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from charnn import api, load, train
from charnn.readers.states import SentenceStates
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.data import encoded_words
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.training.distributed.processes import ALONE

SMALL = ("--hidden", "8", "--columns", "tag", "--batch", "4", "--precision", "fp32")
TEXT_MODEL: dict[str, Any] = {"hidden": 12, "layers": 1, "batch": 4, "window": 16, "steps": 60, "precision": "fp32"}


def sentences(number: int, seed: int) -> list[list[tuple[str, str]]]:
    """A word is an A or a B by the word before it, which nothing in its spelling tells."""
    chance, made = random.Random(seed), []
    for _ in range(number):
        words = [chance.choice("kgd") + chance.choice("aiu") for _ in range(6)]
        before = ["k", *words]
        made.append([(word, "A" if last[0] == "k" else "B") for word, last in zip(words, before, strict=False)])
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    made = sentences(60, 1)
    (folder / "bank.tsv").write_text("\n".join("".join(f"{w}\t{t}\n" for w, t in one) for one in made) + "\n")
    (folder / "plain.txt").write_text("".join(f"{' '.join(w for w, _ in one)}\n" for one in sentences(200, 2)))
    (folder / "labelled.tsv").write_text("".join(f"x\t{one[0][0]} {one[1][0]}\n" for one in sentences(60, 3)))
    text = folder / "plain.txt"
    train(text, out=folder / "ahead", **TEXT_MODEL)
    train(text, out=folder / "back", backwards=True, **TEXT_MODEL)
    train(text, out=folder / "bytes", tokenizer="bytes", **TEXT_MODEL)
    train(text, out=folder / "counting", documents="line", stopping="length", **TEXT_MODEL)
    train(folder / "labelled.tsv", out=folder / "labels", conditioned=True, **TEXT_MODEL)
    options = {"columns": "tag", "hidden": 8, "batch": 4, "precision": "fp32", "linear": False}
    readers = [folder / "back", folder / "ahead"]
    train(folder / "bank.tsv", out=folder / "tagger", reader=readers, epochs=4, **options)
    train(folder / "bank.tsv", out=folder / "plain", epochs=1, **options)
    return folder


@pytest.fixture
def tagger(folder: Path, tmp_path: Path) -> Path:
    """One that may be spoilt."""
    return Path(shutil.copytree(folder / "tagger", tmp_path / "tagger"))


def test_the_tagger_stands_alone(charnn: Any, folder: Path, tagger: Path, text_file: Any) -> None:
    text = text_file("ka gi du ka ka gi\ngi\n")
    expected = charnn("tag", text, "-m", folder / "tagger", "--probs")
    assert expected.code == 0, expected.err
    for name in ("ahead", "back"):
        (folder / name).rename(folder / f"{name} elsewhere")
    try:
        shutil.rmtree(tagger / "training")
        alone = charnn("tag", text, "-m", tagger, "--probs")
        checked = charnn("eval", folder / "bank.tsv", "-m", tagger)
    finally:
        for name in ("ahead", "back"):
            (folder / f"{name} elsewhere").rename(folder / name)
    assert (alone.code, alone.out) == (0, expected.out)
    assert checked.code == 0, checked.err


def test_the_weights_of_the_readers_are_those_of_the_language_models_to_the_bit(folder: Path) -> None:
    ours = load_file(folder / "tagger" / "weights.safetensors")
    for name, direction in (("ahead", "forwards"), ("back", "backwards")):
        theirs = load_file(folder / name / "weights.safetensors")
        for weight, array in theirs.items():
            if weight.startswith("head."):
                assert f"readers.{direction}.{weight}" not in ours
            else:
                np.testing.assert_array_equal(ours[f"readers.{direction}.{weight}"], array)


@torch.inference_mode()
def test_what_is_used_is_the_network_that_was_trained(folder: Path) -> None:
    directory = TaggerDirectory(folder / "tagger")
    lexicon, readers = directory.lexicon(), directory.readers()
    config = replace(directory.config().network, guesses_tags=False)  # what guesses is for learning only
    network = TaggerNetwork(config, torch.from_numpy(lexicon.frequencies()), readers=readers).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in directory.weights().items()})
    states = SentenceStates.made_from(readers, spaced=True)
    asked = [[word for word, _ in one][: 1 + n % 6] for n, one in enumerate(sentences(20, 5))]
    found = load(folder / "tagger", precision="fp32").tag(asked, alternatives=2)
    for words, tagged in zip(asked, found, strict=True):
        features_BTF = network(
            encoded_words(lexicon.features(words), torch.device("cpu")),
            torch.arange(len(words))[None],
            torch.tensor([len(words)]),
            torch.from_numpy(states.of([words]).transpose(1, 0, 2)),
        )
        expected_TK = network.heads[0].scores(features_BTF)[0].softmax(-1).numpy()
        for alternatives, expected_K in zip(tagged["tag"].alternatives, expected_TK, strict=True):
            given = [dict(alternatives)[tag] for tag in lexicon.tags["tag"]]
            np.testing.assert_allclose(given, expected_K, atol=1e-5)


def test_info_and_the_card_name_what_reads(charnn: Any, folder: Path) -> None:
    said = charnn("info", "-m", folder / "tagger").text
    rows = [line for line in said.splitlines() if line.startswith("reader ")]
    assert len(rows) == 2
    assert "ahead, forwards: 1 x 12 lstm" in rows[0]
    assert "back, backwards: 1 x 12 lstm" in rows[1]
    card = (folder / "tagger" / "README.md").read_text()
    assert all(row.partition("ahead")[2] in card for row in rows[:1])
    readers = charnn("info", "-m", folder / "tagger", "--json").json["network"]["readers"]
    assert [one["direction"] for one in readers] == ["forwards", "backwards"]
    assert "readers" not in charnn("info", "-m", folder / "plain", "--json").json["network"]


def test_training_says_what_reads_and_how_long_it_took(charnn: Any, folder: Path) -> None:
    result = charnn("train", folder / "bank.tsv", *SMALL, "--steps", "2", "--reader", folder / "ahead")
    assert result.code == 0
    assert "reader    ahead, forwards: 1 x 12 lstm, which learned from" in result.err
    assert "the treebank was read in" in result.err


def test_a_treebank_too_large_to_keep_what_is_read_of_it_is_read_batch_by_batch(
    charnn: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ("train", folder / "bank.tsv", *SMALL, "--steps", "6", "--reader", folder / "ahead")
    kept = charnn(*train, "--out", "kept")
    monkeypatch.setattr("charnn.tasks.tagger.learn.data.KEPT_BYTES", 1000)
    anew = charnn(*train, "--out", "anew")
    assert "each batch is read when it comes" not in kept.err
    assert "each batch is read when it comes" in anew.err
    weights, others = (load_file(tmp_path / name / "weights.safetensors") for name in ("kept", "anew"))
    for name, array in weights.items():  # they differ by what fp16 rounds
        np.testing.assert_allclose(others[name], array, atol=0.02)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_it_is_used_in_both_precisions(charnn: Any, folder: Path, precision: str) -> None:
    result = charnn("eval", folder / "bank.tsv", "-m", folder / "tagger", "--precision", precision, "--json")
    assert result.code == 0, result.err
    assert result.json["tag"]["accuracy"] > 0.6


@pytest.mark.parametrize("reader", ["bytes", "counting", "labels", "plain", "tagger"])
def test_what_is_no_language_model_of_characters_alone_is_refused(
    charnn: Any, folder: Path, tmp_path: Path, said_once: Any, reader: str
) -> None:
    result = charnn("train", folder / "bank.tsv", *SMALL, "--steps", "2", "--reader", folder / reader, "--out", "no")
    assert result.code == 2
    line = said_once(result)
    assert str(folder / reader) in line
    assert "name a language model of characters" in line
    assert not (tmp_path / "no").exists()


def test_members_are_no_reader_and_may_teach_one(charnn: Any, folder: Path, tmp_path: Path, said_once: Any) -> None:
    train(folder / "plain.txt", out=tmp_path / "two", members=2, **TEXT_MODEL)
    options = (*SMALL, "--steps", "2", "--reader", tmp_path / "two", "--out", "no")
    refused = charnn("train", folder / "bank.tsv", *options)
    assert refused.code == 2
    assert "two has 2 members, and a reader is one network" in said_once(refused)
    train(folder / "plain.txt", out=tmp_path / "one", teacher=[str(tmp_path / "two")], **TEXT_MODEL)
    back = charnn("train", folder / "plain.txt", "--backwards", "--teacher", "one", "--steps", "2", "--out", "no")
    assert back.code == 2
    assert "it reads forwards, and the new network does not" in said_once(back)
    assert charnn("train", folder / "bank.tsv", *SMALL, "--steps", "2", "--reader", "one", "--out", "yes").code == 0


def test_two_that_read_in_the_same_direction_are_refused(charnn: Any, folder: Path, said_once: Any) -> None:
    readers = ("--reader", folder / "ahead", "--reader", folder / "ahead")
    result = charnn("train", folder / "bank.tsv", *SMALL, "--steps", "2", *readers)
    assert result.code == 2
    assert "both read forwards" in said_once(result)


def test_a_reader_that_is_not_there_is_said(charnn: Any, folder: Path, said_once: Any) -> None:
    result = charnn("train", folder / "bank.tsv", *SMALL, "--steps", "2", "--reader", "nowhere")
    assert result.code != 0
    assert "nowhere" in said_once(result)


def test_a_reader_is_for_treebanks(charnn: Any, folder: Path, said_once: Any) -> None:
    result = charnn(
        "train", folder / "plain.txt", "--task", "language-model", "--steps", "2", "--reader", folder / "ahead"
    )
    assert result.code == 2
    assert "--reader is for treebanks" in said_once(result)


def test_one_that_starts_from_it_keeps_its_readers_and_takes_no_others(
    charnn: Any, folder: Path, tmp_path: Path, said_once: Any
) -> None:
    start = ("train", folder / "bank.tsv", "--columns", "tag", "--steps", "1", "--from", folder / "tagger")
    refused = charnn(*start, "--reader", folder / "ahead", "--out", "no")
    assert refused.code == 2
    assert "--reader and --from" in said_once(refused)
    made = charnn(*start, "--out", "more", "--learning-rate", "1e-9")
    assert made.code == 0, made.err
    old, new = (load_file(path / "weights.safetensors") for path in (folder / "tagger", tmp_path / "more"))
    readers = [name for name in old if name.startswith("readers.")]
    assert len(readers) == 10
    for name in readers:
        np.testing.assert_array_equal(new[name], old[name])
    np.testing.assert_allclose(new["context.weight"], old["context.weight"], atol=1e-6)
    for name in ("reader-forwards.json", "reader-backwards.json"):
        assert (tmp_path / "more" / name).read_bytes() == (folder / "tagger" / name).read_bytes()


def test_a_run_that_was_cut_goes_on_to_the_same_weights(folder: Path, tmp_path: Path) -> None:
    options = {
        "columns": "tag",
        "hidden": 8,
        "batch": 4,
        "precision": "fp32",
        "steps": 12,
        "linear": False,
        "reader": [str(folder / "ahead")],
    }

    def begin(name: str) -> Any:
        return api.start(
            [str(folder / "bank.tsv")], "tagger", options, out=tmp_path / name, overwrite=False, processes=ALONE
        )

    assert begin("whole").run(api.SilentObserver()) == "budget"
    answers = iter([False] * 4 + [True])
    assert begin("cut").run(api.SilentObserver(), lambda: next(answers)) == "interrupt"
    assert api.go_on(str(tmp_path / "cut"), [], {}, processes=ALONE).run(api.SilentObserver()) == "budget"
    for name in ("weights.safetensors", "reader-forwards.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_its_graphs_are_exported_those_of_the_readers_among_them(charnn: Any, folder: Path, tmp_path: Path) -> None:
    result = charnn("models", "export", folder / "tagger", "--onnx", "-o", "graphs")
    assert result.code == 0, result.err
    names = {Path(line).name for line in result.text.splitlines()}
    assert {"reader-forwards.onnx", "reader-backwards.int8.onnx", "words.onnx", "model.onnx"} <= names


def test_it_is_packed_and_taken_in_with_its_readers(charnn: Any, folder: Path, tmp_path: Path, text_file: Any) -> None:
    text = text_file("ka gi du\n")
    assert charnn("models", "export", folder / "tagger", "-o", "tagger.zip").code == 0
    taken = charnn("models", "import", "tagger.zip", "--as", "taken")
    assert taken.code == 0, taken.err
    assert charnn("tag", text, "-m", "taken").out == charnn("tag", text, "-m", folder / "tagger").out


def test_a_sentence_longer_than_what_is_read_at_once_is_tagged(charnn: Any, folder: Path, text_file: Any) -> None:
    words = [word for one in sentences(250, 7) for word, _ in one]
    result = charnn("tag", text_file(" ".join(words) + "\n"), "-m", folder / "tagger", "--format", "tokens")
    assert result.code == 0, result.err
    assert len(result.text.split()) >= len(words)


def spoil(tagger: Path, change: Any) -> None:
    config = json.loads((tagger / "config.json").read_text())
    change(config["network"])
    (tagger / "config.json").write_text(json.dumps(config))


SPOILT: dict[str, Any] = {
    "a billion units": lambda network: network["readers"][0].update(hidden_size=10**9),
    "a million layers": lambda network: network["readers"][0].update(layers=10**6),
    "no layer": lambda network: network["readers"][0].update(layers=0),
    "a larger vocabulary": lambda network: network["readers"][0].update(vocabulary_size=10**9),
    "another cell": lambda network: network["readers"][0].update(cell="gru"),
    "a cell that is not known": lambda network: network["readers"][0].update(cell="\x1b[2J"),
    "another direction": lambda network: network["readers"][0].update(direction="backwards"),
    "readers in another order": lambda network: network["readers"].reverse(),
    "a reader too few": lambda network: network["readers"].pop(),
    "no reader": lambda network: network.pop("readers"),
    "a context of other numbers": lambda network: network.update(context_size=10**9),
    "no context": lambda network: network.pop("context_size"),
    "an unknown key": lambda network: network["readers"][0].update(surprise=1),
    "a depth without end": lambda network: network["readers"][0].update(recurrent_depth=10**9),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_configuration_that_is_not_that_of_the_weights_is_refused_in_one_line(
    charnn: Any, tagger: Path, said_once: Any, text_file: Any, how: str
) -> None:
    spoil(tagger, SPOILT[how])
    result = charnn("tag", text_file("ka gi\n"), "-m", tagger)
    assert result.code == 1
    assert str(tagger) in said_once(result)


def test_a_reader_that_is_damaged_is_refused_in_one_line(
    charnn: Any, tagger: Path, said_once: Any, text_file: Any
) -> None:
    text, name = text_file("ka gi\n"), "reader-forwards.json"
    vocabulary = (tagger / name).read_bytes()
    for content in (None, b"", b"[" * 100_000, vocabulary[:20], b'{"kind": "characters", "characters": ["a"]}'):
        (tagger / name).unlink()
        if content is not None:
            (tagger / name).write_bytes(content)
        result = charnn("tag", text, "-m", tagger)
        assert result.code == 1
        assert name in said_once(result)
        (tagger / name).write_bytes(vocabulary)
    weights = load_file(tagger / "weights.safetensors")
    missing = dict(weights)
    del missing["readers.forwards.embedding.weight"]
    infinite = {**weights, "readers.backwards.embedding.weight": weights["readers.backwards.embedding.weight"] * np.inf}
    further = {**weights, "readers.forwards.head.weight": np.zeros((2, 2), np.float32)}
    for arrays in (missing, infinite, further):
        save_file(arrays, tagger / "weights.safetensors")
        result = charnn("tag", text, "-m", tagger)
        assert result.code == 1
        assert "weights.safetensors" in said_once(result)


def test_characters_are_read_without_spaces_between_them(charnn: Any, folder: Path, tmp_path: Path) -> None:
    made = sentences(40, 9)
    lines = ["".join(word for word, _ in one) for one in made]
    (tmp_path / "text").write_text("\n".join(lines) + "\n")
    (tmp_path / "marks").write_text("\n".join("XY" * (len(line) // 2) for line in lines) + "\n")
    result = charnn(
        "train", "text", "--tags", "marks", "--hidden", "8", "--steps", "4", "--reader", folder / "ahead", "--out", "m"
    )
    assert result.code == 0, result.err
    assert charnn("eval", "-m", "m").code == 0
