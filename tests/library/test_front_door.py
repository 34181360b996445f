# SPDX-License-Identifier: GPL-2.0-or-later
"""``import izhisyn`` is quick, and has the functions that the README shows."""

import importlib

import pytest

import izhisyn


def test_import_needs_no_nest(module_build, fresh_python, pytestconfig):
    """NEST takes half a second and a banner; parameters and analysis do without."""
    snippet = """
        import sys
        import izhisyn
        assert izhisyn.__version__ and "start_kernel" in dir(izhisyn)
        print("nest" in sys.modules)
        izhisyn.syn_spec
        print("nest" in sys.modules)
        izhisyn.start_kernel(resolution=0.2)
        print("nest" in sys.modules)
    """
    result = fresh_python(snippet, PYTHONPATH=str(pytestconfig.rootpath))
    assert result.stdout.split() == ["False", "False", "True"], result.stderr


def test_names_at_the_front_are_the_modules_own():
    """Each is found where ``_HOME`` says."""
    for name in set(izhisyn.__all__) - {"__version__", "models_folder"}:
        function = getattr(izhisyn, name)
        assert function.__name__ == name
        assert getattr(importlib.import_module(function.__module__), name) is function


def test_models_folder_has_the_sources():
    """Of every neuron that the README names first."""
    names = {file.stem for file in izhisyn.models_folder().glob("*.nestml")}
    assert {"izhikevich_cond_multisyn_neuron", "izhikevich_psc_multisyn_neuron"} <= names


def test_other_names_are_attribute_errors():
    """As for any module."""
    with pytest.raises(AttributeError, match="module 'izhisyn' has no attribute 'network'"):
        _ = izhisyn.network
