# SPDX-License-Identifier: GPL-2.0-or-later
"""Spack recipe: copy it to ``packages/py_izhisyn/`` of a Spack repository of your own.

``spack dev-build py-izhisyn@0.1.0`` in a clone installs the library; the models are compiled after
it for the NEST of Spack, with MPI if that has it.
"""

from spack.package import PythonPackage, depends_on, license, run_after, version


class PyIzhisyn(PythonPackage):
    """Izhikevich neurons with AMPA, NMDA and GABA-A synapses for the NEST simulator."""

    license("GPL-2.0-or-later")
    version("0.1.0")

    depends_on("cxx", type="build")
    depends_on("python@3.11:", type=("build", "run"))
    depends_on("py-setuptools@77:", type="build")
    depends_on("nest@3.10.0 +python", type=("build", "run"))
    depends_on("py-numpy@2:", type=("build", "run"))
    depends_on("py-matplotlib@3.9:", type=("build", "run"))
    # for izhisyn build, here and for models of a user
    depends_on("py-nestml@9.0.0", type=("build", "run"))
    depends_on("boost@1.81:", type=("build", "run"))
    depends_on("binutils", type=("build", "run"))

    @run_after("install")
    def build_models(self):
        """Compile the models for the processors that Spack builds for."""
        folder = self.prefix.lib.nest
        self.spec["python"].command("-m", "izhisyn", "build", "--install-dir", folder)

    def setup_run_environment(self, env):
        """Let NEST find the module."""
        env.prepend_path("LD_LIBRARY_PATH", self.prefix.lib.nest)
