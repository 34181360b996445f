# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast, how accurate and how large, measured side by side: ``python -m benchmarks.<name>``."""
