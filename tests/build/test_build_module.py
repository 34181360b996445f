# SPDX-License-Identifier: GPL-2.0-or-later
"""build_module.py does nothing twice, and says in one sentence why it could not build."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import build_module
from izhisyn import processes
from tests.build.conftest import SYNAPSE, SYNAPSE_OPTIONS

ROOT = Path(build_module.__file__).parent


def error_of(result: subprocess.CompletedProcess) -> str:
    """Give the message of a build that failed as it should: non-zero and without a traceback."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert not result.stdout
    return result.stderr


def commands(folder: Path, *names: str) -> str:
    """Make a folder for PATH that has these commands and no others."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


# A build that has nothing to do


def test_nothing_to_do_is_fast_and_imports_neither_nest_nor_nestml(tiny_module, build):
    """The content hash alone decides; 3 s is the promise made to users, the usual is 0.3 s."""
    started = time.monotonic()
    result = build(*tiny_module.arguments, "--json", PYTHONPROFILEIMPORTTIME="1")
    seconds = time.monotonic() - started
    assert json.loads(result.stdout)["built"] is False
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "argparse" in imported
    assert not {"nest", "pynestml"} & {name.partition(".")[0] for name in imported}
    assert seconds < 3


def test_json_tells_what_was_built(tiny_module):
    """Every promised fact is there, and the hash is that of the file."""
    record = tiny_module.record
    library = tiny_module.folder / "tinymodule.so"
    assert Path(record["path"]) == library
    assert record["library_hash"] == build_module.hash_file(library)
    assert {"tiny_neuron", "tiny_synapse"} <= set(record["models"])
    assert record["built"] is True
    assert record["seconds"] > 0
    assert "-O3" in record["flags"]
    assert "-ffast-math" not in record["flags"]
    assert Path(record["compiler"]).is_file()
    assert {"module", "nest_version", "nest_prefix", "content_hash"} <= record.keys()


def test_module_brings_no_openmp_runtime(tiny_module):
    """A second OpenMP runtime beside NEST's own would have threads that NEST knows nothing of."""
    needed = build_module.dynamic_entries(tiny_module.folder / "tinymodule.so", "NEEDED")
    assert needed
    assert not [library for library in needed if "omp" in library]


@pytest.mark.parametrize("what", ["model", "march", "solver", "template", "nest"])
def test_every_ingredient_changes_the_hash(tmp_path, monkeypatch, neuron, what):
    """What the module depends on is hashed, so that a change of any leads to a build."""
    nest = build_module.find_nest(None)
    templates = tmp_path / "templates"
    templates.mkdir()
    monkeypatch.setattr(build_module, "OWN_TEMPLATES", templates)

    def key(march: str = "none", solver: str = "rk45", kernel: Path = nest.kernel) -> str:
        request = build_module.Request((neuron,), "tinymodule", march, solver)
        other = build_module.Nest(**{**vars(nest), "kernel": kernel})
        return build_module.content_hash(request, other)

    before = key()
    assert key() == before
    if what == "model":
        neuron.write_text(neuron.read_text() + "\n# a comment\n")
        assert key() == before
        neuron.write_text(neuron.read_text().replace("n += 1", "n += 2"))
        assert key() != before
    elif what == "template":
        (templates / "new.jinja2").write_text("text")
        assert key() != before
    elif what == "nest":
        kernel = tmp_path / nest.kernel.name
        kernel.write_bytes(b"another NEST")
        assert key(kernel=kernel) != before
    else:
        assert key(**{what: {"march": "native", "solver": "forward-Euler"}[what]}) != before


# Where the module goes


def test_install_dir_says_what_to_set_and_that_suffices(tiny_module, build, fresh_python):
    """The printed export is all a bare process needs; without it NEST does not find the module."""
    message = build(*tiny_module.arguments).stderr
    setting = f"LD_LIBRARY_PATH={str(tiny_module.folder)!r}"
    assert f"export {setting}" in message
    snippet = "import nest; nest.Install('tinymodule'); print(nest.Create('tiny_neuron').get('n'))"
    assert fresh_python(snippet).returncode != 0
    result = fresh_python(snippet, LD_LIBRARY_PATH=str(tiny_module.folder))
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("0\n")


