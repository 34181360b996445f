# SPDX-License-Identifier: GPL-2.0-or-later
"""Runnable experiments, each started by ``python -m pynest_scripts.<name>``."""
