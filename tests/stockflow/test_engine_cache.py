"""The cache of object code: found when nothing changed, never believed when damaged."""

import shutil
from pathlib import Path

import pytest
from engine_models import apply, model

from healthreform.stockflow import cache, compile
from healthreform.stockflow.inputs import make_inputs

DECAY = model({"y": 1}, {"out": apply("multiply", "y", "rate")}, {"y": ((-1, "out"),)}, parameters=("rate",))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEALTHREFORM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "objects"


@pytest.fixture
def compilations(monkeypatch):
    """How often LLVM was called."""
    count = []
    real = compile.assemble
    monkeypatch.setattr(compile, "assemble", lambda text: (count.append(text), real(text))[1])
    return count


def value(**options):
    compiled = compile.compile_model(DECAY, ["y"], **options)
    return compiled.run(make_inputs(DECAY, {"rate": 0.5}), 2010, 2010, 1 / 16)["y"][0, 0]


@pytest.mark.parametrize("options", [{}, {"model_hash": "abc"}])
def test_a_model_compiles_once(folder, compilations, options):
    first = value(**options)
    assert value(**options) == first
    assert len(compilations) == 1
    assert len(list(folder.glob("*.o"))) == 1


def test_with_the_model_s_hash_the_code_is_not_written_again(folder, monkeypatch):
    value(model_hash="abc")
    monkeypatch.setattr(compile, "_text", lambda layout: pytest.fail("the text was written"))
    value(model_hash="abc")


@pytest.mark.parametrize(
    "other", [{"model_hash": "abd"}, {"method": "euler"}, {"every_step": True}, {"width": 2}, {"keep": ["out"]}]
)
def test_everything_the_code_depends_on_is_in_the_key(folder, compilations, other):
    options = {"keep": ["y"], "model_hash": "abc"}
    compile.compile_model(DECAY, **options)
    compile.compile_model(DECAY, **{**options, **other})
    assert len(compilations) == 2


@pytest.mark.parametrize("part", ["processor", "features", "version"])
def test_the_machine_and_llvm_are_in_the_key(folder, compilations, monkeypatch, part):
    import dataclasses

    value(model_hash="abc")
    other = dataclasses.replace(compile.host(), **{part: "another"})
    monkeypatch.setattr(compile, "host", lambda: other)
    value(model_hash="abc")
    assert len(compilations) == 2


def test_the_engine_s_own_source_is_in_the_key(folder, compilations, monkeypatch):
    value(model_hash="abc")
    monkeypatch.setattr(cache, "engine_version", lambda: "another")
    value(model_hash="abc")
    assert len(compilations) == 2


@pytest.mark.parametrize("name", ["chunks", "equations_ir", "module_ir", "reduction", "sharing", "write_ir"])
def test_whatever_writes_code_is_in_the_version_of_the_engine(tmp_path, monkeypatch, name):
    sources = Path(cache.__file__).parent
    shutil.copytree(sources, tmp_path / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "engine" / "cache.py"))
    version = cache.engine_version.__wrapped__
    assert version() == cache.engine_version()
    with (tmp_path / "engine" / f"{name}.py").open("a") as file:
        file.write("# changed")
    assert version() != cache.engine_version()


def flip(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: flip(content, 3),
        lambda content: flip(content, 40),
        lambda content: flip(content, 100),
        lambda content: flip(content, len(content) // 2),
        lambda content: flip(content, len(content) - 1),
        lambda content: b"not object code" * 1000,
    ],
)
def test_a_damaged_file_is_rebuilt_and_never_trusted(folder, compilations, damage):
    expected = value(model_hash="abc")
    [file] = folder.glob("*.o")
    good = file.read_bytes()
    file.write_bytes(damage(good))
    assert value(model_hash="abc") == expected
    assert len(compilations) == 2
    assert file.read_bytes()[:90] == good[:90]
    assert value(model_hash="abc") == expected
    assert len(compilations) == 2


def test_another_model_s_code_under_this_name_is_not_trusted(folder, compilations):
    expected = value(model_hash="abc")
    [file] = folder.glob("*.o")
    value(model_hash="other", method="euler")
    [other] = set(folder.glob("*.o")) - {file}
    file.write_bytes(other.read_bytes())
    assert value(model_hash="abc") == expected
    assert len(compilations) == 3


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch, compilations):
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    monkeypatch.setenv("HEALTHREFORM_CACHE", str(blocked))
    assert value(model_hash="abc") == value(model_hash="abc")
    assert len(compilations) == 2


def test_nothing_half_written_is_left_behind(folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        value(model_hash="abc")
    assert list(folder.iterdir()) == []

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(cache.os, "replace", full)
    value(model_hash="abc")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "variables", "ends"),
    [
        ("linux", {"XDG_CACHE_HOME": "/somewhere"}, "/somewhere/healthreform"),
        ("linux", {}, "/home/me/.cache/healthreform"),
        ("darwin", {}, "/home/me/Library/Caches/healthreform"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/healthreform/Cache"),
        ("linux", {"HEALTHREFORM_CACHE": "/mine"}, "/mine"),
    ],
)
def test_the_cache_lies_where_the_platform_wants_it(monkeypatch, platform, variables, ends):
    for name in ("HEALTHREFORM_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, content in variables.items():
        monkeypatch.setenv(name, content)
    monkeypatch.setattr(cache.sys, "platform", platform)
    assert cache.cache_folder().as_posix() == ends