def test_default_module_needs_no_setting(module_build, fresh_python):
    """`nest.Install("izhisynmodule")` works with an empty environment and in any folder."""
    assert module_build["environment"] == {}
    result = fresh_python(
        f"import nest; nest.Install('izhisynmodule'); {model_check(module_build)}"
    )
    assert result.returncode == 0, result.stderr


def model_check(record: dict) -> str:
    """Write a statement that fails unless NEST has all models of a record."""
    return f"assert set({record['models']}) <= set(nest.node_models + nest.synapse_models)"


# Errors, before anything is compiled


def test_syntax_error_gives_nestmls_message_with_file_and_line(tmp_path, build):
    """The user's way to the mistake: file, line, and what NESTML says."""
    file = tmp_path / "broken_neuron.nestml"
    file.write_text("model broken_neuron:\n    state:\n        V_m mV = = 1 mV\n")
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out"))
    assert f"{file}:3" in message
    assert not list((tmp_path / "out").glob("*.so"))


def test_one_invalid_model_refuses_them_all(tmp_path, neuron, build):
    """NESTML would leave the invalid model out and compile the rest without a word."""
    file = tmp_path / "wrong_neuron.nestml"
    file.write_text(neuron.read_text().replace("V_m += 0.1 mV", "V_m += unknown"))
    file.write_text(file.read_text().replace("tiny_neuron", "wrong_neuron"))
    message = error_of(build("--models", tmp_path, "--install-dir", tmp_path / "out"))
    assert f"{file}:13" in message
    assert "unknown" in message
    assert not list((tmp_path / "out").glob("*.so"))


NEURON_WITH_STRING = """\
model wordy_neuron:
    state:
        V_m mV = -70 mV
    equations:
        V_m' = -V_m / tau
    parameters:
        tau ms = 10 ms
        word string = "word"
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
"""


@pytest.mark.parametrize(
    ("options", "file", "words"),
    [
        ({"delay_variable": {"tiny_synapse": "lag"}}, "tiny_synapse.nestml", '"lag" not found'),
        ({"no_such_option": 1}, "models", '"no_such_option" does not exist'),
    ],
)
def test_wrong_option_gives_nestmls_words(tmp_path, neuron, build, options, file, words):
    """NESTML raises after it has logged the reason, or raises with the reason."""
    synapse = tmp_path / "tiny_synapse.nestml"
    synapse.write_text(SYNAPSE)
    (tmp_path / "options.json").write_text(json.dumps({**SYNAPSE_OPTIONS, **options}))
    arguments = ("--models", neuron, synapse, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, "--codegen-opts", tmp_path / "options.json"))
    assert f"{file}: " in message
    assert words in message
    assert "occurred during code generation" not in message


@pytest.mark.parametrize(
    "options",
    [
        {"neuron_synapse_pairs": [{"neuron": "tiny_neuron", "synapse": "tiny_synapse"}]},
        {"neuron_synapse_pairs": {"neuron": "tiny_neuron", "synapses": {"tiny_synapse": {}}}},
        {"neuron_synapse_pairs": [{"neuron": "tiny_neuron", "synapses": ["tiny_synapse"]}]},
        {"neuron_synapse_pairs": "tiny_neuron"},
        {"neuron_synapse_pairs": None},
        {"weight_variable": ["w"]},
        {"delay_variable": {"tiny_synapse": 1}},
        {"solver": "sideways"},
        {"numeric_solver": "rk78"},
    ],
)
def test_options_of_another_form_are_refused_at_once(tmp_path, neuron, build, options):
    """NESTML fails at some with a traceback, and takes others for a default without a word."""
    file = tmp_path / "options.json"
    file.write_text(json.dumps(options))
    message = error_of(
        build("--models", neuron, "--codegen-opts", file, "--install-dir", tmp_path / "out")
    )
    [name] = options
    assert f"{file}: {name} must " in message
    assert "generating" not in message


