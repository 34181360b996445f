# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python of a page runs, from its first block to its last, in a new process."""

import re

import pytest

from tests.conftest import ROOT

PAGES = (
    *("from-nest", "from-pynn", "heterogeneous-populations", "parameter-sweeps", "elephant"),
    "fitting",
    *("learning", "plasticity", pytest.param("your-own-model", marks=pytest.mark.slow)),
    pytest.param("your-own-receptor", marks=pytest.mark.slow),
)


def script(page):
    """Join the Python blocks of a page."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks, page
    return "".join(blocks)


@pytest.mark.parametrize("page", PAGES)
def test_script_of_a_page_runs(page, module_build, fresh_python):
    """Without errors, and it prints something to read."""
    result = fresh_python(script(page), PYTHONPATH=str(ROOT), PATH="/usr/bin:/bin")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
