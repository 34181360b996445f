# SPDX-License-Identifier: GPL-2.0-or-later
"""What the importers write: NESTML models and PyNEST scripts."""