def test_weight_that_is_no_variable(tmp_path, build):
    """NESTML ignores the option then."""
    file = tmp_path / "tiny_synapse.nestml"
    file.write_text(SYNAPSE)
    (tmp_path / "options.json").write_text('{"weight_variable": {"tiny_synapse": "wait"}}')
    arguments = ("--models", file, "--install-dir", tmp_path / "out")
    arguments += ("--codegen-opts", tmp_path / "options.json")
    message = error_of(build(*arguments, "--numeric-solver", "forward-Euler"))
    assert "tiny_synapse has no variable wait, which weight_variable" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "# a comment alone\n", "has no model; a model begins with"),
        (lambda text: text.replace("tiny_neuron", "class"), "class is a word of C++"),
        (lambda text: text.replace("tiny_neuron", 300 * "n"), "too long for a file"),
        (lambda text: text.replace("tiny_neuron", "nörve"), "token recognition error at: 'ö'"),
        (lambda text: text.replace("tiny_neuron", "2nd"), "extraneous input '2'"),
        (lambda text: text + text, '"tiny_neuron" redeclared'),
    ],
)
def test_models_without_a_usable_name(tmp_path, neuron, build, change, words):
    """One sentence with the file, before anything is compiled."""
    file = tmp_path / "ein Mödell.nestml"
    file.write_text(change(neuron.read_text()))
    arguments = ("--models", file, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, "--numeric-solver", "forward-Euler"))
    assert str(file) in message
    assert words in message
    assert "Traceback" not in message
    assert "compiling" not in message
    assert not list((tmp_path / "out").glob("*.so"))


def test_folder_with_what_is_no_file(tmp_path, neuron, build):
    """A folder with the name of a model is searched; a link to nothing is named."""
    (tmp_path / "folder.nestml").mkdir()
    neuron.rename(tmp_path / "folder.nestml" / "tiny_neuron.nestml")
    found = build_module.find_models([tmp_path])
    assert found == ((tmp_path / "folder.nestml/tiny_neuron.nestml").resolve(),)
    (tmp_path / "link.nestml").symlink_to(tmp_path / "nowhere")
    message = error_of(build("--models", tmp_path, "--install-dir", tmp_path / "out"))
    assert f"cannot read {tmp_path / 'nowhere'} (No such file or directory)" in message


def test_pair_whose_neuron_has_the_name_of_one_of_nests(tmp_path, neuron, build):
    """NESTML generates the neuron by itself as well, which NEST would refuse after minutes."""
    neuron.write_text(neuron.read_text().replace("tiny_neuron", "iaf_psc_delta"))
    pair = {"neuron": "iaf_psc_delta", "synapses": {"tiny_synapse": {"post_ports": ["post"]}}}
    (tmp_path / "options.json").write_text(json.dumps({"neuron_synapse_pairs": [pair]}))
    arguments = ("--models", neuron, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, "--codegen-opts", tmp_path / "options.json"))
    assert "NEST has a model iaf_psc_delta of its own" in message


def test_synapse_without_weight_names_the_option(tmp_path, build):
    """NESTML generates it, and the compiler then complains about a method of NEST's."""
    file = tmp_path / "tiny_synapse.nestml"
    file.write_text(SYNAPSE)
    arguments = ("--models", file, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, "--numeric-solver", "forward-Euler"))
    assert '--codegen-opts, for instance {"weight_variable": {"tiny_synapse": "w"}}' in message


def test_name_of_a_model_of_nest(tmp_path, build):
    """NEST would refuse the module as a whole, after it was compiled."""
    file = tmp_path / "some.nestml"
    file.write_text(SYNAPSE.replace("tiny_synapse", "static_synapse"))
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out"))
    assert f"{file}: NEST has a model static_synapse of its own; give this one another" in message
    assert "compiling" not in message


def test_synapse_that_listens_to_its_target_names_the_option(tmp_path, build):
    """NESTML's assertion says only how many ports a synapse may have."""
    file = tmp_path / "tiny_synapse.nestml"
    port = "        post_spikes <- spike\n"
    file.write_text(SYNAPSE.replace("    output:", port + "    output:"))
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out"))
    assert f"{file}: tiny_synapse listens to post_spikes, too" in message
    assert '{"tiny_synapse": {"post_ports": ["post_spikes"]}}' in message


def test_failure_of_ode_toolbox_names_file_and_model(tmp_path, build):
    """ODE-toolbox reads every parameter as a number, and stumbles over a string."""
    file = tmp_path / "some.nestml"
    file.write_text(NEURON_WITH_STRING)
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out"))
    assert f"{file}: ODE-toolbox cannot process wordy_neuron: " in message
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize("depth", [300, 1500])
def test_deep_expression_has_its_sentence(tmp_path, build, depth):
    """Python's parser refuses the first, NESTML's own recursion the second."""
    file = tmp_path / "some.nestml"
    deep = "(" * depth + "V_m" + " + 1 mV)" * depth
    file.write_text(NEURON_WITH_STRING.replace("-V_m", f"-{deep}"))
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out"))
    assert f"{file}: " in message
    assert "nested too deeply" in message
    assert len(message) < 1000


