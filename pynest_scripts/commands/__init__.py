# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command ``izhisyn`` has besides the scripts."""
