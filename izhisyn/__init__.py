# SPDX-License-Identifier: GPL-2.0-or-later
"""What the PyNEST scripts share: parameters, kernel, wiring, recording, analysis, plotting."""