def test_python_without_nest(neuron):
    """Python's -S leaves site-packages out, as an interpreter without NEST does."""
    result = subprocess.run(
        [sys.executable, "-S", ROOT / "build_module.py", "--models", neuron],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot import nest" in error_of(result)


def test_nest_that_does_not_import_gives_the_reason(tmp_path, neuron, build):
    """A NEST whose files are there but whose import fails, for instance for want of a library."""
    nest = build_module.find_nest(None)
    package = tmp_path / "broken" / "nest"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libmpi.so.40: cannot open')\n")
    shutil.copy(nest.kernel, package)
    (package / "include").symlink_to(nest.headers.parent)
    arguments = ("--models", neuron, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, PYTHONPATH=str(tmp_path / "broken")))
    assert "libmpi.so.40: cannot open" in message


def test_no_compiler(tmp_path, neuron, build):
    """The sentence names what was looked for and the package to install."""
    path = commands(tmp_path / "bin", "readelf", "sh")
    arguments = ("--models", neuron, "--install-dir", tmp_path / "out")
    message = error_of(build(*arguments, PATH=path, CXX=None))
    assert "no C++ compiler found" in message
    assert "apt install g++" in message
    assert "tried /no/compiler" in error_of(build(*arguments, CXX="/no/compiler"))


def test_unknown_processor_is_refused_before_generating(neuron, build):
    """The compiler's own words; generating would take seconds, this less than two."""
    started = time.monotonic()
    message = error_of(build("--models", neuron, "--march", "z80"))
    assert "does not know --march z80" in message
    assert "'z80'" in message
    assert time.monotonic() - started < 5


def test_compiler_that_cannot_compile(neuron, build):
    """A program that is there and is no compiler."""
    false = shutil.which("false")
    assert f"{false} cannot compile an empty file" in error_of(build("--models", neuron, CXX=false))


