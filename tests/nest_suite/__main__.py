# SPDX-License-Identifier: GPL-2.0-or-later
"""Run NEST's own generic tests on our models.

``python -m tests.nest_suite [SUBSTITUTION ...] [-- ARGUMENTS OF PYTEST]``

The tests come from the source distribution of the NEST that `constraints.txt` names, and are kept
in ``${XDG_CACHE_HOME:-~/.cache}/izhisyn``.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.nest_suite.substitutions import SUBSTITUTIONS

ROOT = Path(__file__).resolve().parents[2]
TESTS = "testsuite/pytests"
# Threads that wait should leave the core to those they wait for: some tests have more threads than
# there are cores.
SETTINGS = {"OMP_WAIT_POLICY": "passive", "PYNEST_QUIET": "1"}
N_AT_ONCE = 2  # processes; one of NEST's tests takes 4 threads


def main(arguments: list[str] | None = None) -> int:
    """Run the substitutions; give 0 if all went as expected."""
    parser = argparse.ArgumentParser(prog="tests.nest_suite", description=__doc__.split("\n")[0])
    parser.add_argument(
        "substitutions", nargs="*", metavar="SUBSTITUTION", help=", ".join(SUBSTITUTIONS)
    )
    arguments = sys.argv[1:] if arguments is None else arguments
    end = arguments.index("--") if "--" in arguments else len(arguments)
    names = parser.parse_args(arguments[:end]).substitutions or list(SUBSTITUTIONS)
    for name in names:
        if name not in SUBSTITUTIONS:
            parser.error(f"there is no substitution {name}; choose from {', '.join(SUBSTITUTIONS)}")
    tests = find_tests()
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        results = pool.map(lambda name: run(tests, name, arguments[end + 1 :]), names)
        failed = False
        for name, result in zip(names, results, strict=True):
            print(f"===== {name}", result.stdout, result.stderr, sep="\n", flush=True)
            failed |= result.returncode != 0
    return int(failed)


def run(tests: Path, name: str, arguments: list[str]) -> subprocess.CompletedProcess:
    """Run pytest on the files that a substitution is for, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-rfE", "-c", os.devnull),
                *("-p", "no:cacheprovider", "-p", "tests.nest_suite.plugin", "--rootdir", tests),
                *("--tb=short", "-W", "ignore", "--substitution", name),
                *arguments,
                *files_of(tests, name),
            ],
            cwd=folder,
            env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )


def files_of(tests: Path, name: str) -> list[Path]:
    """Find the files that use what is substituted, and are not run by an earlier substitution."""
    return [
        file
        for folder in SUBSTITUTIONS[name].folders
        for file in sorted((tests / folder).glob("test_*.py"))
        if name == next(iter(substitutions_of(file.read_text())), None)
    ]


def substitutions_of(text: str) -> list[str]:
    """Name the substitutions that concern the text of a file."""
    return [
        name
        for name, substitution in SUBSTITUTIONS.items()
        if any(text_of_it in text for text_of_it in substitution.texts)
    ]


def find_tests() -> Path:
    """Give the folder of NEST's tests, which are downloaded if they are not there."""
    requirement = nest_requirement()
    release = re.match(r"nest-simulator==(\S+)", requirement)[1]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "izhisyn"
    folder = cache / f"nest-simulator-{release}-tests"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        print(f"downloading NEST {release} with its tests into {folder}", flush=True)
        with tempfile.TemporaryDirectory(dir=cache) as unfinished:
            extract_tests(download(requirement, Path(unfinished)), Path(unfinished) / "tests")
            (Path(unfinished) / "tests").rename(folder)
    return folder


def nest_requirement() -> str:
    """Give the lines of `constraints.txt` that name NEST's release and its hashes."""
    constraints = (ROOT / "constraints.txt").read_text()
    return re.search(r"^nest-simulator==(?:.*\\\n)*.*\n", constraints, re.MULTILINE)[0]


def download(requirement: str, folder: Path) -> Path:
    """Download the source distribution; give its path."""
    (folder / "requirement").write_text(requirement)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download"]
    subprocess.run(
        [
            *pip,
            *("--no-deps", "--no-binary", "nest-simulator", "--dest", folder),
            *("--require-hashes", "--requirement", folder / "requirement"),
        ],
        check=True,
    )
    (archive,) = folder.glob("*.tar.gz")
    return archive


def extract_tests(archive: Path, folder: Path) -> None:
    """Unpack NEST's tests in Python, and nothing else, into a folder."""
    with tarfile.open(archive) as source:
        for member in source:
            path = member.name.partition("/")[2]  # below the folder of the release
            if member.isfile() and path.startswith(f"{TESTS}/"):
                member.name = path.removeprefix(f"{TESTS}/")
                source.extract(member, folder, filter="data")


if __name__ == "__main__":
    sys.exit(main())
