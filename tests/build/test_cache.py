# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is generated or compiled twice, and nothing old is taken for new."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import build_module
from build_module import Cache, Unit, without_comments
from tests.build.conftest import NEURON, SYNAPSE, SYNAPSE_OPTIONS

ROOT = Path(build_module.__file__).parent


# What decides about generated code

TRICKY = """\
# the first line

model tricky_neuron:   # "a quote
    parameters:
        word string = "a # in a string" # and a "comment" after it
\t# an indented comment
        x real = 1 \\
            + 2  # a comment after a line that goes on

    update:
        println("{x} #1")  #
"""


@pytest.mark.parametrize(
    "name", ["tricky", "izhikevich_tutorial_neuron", "tsodyks_markram_synapse"]
)
def test_source_without_comments_has_the_same_tokens(name):
    """NESTML's own lexer says so; equal sources without comments are equal to its parser, then."""
    from antlr4 import InputStream, Token
    from pynestml.generated.PyNestMLLexer import PyNestMLLexer

    def tokens(text: str) -> list[tuple[int, str]]:
        lexer = PyNestMLLexer(InputStream(text))
        found = []
        while (token := lexer.nextToken()).type != Token.EOF:
            is_new_line = token.type == PyNestMLLexer.NEWLINE
            if token.channel == Token.DEFAULT_CHANNEL and not (
                is_new_line and (not found or found[-1][0] == token.type)
            ):
                found.append((token.type, "" if is_new_line else token.text))
        return found

    source = TRICKY if name == "tricky" else (ROOT / "models" / f"{name}.nestml").read_text()
    bare = without_comments(source)
    assert tokens(bare) == tokens(source)
    assert "comment" not in bare
    assert len(bare) < len(source)
    assert without_comments(bare) == bare


def test_all_that_code_depends_on_is_in_its_key(tmp_path, monkeypatch):
    """Each alone changes the key; a comment does not."""
    nest = build_module.find_nest(None)
    unit = Unit({tmp_path / "a.nestml": NEURON}, {"numeric_solver": "rk45"})
    key = unit.key(nest, "tools")
    with_comment = NEURON.replace("n += 1", "n += 1 # one more")
    assert Unit({tmp_path / "b.nestml": with_comment}, unit.options).key(nest, "tools") == key
    changed = NEURON.replace("n += 1", "n += 2")
    others = {
        Unit({tmp_path / "a.nestml": changed}, unit.options).key(nest, "tools"),
        Unit(unit.sources, {"numeric_solver": "forward-Euler"}).key(nest, "tools"),
        Unit(unit.sources, unit.options, "was to have it").key(nest, "tools"),
        unit.key(build_module.Nest(**{**vars(nest), "version": "3.11"}), "tools"),
        unit.key(nest, "other tools"),
    }
    assert len(others - {key}) == 5

    before = build_module.generator_hash()
    monkeypatch.setattr(build_module, "installed_version", lambda name: f"a new {name}")
    versions = build_module.generator_hash()
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "generate.py").write_text("a printer")
    monkeypatch.setattr(build_module, "OWN_TEMPLATES", templates)
    printers = build_module.generator_hash()
    (templates / "generate.py").write_text("another printer")
    another = build_module.generator_hash()
    (templates / "text.jinja2").write_text("a template")
    assert len({before, versions, printers, another, build_module.generator_hash()}) == 5


