# SPDX-License-Identifier: GPL-2.0-or-later
"""The importer over all examples of Brian2 itself: ``make test-brian2-examples``.

They come with Brian2's source distribution, which pip downloads into a cache outside the clone;
nothing of them is copied. What the importer says of each must be what brian2_examples.json says,
where each sentence has a reason. After a change for the better::

    python -m tests.brian2_import.brian2_examples --renew [EXAMPLE ...]
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

from tests.conftest import ROOT

TABLE = Path(__file__).with_suffix(".json")
TIME_LIMIT = 500  # of a script, on a busy machine [s]
# They measure how long Brian2 takes, for minutes, and simulate nothing.
NOT_TRIED = {"synapses/efficient_gaussian_connectivity.py"}


def cache():
    """Give the folder for what is downloaded."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "izhisyn" / f"brian2-{version('brian2')}"


def examples():
    """Download and unpack the source distribution of the installed version, once.

    Returns
    -------
    pathlib.Path
        Folder of the examples.
    """
    folder = cache()
    name = f"brian2-{version('brian2')}"
    if not (folder / name / "examples").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        what = ["--no-deps", "--no-binary", "brian2", f"brian2=={version('brian2')}"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
        subprocess.run([*pip, *what, "--dest", str(folder)], check=True)
        (archive,) = folder.glob("brian2-*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder / name / "examples"


def findings(script, output):
    """Import a script; list the sentences of what is refused or left behind.

    Parameters
    ----------
    script : pathlib.Path
    output : pathlib.Path
        Folder for what is written.

    Returns
    -------
    list of str
        Empty if everything is carried over; a refusal of the whole begins with "refused".
    """
    arguments = ["import-brian2", script.name, "--all", "--output", output]
    command = [sys.executable, "-W", "ignore", "-m", "izhisyn", *map(str, arguments)]
    try:
        result = subprocess.run(
            command,
            cwd=script.parent,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(output)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [f"failed: takes longer than {TIME_LIMIT} s"]
    if result.returncode == 2:
        message = result.stderr.rstrip().splitlines()[-1].partition("error: ")[2]
        return [f"refused: {_settled(message)}"]
    if result.returncode != 0:
        return [f"failed: {result.stderr.strip().splitlines()[-1]}"]
    sentences = re.findall(r"^left behind: (.*)$", result.stdout, re.MULTILINE)
    return sorted(map(_settled, sentences))


def _settled(sentence):
    """Leave out what depends on the machine: folders and addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", re.sub(r"(?<!\S)/\S*/(?=[^/\s]*)", "", sentence))


def all_findings(output, names=()):
    """Import examples, all if none are named, two at once; gives the findings of each."""
    folder = examples()
    known = {str(script.relative_to(folder)) for script in folder.rglob("*.py")}
    names = names or sorted(known - NOT_TRIED)
    scripts = [folder / name for name in names]
    folders = [Path(output) / name.replace("/", "_") for name in names]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(findings, scripts, folders), strict=True))


def renew(output, names):
    """Write the rows of some examples anew, or those of all."""
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {"reasons": {}, "examples": {}}
    table["examples"] |= all_findings(output, names)
    TABLE.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    import tempfile

    assert sys.argv[1:2] == ["--renew"], __doc__
    with tempfile.TemporaryDirectory() as temporary:
        renew(temporary, sys.argv[2:])
