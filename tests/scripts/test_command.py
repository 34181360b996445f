# SPDX-License-Identifier: GPL-2.0-or-later
"""The command ``izhisyn`` finds every script, and hands it the rest of the command line."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import build_module
import izhisyn as library
import pynest_scripts
from pynest_scripts import __main__ as command
from pynest_scripts.commands import catalogue, completion, info, project

SCRIPTS = sorted(
    file.stem
    for file in Path(pynest_scripts.__file__).parent.glob("*.py")
    if not file.stem.startswith("_")
)


@pytest.fixture
def izhisyn(monkeypatch, capsys):
    """Run ``izhisyn`` in this process; give its exit code, and what it printed on both streams."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["/bin/izhisyn", *arguments])
        try:
            command.main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code or 0
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def fake_script(monkeypatch):
    """Put a ``main`` of our own in the place of figure 2's; it gives its exit code."""

    def replace(main):
        monkeypatch.setattr("pynest_scripts.figure2.main", main)

    return replace


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_lists_every_script_and_the_first_two_steps(izhisyn, arguments):
    """A newcomer needs no other page to draw the first figure."""
    code, printed, _ = izhisyn(*arguments)
    assert code == 0
    listed = {line.split()[0] for line in printed.splitlines() if line.startswith("  ")}
    assert {name.replace("_", "-") for name in SCRIPTS} <= listed
    assert {
        "build",
        "info",
        "import-brian2",
        "import-neuroml",
        "fit",
        "nest-desktop",
        "completion",
    } <= listed
    assert printed.index("izhisyn build\n") < printed.index("izhisyn figure2\n")


def test_summaries_are_the_first_lines_of_the_docstrings():
    """Read from the source; the imported module has the same."""
    for module in catalogue.commands().values():
        docstring = importlib.import_module(module).__doc__
        assert catalogue.summary(module) == docstring.partition("\n")[0].removesuffix(".")


def test_readme_lists_every_experiment_and_model(pytestconfig):
    """In the first column of its tables; what it calls ``izhisyn`` something is a command."""
    readme = (pytestconfig.rootpath / "README.md").read_text()
    first_cells = re.findall(r"^\| (`.*?) \|", readme, re.MULTILINE)
    listed = set(re.findall(r"`([\w-]+)`", " ".join(first_cells)))
    models = {file.stem for file in (pytestconfig.rootpath / "models").glob("*.nestml")}
    assert set(catalogue.scripts()) | models <= listed
    used = re.findall(r"^izhisyn ([a-z][\w-]*)|`izhisyn ([a-z][\w-]*)", readme, re.MULTILINE)
    assert {a or b for a, b in used} <= catalogue.commands().keys()


def test_every_command_has_a_main():
    """What the catalogue names can be run."""
    for module in catalogue.commands().values():
        assert callable(importlib.import_module(module).main), module


@pytest.mark.parametrize("name", SCRIPTS)
def test_usage_names_the_command(izhisyn, name):
    """As the user called it, not as a module."""
    dashed = name.replace("_", "-")
    code, printed, _ = izhisyn(dashed, "--help")
    assert code == 0
    assert printed.startswith(f"usage: izhisyn {dashed} ")


@pytest.mark.parametrize(
    "name",
    ["build", "info", "import-brian2", "import-neuroml", "fit", "nest-desktop", "completion"],
)
def test_usage_names_the_tool(izhisyn, name):
    """The same for what is not an experiment."""
    code, printed, _ = izhisyn(name, "--help")
    assert (code, printed.split()[:3]) == (0, ["usage:", "izhisyn", name])


@pytest.mark.parametrize("name", ["network", "population_network"])
def test_network_has_a_short_name_and_underscores_are_dashes(izhisyn, name):
    """Both are the population network."""
    _, printed, _ = izhisyn(name, "--help")
    assert printed.startswith("usage: izhisyn population-network ")


def test_rest_of_the_command_line_reaches_the_script(izhisyn, fake_script):
    """Options before any word, too, which are not for ``izhisyn`` itself."""
    seen = []
    fake_script(lambda: seen.append(sys.argv[1:]))
    assert izhisyn("figure2", "--version", "--", "x") == (0, "", "")
    assert seen == [["--version", "--", "x"]]


def test_exit_code_of_the_command_is_that_of_izhisyn(izhisyn, fake_script):
    """So that shell scripts may rely on it."""
    fake_script(lambda: 7)
    assert izhisyn("figure2")[0] == 7