def test_all_that_an_object_depends_on_is_in_its_key(tmp_path):
    """A header however deep, the flags, the compiler; a comment and the place are not."""
    header = tmp_path / "include" / "deep.h"
    header.parent.mkdir()
    header.write_text("const int answer = 42;\n")
    source = tmp_path / "source.cpp"
    source.write_text('#include "deep.h"\nint f() { return answer; }\n')

    def key(compiler: str, *flags: str) -> str:
        workshop = object.__new__(build_module.Workshop)
        workshop.folder = tmp_path
        workshop.toolchain = build_module.Toolchain(compiler, flags, ())
        command = [compiler, *flags, "-E", f"-I{header.parent}", source]
        text = subprocess.run(command, capture_output=True, check=True).stdout
        return workshop.compiler_hash + build_module.hash_preprocessed(text)

    real = build_module.find_compiler(build_module.find_nest(None))
    before = key(real)
    source.write_text('// a comment\n#include "deep.h"\n\n\n\nint f() { return answer; } // none\n')
    assert key(real) == before
    wrapper = tmp_path / "compiler"
    wrapper.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    seen = {before, key(real, "-O1"), key(real, "-march=native"), key(str(wrapper))}
    wrapper.write_text(f'#!/bin/sh\nexec {real} -O2 "$@"\n')
    seen.add(key(str(wrapper)))
    header.write_text("const int answer = 43;\n")
    seen.add(key(real))
    assert len(seen) == 6


# What the cache keeps


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "folder"])
def test_damaged_entry_is_a_miss(tmp_path, damage):
    """The entry has a checksum in front; the next build writes it anew."""
    cache = Cache(tmp_path / "cache")
    cache.put("key", {"object": b"text" * 1000})
    assert cache.get("key") == {"object": b"text" * 1000}
    file = tmp_path / "cache" / "key"
    content = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    else:
        flipped = content[:50] + bytes([content[50] ^ 1]) + content[51:]
        damaged = {"cut": content[:-1], "flipped": flipped, "empty": b"", "other": b"x" * 100}
        file.write_bytes(damaged[damage])
    assert cache.get("key") is None
    cache.put("key", {"object": b"new"})
    assert cache.get("key") == (None if damage == "folder" else {"object": b"new"})


def test_size_is_bounded_and_the_oldest_go(tmp_path):
    """An entry that was used is younger than one that was only written after it."""
    cache = Cache(tmp_path / "cache", limit=50_000)
    noise = random.Random(1)
    for number in range(20):
        cache.put(str(number), {"object": noise.randbytes(10_000)})
        os.utime(tmp_path / "cache" / str(number), (number, number))
        assert cache.get("0") is not None  # sets its time to now
        size = sum(file.stat().st_size for file in (tmp_path / "cache").iterdir())
        assert size <= 50_000
    kept = {file.name for file in (tmp_path / "cache").iterdir()} - {"lock"}
    assert kept == {"0", "19", "18", "17"}


def test_folder_of_others_is_not_used(tmp_path):
    """What lies in the cache will run in the user's name."""
    cache = Cache(tmp_path / "cache")
    cache.put("key", {"object": b"good"})
    (tmp_path / "cache").chmod(0o777)
    assert cache.get("key") is None
    cache.put("other", {"object": b"good"})
    assert not (tmp_path / "cache" / "other").exists()
    assert (tmp_path / "cache" / "key").exists()


def test_folder_that_cannot_be_written_is_no_error(tmp_path):
    """Below a regular file nobody can write, not even root."""
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("key", {"object": b"text"})
    assert cache.get("key") is None


WRITER = """
import random, sys
from pathlib import Path
import build_module
cache = build_module.Cache(Path(sys.argv[1]), limit=2_000_000)
moments = random.Random(int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    key = str(moments.randrange(5))
    found = cache.get(key)
    assert found is None or found == {"object": (key * 10_000).encode(), "more": b""}, key
    cache.put(key, {"object": (key * 10_000).encode(), "more": b""})
print("done")
"""