def compiler_without(tmp_path: Path, header: str) -> str:
    """Wrap the compiler so that it does not find a header, whatever this machine has."""
    real = build_module.find_compiler(build_module.find_nest(None))
    script = tmp_path / "compiler"
    absent = f"fatal error: {header}: No such file or directory"
    script.write_text(
        f'#!/bin/sh\nfor file; do case "$file" in *.cpp) grep -q "{header}" "$file" && '
        f'{{ echo "{absent}" >&2; exit 1; }};; esac; done\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def test_rk45_without_gsl_is_refused_before_generating(tmp_path, build):
    """Only a model that needs the solver; one that ODE-toolbox solves exactly does without."""
    file = tmp_path / "some.nestml"
    linear = NEURON_WITH_STRING.replace('        word string = "word"\n', "")
    file.write_text(linear.replace("-V_m", "-V_m * V_m / (1 mV)"))
    code = tmp_path / "code"
    environment = {"CXX": compiler_without(tmp_path, "gsl/gsl_odeiv.h")}
    arguments = ("--models", file, "--install-dir", tmp_path / "out", "--build-dir", code)
    message = error_of(build(*arguments, **environment))
    assert f"{file}: wordy_neuron needs GSL's headers" in message
    assert "libgsl-dev" in message
    assert not list(code.glob("*.cpp"))


def test_dependency_graph_needs_no_dot(tmp_path, build):
    """With Python's graphviz and no dot, ODE-toolbox would fail while it draws a graph."""
    (tmp_path / "graphviz.py").write_text(
        "class Digraph:\n    def __getattr__(self, name):\n        raise OSError('no dot')\n"
    )
    file = tmp_path / "some.nestml"
    file.write_text(NEURON_WITH_STRING.replace('        word string = "word"\n', ""))
    environment = {"CXX": compiler_without(tmp_path, "wordy_neuron"), "PYTHONPATH": str(tmp_path)}
    message = error_of(build("--models", file, "--install-dir", tmp_path / "out", **environment))
    assert "wordy_neuron: No such file" in message  # the compiler was reached


def test_missing_header_is_named_before_generating(tmp_path, neuron, build):
    """The probe includes the header of NEST that includes nearly all others."""
    code = tmp_path / "code"
    environment = {"CXX": compiler_without(tmp_path, "archiving_node.h")}
    arguments = ("--models", neuron, "--install-dir", tmp_path / "out", "--build-dir", code)
    assert "archiving_node.h" in error_of(build(*arguments, **environment))
    assert not list(code.glob("*"))


def test_two_models_of_one_name(tmp_path, neuron, build):
    """Each file is processed by itself, so NESTML would not see the other one."""
    shutil.copy(neuron, tmp_path / "copy.nestml")
    message = error_of(build("--models", tmp_path, "--install-dir", tmp_path / "out"))
    assert f"{tmp_path / 'copy.nestml'} and {neuron} both have a model tiny_neuron" in message


def test_unwritable_folder(tmp_path, neuron, build):
    """Below a regular file nobody can write, not even root."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "modules"
    message = error_of(build("--models", neuron, "--install-dir", folder))
    assert f"cannot write to {folder}" in message
    assert "--install-dir" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path, neuron, build):
    """A folder of somebody else's, such as the site-packages of a cluster's NEST."""
    tmp_path.chmod(0o555)
    message = error_of(build("--models", neuron, "--install-dir", tmp_path))
    assert f"cannot write to {tmp_path} (Permission denied)" in message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--models", "/no/such/folder"], "no file or folder /no/such/folder"),
        (["--module-name", "izhisyn"], "'izhisyn' cannot be a module name"),
        (["--nest-config", "/bin/false"], "/bin/false does not answer --prefix"),
        (["--codegen-opts", "/no/such/file"], "cannot read /no/such/file"),
    ],
)
def test_wrong_argument_is_named(neuron, build, arguments, expected):
    """The message holds the value that was wrong."""
    given = [] if "--models" in arguments else ["--models", neuron]
    assert expected in error_of(build(*given, *arguments))


def test_folder_without_models(tmp_path, build):
    """An empty folder is not an empty module."""
    assert "there is no .nestml file" in error_of(build("--models", tmp_path))


def test_nest_config_of_another_nest(tmp_path, neuron, build):
    """Headers of one NEST and the kernel of another would crash, not fail."""
    config = tmp_path / "nest-config"
    config.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo 3.8;; --prefix) echo /opt/nest;; esac\n'
    )
    config.chmod(0o755)
    message = error_of(build("--models", neuron, "--nest-config", config))
    assert "describes NEST 3.8 in /opt/nest" in message


@pytest.mark.parametrize("content", [b"", b'{"content_hash": "k', b"[]", b"\xff\xfe"])
def test_damaged_record_is_a_cache_miss(tmp_path, content):
    """Whatever a full disk made of the record, the answer is to build again, not an error."""
    target = tmp_path / "somemodule.so"
    target.write_bytes(b"a module")
    record = {"content_hash": "key", "library_hash": build_module.hash_file(target)}
    build_module.record_file(target).write_text(json.dumps(record))
    assert build_module.read_record(target, "key") == record
    build_module.record_file(target).write_bytes(content)
    assert build_module.read_record(target, "key") is None


def test_launchers_are_those_of_the_library():
    """build_module.py imports nothing of izhisyn, so the two lists are compared here."""
    assert list(build_module.RANK_COUNTS) == [count for _, count in processes.LAUNCHERS]


@pytest.mark.parametrize("variable", build_module.RANK_COUNTS)
def test_several_mpi_ranks(neuron, build, variable):
    """Under a launcher every rank would generate code and start NEST inside NESTML."""
    result = build("--models", neuron, **{variable: "2"})
    assert "without mpirun" in error_of(result)


@pytest.mark.parametrize(
    ("header", "remedy"),
    [("gsl/no_such_header.h", "libgsl-dev"), ("boost/no_such_header.h", "boost-headers")],
)
def test_missing_headers_name_their_package(tmp_path, header, remedy):
    """The real compiler's complaint is recognised, whatever this machine has installed."""
    source = tmp_path / "source.cpp"
    source.write_text(f'#include "{header}"\n')
    compiler = build_module.find_compiler(build_module.find_nest(None))
    log = subprocess.run(
        [compiler, "-c", source], capture_output=True, text=True, check=False
    ).stderr
    sentence = build_module.explain_failure(log)
    assert header in sentence
    assert remedy in sentence