def test_refused_value_is_told_as_the_script_tells_it(izhisyn):
    """One sentence after the usage, code 2."""
    code, _, errors = izhisyn("figure2", "--resolution", "0")
    assert code == 2
    assert errors.splitlines()[-1].startswith("izhisyn figure2: error: argument --resolution: '0'")


@pytest.mark.parametrize(
    "name, advice",
    [("figrue2", "did you mean figure2?"), ("zzz", "izhisyn --help lists them")],
)
def test_unknown_command_is_one_sentence(izhisyn, name, advice):
    """With the value and the remedy."""
    assert izhisyn(name) == (2, "", f"error: there is no command '{name}'; {advice}\n")


def test_version(izhisyn):
    """That of the package."""
    assert izhisyn("--version") == (0, f"izhisyn {library.__version__}\n", "")


@pytest.mark.parametrize("package", ["izhisyn", "pynest_scripts"])
def test_runs_as_a_module(package, pytestconfig):
    """For a Python into which izhisyn is not installed, as that of ``make mpi``."""
    finished = subprocess.run(
        [sys.executable, "-m", package, "tutorial", "--help"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.startswith("usage: izhisyn tutorial ")


# izhisyn info


def lines(printed):
    """Give the report as a dictionary."""
    return dict(line.split(maxsplit=1) for line in printed.splitlines())


def test_info_tells_what_is_in_use(izhisyn, module_build):
    """Against what the build's own record and the installed packages say."""
    code, printed, errors = izhisyn("info")
    report = lines(printed)
    assert (code, report["verdict"], errors) == (0, "everything fits", "")
    assert report["NEST"].startswith(f"{module_build['nest_version']}, OpenMP ")
    assert report["NESTML"].startswith(project.pins()["nestml"])
    assert report["compiler"].endswith(module_build["compiler"])
    assert report["module"] == (
        f"{len(module_build['models'])} models, up to date, {module_build['path']}"
    )


@pytest.fixture
def parts(monkeypatch):
    """Let ``info`` look at one part only."""

    def choose(name):
        chosen = [(part, look) for part, look in info.parts() if part == name]
        monkeypatch.setattr(info, "parts", lambda: chosen)

    return choose


def test_stale_module_is_told(izhisyn, module_build, parts, monkeypatch, tmp_path):
    """A model that was not there when the module was built."""
    parts("module")
    (tmp_path / "new.nestml").write_text("model new_neuron:\n")
    monkeypatch.setattr(build_module, "OWN_MODELS", tmp_path)
    code, printed, _ = izhisyn("info")
    assert code == 1
    assert lines(printed)["verdict"] == "module does not fit, see above"
    assert printed.splitlines()[0].endswith("that are here; run izhisyn build")


@pytest.mark.parametrize("flag, march", [("-march=x86-64-v3", "x86-64-v3"), ("-O3", "none")])
def test_module_for_another_processor_is_up_to_date(monkeypatch, tmp_path, flag, march):
    """It was asked for with ``--march``; what that was stands in the record's flags."""
    nest = build_module.find_nest(None)
    request = build_module.read_request(build_module.parse_arguments(["--march", march]))
    module = tmp_path / "izhisynmodule.so"
    module.write_bytes(b"code")
    record = {
        "flags": [flag],
        "content_hash": build_module.content_hash(request, nest),
        "library_hash": build_module.hash_file(module),
    }
    build_module.record_file(module).write_text(json.dumps(record))
    default = build_module.read_request(build_module.parse_arguments([]))
    assert info.is_up_to_date(module, default, nest)
    module.write_bytes(b"other code")
    assert not info.is_up_to_date(module, default, nest)


def test_missing_module_is_told(izhisyn, parts, monkeypatch, tmp_path):
    """The name of no module that NEST knows."""
    parts("module")
    monkeypatch.setattr(build_module, "OWN_MODULE", "absentmodule")
    code, printed, _ = izhisyn("info")
    assert code == 1
    assert "absentmodule.so; run izhisyn build" in lines(printed)["module"]


def test_other_nestml_is_told(izhisyn, parts, monkeypatch):
    """Templates are laid over those of one version; simulating goes on without."""
    parts("NESTML")
    monkeypatch.setattr(project, "pins", lambda: {"nestml": "1.2.3"})
    code, printed, _ = izhisyn("info")
    assert code == 0
    assert lines(printed)["NESTML"].endswith("pip install nestml==1.2.3")
    assert lines(printed)["verdict"] == "the module fits; building needs NESTML, see above"


def test_missing_compiler_is_told(izhisyn, parts, monkeypatch):
    """In the words of the build."""
    parts("compiler")
    monkeypatch.setenv("CXX", "no-such-compiler")
    code, printed, _ = izhisyn("info")
    assert code == 0
    assert "(tried no-such-compiler); install g++" in lines(printed)["compiler"]
    assert lines(printed)["verdict"] == "the module fits; building needs compiler, see above"


@pytest.mark.parametrize(
    "change, fits",
    [
        ({}, True),
        ({"nest_version": "3.9.0"}, False),
        ({"source_hash": "of other models"}, False),
        ({"library_hash": "of another file"}, False),
        ({"flags": ["-march=x86-64-v3"]}, False),
    ],
)
def test_module_of_the_wheel_fits_wherever_it_was_built(monkeypatch, tmp_path, change, fits):
    """Decided by models and NEST; NESTML and the compiler of the other machine do not matter."""
    nest = build_module.find_nest(None)
    request = build_module.read_request(build_module.parse_arguments([]))
    module = tmp_path / "izhisynmodule.so"
    module.write_bytes(b"code")
    record = {
        "flags": ["-O3"],
        "nest_version": nest.version,
        "content_hash": "of another machine",
        "source_hash": build_module.source_hash(request),
        "library_hash": build_module.hash_file(module),
        **change,
    }
    build_module.record_file(module).write_text(json.dumps(record))
    assert info.is_prebuilt(module, request, nest) is fits


def test_missing_nestml_is_one_sentence_with_the_extra(izhisyn, parts, monkeypatch):
    """The same that a build says."""
    parts("NESTML")
    find_spec = importlib.util.find_spec
    without = lambda name: None if name == "pynestml" else find_spec(name)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", without)
    _, printed, _ = izhisyn("info")
    sentence = lines(printed)["NESTML"]
    assert sentence.startswith("building models needs NESTML, which ")
    assert "pip install 'izhisyn[build]'" in sentence
    code, _, errors = izhisyn("build")
    assert (code, errors) == (1, f"build_module: {sentence}\n")


# izhisyn completion


@pytest.fixture(scope="module")
def complete(tmp_path_factory, pytestconfig):
    """Ask a real bash for the completions of the last of some words."""
    finished = subprocess.run(
        [sys.executable, "-m", "pynest_scripts", "completion", "bash"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=True,
    )
    script = tmp_path_factory.mktemp("completion") / "izhisyn.bash"
    script.write_text(finished.stdout)

    def ask(*words):
        ask_bash = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _izhisyn'
        bash = ["bash", "-c", f'{ask_bash}; echo "${{COMPREPLY[@]}}"', "bash"]
        answer = subprocess.run(
            [*bash, script, "izhisyn", *words], capture_output=True, text=True, check=True
        )
        assert answer.stderr == ""
        return answer.stdout.split()

    return ask


@pytest.mark.parametrize(
    ("login_shell", "shell"), [("/bin/zsh", "zsh"), ("/bin/bash", "bash"), ("/bin/fish", "bash")]
)
def test_completion_is_for_the_login_shell_if_none_is_named(monkeypatch, login_shell, shell):
    """As README writes it, without an argument."""
    monkeypatch.setenv("SHELL", login_shell)
    assert completion.parse_arguments([]).shell == shell
    assert completion.parse_arguments(["zsh"]).shell == "zsh"


@pytest.mark.parametrize(
    "words, completions",
    [
        (("fig",), ["figure2"]),
        (("--v",), ["--version"]),
        (("figure2", "--pro"), ["--protocol"]),
        (("figure2", "--protocol", ""), ["author", "paper"]),
        (("figure2", "--quiet", "--integ"), ["--integrator"]),
        (("network", "--spikes-to", "m"), ["memory"]),
        (("population-network", "--spikes-to", "m"), ["memory"]),
        (("build", "--numeric-solver", "r"), ["rk45"]),
        (("completion", "b"), ["bash"]),
        (("figure2", "--output", ""), []),  # bash offers file names then
    ],
)
def test_completions(complete, words, completions):
    """Commands, options and the values that an option is limited to."""
    assert complete(*words) == completions
