"""Where weights are looked for, what is refused before anything is read, and what identifies them."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import ResourceError
from harness.model import file_hashes
from harness.model.hf_tagger import HfTagger
from harness.model.weights import fingerprint, locate

pytestmark = pytest.mark.core


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like a checkpoint; none of these tests loads it."""
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (made / "tokenizer.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"\x00" * 64)
    return made


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty Hugging Face cache."""
    from huggingface_hub import constants

    found = tmp_path / "hub"
    found.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(found))
    return found


def put_in_cache(cache, source, commit="a" * 40, revision="main"):
    repository = cache / "models--some--model"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for file in source.iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    (repository / "refs").mkdir()
    (repository / "refs" / revision).write_text(commit)
    return snapshot


class Marker:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


class TestLocate:
    def test_folder(self, folder):
        found = locate(str(folder))
        assert (found.folder, found.name, found.commit) == (folder, str(folder), None)

    def test_a_file_is_no_checkpoint(self, tmp_path):
        file = tmp_path / "model.safetensors"
        file.write_bytes(b"x")
        with pytest.raises(ResourceError, match=r"is a file; expected a checkpoint's folder or a hub name$"):
            locate(str(file), task="ner")

    @pytest.mark.parametrize(
        "path", ["/no/such/folder", "./none", "../none", "a/b/c", "package:weights/none", "a b", "é"]
    )
    def test_no_folder_and_no_hub_name(self, path, cache):
        with pytest.raises(ResourceError, match=r"^model\.ner\.path: .* is no folder on this machine$"):
            locate(path, task="ner")

    @pytest.mark.timeout(30)  # a retry with its waits would take minutes
    @pytest.mark.disable_socket
    @pytest.mark.parametrize("name", ["facebook/bart-large-cnn", "bert-base-cased"])
    @pytest.mark.parametrize("download", [False, True])
    def test_hub_name_that_is_not_there_is_one_sentence_at_once(self, name, download, cache):
        with pytest.raises(ResourceError) as fault:
            locate(name, download=download, task="stance")
        message = str(fault.value)
        assert "\n" not in message
        for part in (repr(name), f"hf download {name}", "model.stance.download=true", "model.stance.path"):
            assert part in message
        assert ("could not be fetched" in message) == download

    def test_the_hub_is_asked_once_with_a_short_limit(self, cache, monkeypatch):
        import huggingface_hub

        asked = []

        def model_info(self, name, **given):
            asked.append(given)
            raise TimeoutError("slow")

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
        with pytest.raises(ResourceError, match=r"could not be fetched \(TimeoutError\)"):
            locate("some/model", "v1", download=True)
        assert asked == [{"revision": "v1", "timeout": 3.0}]

    @pytest.mark.parametrize("held", [["model.safetensors"], ["pytorch_model.bin", "onnx/model.safetensors"]])
    def test_fetched_by_commit_and_only_what_is_read(self, cache, folder, monkeypatch, held):
        import huggingface_hub

        asked = []

        def model_info(self, name, **given):
            return SimpleNamespace(sha="b" * 40, siblings=[SimpleNamespace(rfilename=file) for file in held])

        def snapshot_download(name, **given):
            asked.append(given)
            return str(folder)

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
        if held == ["model.safetensors"]:
            assert locate("some/model", download=True).folder == folder
            (given,) = asked
            assert given["revision"] == "b" * 40
            assert {"*.safetensors", "tokenizer.json", "chat_template.jinja"} <= {*given["allow_patterns"]}
            assert not [pattern for pattern in given["allow_patterns"] if "bin" in pattern or pattern.endswith(".py")]
        else:
            with pytest.raises(ResourceError, match=r"safetensors required, but it holds pytorch_model\.bin"):
                locate("some/model", download=True)
            assert asked == []

    def test_revision_is_in_the_command(self, cache):
        with pytest.raises(ResourceError, match="hf download some/model --revision v1'"):
            locate("some/model", "v1")

    @pytest.mark.disable_socket
    def test_hub_name_in_the_cache(self, cache, folder):
        snapshot = put_in_cache(cache, folder)
        found = locate("some/model")
        assert (found.folder, found.name, found.commit) == (snapshot, "some/model", "a" * 40)
        assert locate("some/model", "a" * 40).folder == snapshot
        with pytest.raises(ResourceError, match="hf download"):
            locate("some/model", "other-branch")

    @pytest.mark.disable_socket
    def test_cached_in_part_is_not_there(self, cache, folder):
        (folder / "model.safetensors").unlink()
        put_in_cache(cache, folder)
        with pytest.raises(ResourceError, match="hf download some/model"):
            locate("some/model")

    @pytest.mark.parametrize("revision", ["../../x", "", "x" * 300])
    def test_hostile_revision(self, cache, revision, folder):
        with pytest.raises(ResourceError, match="hf download"):
            locate("some/model", revision)


class TestRefused:
    def test_no_config(self, folder):
        (folder / "config.json").unlink()
        with pytest.raises(ResourceError, match=r"no config\.json"):
            locate(str(folder))

    @pytest.mark.parametrize(("content", "said"), [("{", "not JSON"), ("[1]", "expected a JSON object, found list")])
    def test_broken_config(self, folder, content, said):
        (folder / "config.json").write_text(content)
        with pytest.raises(ResourceError, match=said):
            locate(str(folder))

    def test_no_tokenizer(self, folder):
        (folder / "tokenizer.json").unlink()
        for file in ("special_tokens_map.json", "added_tokens.json", "chat_template.jinja"):
            (folder / file).write_text("{}")
        with pytest.raises(ResourceError, match="no tokenizer files"):
            locate(str(folder))

    def test_pickles_alone_are_not_read(self, folder, tmp_path):
        (folder / "model.safetensors").unlink()
        marker = tmp_path / "marker"
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Marker(marker)))
        with pytest.raises(ResourceError, match=r"safetensors required, but it holds pytorch_model\.bin"):
            locate(str(folder))
        assert not marker.exists()

    @pytest.mark.parametrize(
        ("file", "content"),
        [
            ("model.safetensors.index.json", {"weight_map": {"a": "model.safetensors", "b": "pytorch_model.bin"}}),
            ("model.safetensors.index.json", {"weight_map": {"a": "../x.safetensors"}}),
            ("model.safetensors.index.json", {"weight_map": {"a": "model-00002-of-00002.safetensors"}}),
            ("model.safetensors.index.json", {"weight_map": ["pytorch_model.bin"]}),
            ("config.json", {"model_type": "bert", "transformers_weights": "adapter_model.bin"}),
        ],
    )
    def test_other_files_named_as_weights(self, folder, file, content):
        (folder / file).write_text(json.dumps(content))
        with pytest.raises(ResourceError, match="config or index names weights in"):
            locate(str(folder))

    def test_shards(self, folder):
        (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
        index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        names = [file.name for file in locate(str(folder)).files()]
        assert "model-00001-of-00001.safetensors" in names
        assert "model.safetensors.index.json" in names

    def test_adapter(self, folder):
        (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "other/model"}))
        with pytest.raises(ResourceError, match="PEFT adapter"):
            locate(str(folder))


class TestFingerprint:
    def test_is_of_names_and_contents(self, folder, tmp_path):
        other = tmp_path / "copy"
        other.mkdir()
        for file in folder.iterdir():
            (other / file.name).write_bytes(file.read_bytes())
        (other / "README.md").write_text("not read by any model")
        assert fingerprint(locate(str(other))) == fingerprint(locate(str(folder)))

    @pytest.mark.parametrize(
        "name",
        ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json", "chat_template.jinja"],
    )
    def test_one_byte_changes_it(self, folder, name):
        before = fingerprint(locate(str(folder)))
        file = folder / name
        content = file.read_bytes() if file.exists() else b"{}"
        # White space keeps JSON JSON, and the size of the weights is kept.
        file.write_bytes(b"\x01" + content[1:] if name.endswith("tensors") else content + b" ")
        assert fingerprint(locate(str(folder))) != before

    def test_large_files_are_hashed_once(self, folder, monkeypatch):
        (folder / "model.safetensors").write_bytes(b"\x00" * (2**24 + 1))
        found = locate(str(folder))
        first = fingerprint(found)
        hits = file_hashes._remembered.cache_info().hits
        assert fingerprint(found) == first
        assert file_hashes._remembered.cache_info().hits == hits + 1
        file = folder / "model.safetensors"
        with file.open("r+b") as opened:
            opened.write(b"\x01")
        os.utime(file, ns=(1, 1))
        assert fingerprint(found) != first


@pytest.mark.disable_socket
@pytest.mark.parametrize("revision", [None, "main", "a" * 40])
def test_the_signature_of_a_hub_model_names_the_commit(cache, folder, revision):
    """What a branch points to changes; the commit that was read is what is signed."""
    put_in_cache(cache, folder)
    found = HfTagger(path="some/model", revision=revision).signature()
    assert (found["revision"], found["path"]) == ("a" * 40, "some/model")
    assert found["weights"] == fingerprint(locate(str(folder)))


def test_signature_needs_neither_torch_nor_transformers(folder):
    script = f"""
import sys
from harness.model.hf_tagger import HfTagger
from harness.model.hf_pair import HfPair
from harness.model.hf_seq2seq import HfSeq2seq
for kind in (HfTagger, HfPair, HfSeq2seq):
    assert kind(path={str(folder)!r}).signature()["weights"]
print(sorted({{"torch", "transformers", "tokenizers"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""
