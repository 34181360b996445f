# SPDX-License-Identifier: GPL-2.0-or-later
"""What pyproject.toml cannot say: where build_module.py goes, and the wheel with a compiled module.

`make wheel` compiles the models and names their folder in IZHISYN_PREBUILT. Without that variable
the wheel has no compiled code.
"""

import os
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

PREBUILT = os.environ.get("IZHISYN_PREBUILT")
MODULE_FOLDER = Path("lib64", "nest")  # in site-packages, where the kernel of NEST's wheel looks


class BuildFiles(build_py):
    """Install build_module.py inside izhisyn; add the compiled module, if there is one."""

    def get_module_outfile(self, build_dir, package, module):
        """Give the place of a module; those outside of packages belong to izhisyn."""
        return super().get_module_outfile(
            build_dir, package if any(package) else ["izhisyn"], module
        )

    def run(self):
        """Copy the files."""
        super().run()
        if PREBUILT:
            folder = Path(self.build_lib, MODULE_FOLDER)
            self.mkpath(str(folder))
            for file in ("izhisynmodule.so", "izhisynmodule.json"):
                self.copy_file(str(Path(PREBUILT, file)), str(folder))


class Wheel(bdist_wheel):
    """With a compiled module: one wheel for a platform and every Python."""

    def finalize_options(self):
        """Declare compiled code."""
        if PREBUILT:
            self.distribution.has_ext_modules = lambda: True
        super().finalize_options()

    def get_tag(self):
        """Name the platform only: the module has no symbols of Python."""
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if PREBUILT else (python, abi, platform)


setup(cmdclass={"build_py": BuildFiles, "bdist_wheel": Wheel})
