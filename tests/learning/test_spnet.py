# SPDX-License-Identifier: GPL-2.0-or-later
"""The independent program for networks that learn gives the spikes of the published one."""

import hashlib
import subprocess

# Spikes of the public program of Izhikevich (2006), seed 0, in the first seconds.
PUBLISHED_COUNTS = {1: 7074, 10: 48607, 60: 374758}
# sha256 of the lines "ms id" of the first 60 s, sorted by both numbers
PUBLISHED_HASH = "1ea0bb6d7ec1d4847ae1c902e9884796dc8037233f6c2b49735885b9d9f1c0b2"


def test_spikes_are_the_published_ones(spnet):
    """Every spike of a minute; the C library's rand() is part of the published program."""
    output = subprocess.run([spnet, "0", "60"], check=True, capture_output=True, text=True).stdout
    spikes = sorted(tuple(map(int, line.split())) for line in output.splitlines())
    for seconds, count in PUBLISHED_COUNTS.items():
        assert sum(ms < 1000 * seconds for ms, _ in spikes) == count
    lines = "".join(f"{ms} {cell}\n" for ms, cell in spikes)
    assert hashlib.sha256(lines.encode()).hexdigest() == PUBLISHED_HASH
