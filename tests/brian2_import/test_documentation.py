# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of constructs names tests that exist, and each row has one."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
TABLE = FOLDER.parents[1] / "docs" / "brian2-constructs.md"


def test_every_row_names_tests_that_exist():
    """A renamed test must not leave a claim without its proof."""
    sources = "".join(file.read_text() for file in FOLDER.glob("test_*.py"))
    known = set(re.findall(r"^def (test_\w+)", sources, re.MULTILINE))
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.endswith("| tests |")]
    assert len(rows) > 40
    for row in rows:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named, row
        assert named <= known, named - known