def write_entries(folder: Path, seed: int, count: int) -> subprocess.Popen:
    """Start a process that reads and writes entries of a few names."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(seed), str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_concurrent_builds_and_killed_ones(tmp_path):
    """Every reader sees whole entries, and what a killed writer left goes with the next one."""
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    folder = tmp_path / "cache"
    for number in range(10):
        process = write_entries(folder, seed + number, 10**6)
        time.sleep(0.3 + moments.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    writers = [write_entries(folder, seed - number, 300) for number in range(3)]
    assert [writer.communicate()[0] for writer in writers] == 3 * ["done\n"], seed
    assert {file.name for file in folder.iterdir()} == {*"01234", "lock"}, seed


# Builds


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Give a folder with a neuron and a synapse, and a function that builds them with a cache."""
    folder = tmp_path_factory.mktemp("work place")
    (folder / "tiny_neuron.nestml").write_text(NEURON)
    (folder / "tiny_synapse.nestml").write_text(SYNAPSE)
    (folder / "options.json").write_text(json.dumps(SYNAPSE_OPTIONS))
    temporary = folder / "temporary"
    temporary.mkdir()

    def build(name: str, *arguments: str) -> dict:
        command = [sys.executable, ROOT / "build_module.py", "--models", folder, "--json"]
        command += ["--module-name", "tinymodule", "--numeric-solver", "forward-Euler"]
        command += ["--install-dir", folder / name, "--codegen-opts", folder / "options.json"]
        environment = {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(temporary)}
        result = subprocess.run(
            [*command, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        assert not list(temporary.iterdir())
        return json.loads(result.stdout)

    return folder, build


@pytest.mark.slow
def test_only_what_has_changed_is_made_anew(workplace):
    """From an empty cache to a full one, and one change after the other."""
    folder, build = workplace
    neuron = folder / "tiny_neuron.nestml"

    def made(name: str, *arguments: str) -> tuple[list[str], list[str]]:
        record = build(name, *arguments)
        return record["generated"], record["compiled"]

    models, files = (
        ["tiny_neuron", "tiny_synapse"],
        ["tiny_neuron.cpp", "tiny_synapse.cpp", "tinymodule.cpp"],
    )
    assert made("first") == (models, files)
    assert made("second") == ([], [])
    assert made("second", "--force") == (models, files)
    neuron.write_text(NEURON.replace("V_m += 0.1 mV", "V_m += 0.1 mV # a comment"))
    assert build("second")["built"] is False
    assert made("third") == ([], [])
    neuron.write_text(NEURON.replace("V_m += 0.1 mV", "V_m += 0.2 mV"))
    assert made("third") == (["tiny_neuron"], ["tiny_neuron.cpp"])
    neuron.write_text(NEURON)
    assert made("third") == ([], [])
    assert made("stock", "--stock-codegen") == (models, ["tiny_neuron.cpp"])
    assert made("march", "--march", "none") == ([], files)
    for entry in (folder / "cache" / "izhisyn" / "build").iterdir():
        entry.write_bytes(entry.read_bytes()[:-1])
    assert made("damaged") == (models, files)


@pytest.mark.slow
def test_module_from_the_cache_is_the_same(workplace):
    """Byte for byte, as compiled anew; so what the tests find of one is true of the other."""
    _, build = workplace
    anew, cached = build("anew", "--force"), build("cached")
    assert cached["compiled"] == []
    assert cached["library_hash"] == anew["library_hash"]


def test_template_that_changes_meanwhile_leaves_nothing_in_the_cache(tmp_path, monkeypatch):
    """NESTML may have read the old template or the new one; nobody knows."""
    workshop = object.__new__(build_module.Workshop)
    workshop.code, workshop.nest = tmp_path, build_module.find_nest(None)
    workshop.cache = Cache(tmp_path / "cache")
    code = {build_module.NAMES: b'{"neurons": [], "synapses": []}'}
    workshop.run_nestml = lambda units: [code for _ in units]
    hashes = iter(["before", "after", "same", "same"])
    monkeypatch.setattr(build_module, "generator_hash", lambda: next(hashes))
    unit = Unit({tmp_path / "a.nestml": NEURON}, {})
    workshop.generate([unit])
    assert not (tmp_path / "cache").exists()
    workshop.generate([unit])
    assert workshop.cache.get(unit.key(workshop.nest, "same")) == code
