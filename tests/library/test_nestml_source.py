# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read from the source of a model is what NEST has."""

import pytest

from izhisyn.nestml_source import SourceError, read_header, read_model


@pytest.fixture(scope="module")
def models(pytestconfig):
    """All models, by name."""
    read = [read_model(path) for path in (pytestconfig.rootpath / "models").glob("*.nestml")]
    return {model.name: model for model in read}


def number(text):
    """Give the number that a default is, or None for an expression."""
    try:
        return float(text)
    except ValueError:
        return None


def test_every_parameter_has_the_default_that_nest_has(models, nest_kernel):
    """And a meaning."""
    nest = nest_kernel()
    compared = 0
    for model in models.values():
        defaults = nest.GetDefaults(model.name)
        for parameter in model.parameters:
            assert parameter.meaning, (model.name, parameter)
            expected = number(parameter.value)
            if expected is not None:
                assert defaults[parameter.name] == expected, (model.name, parameter)
                compared += 1
    assert compared > 100


def test_state_is_what_nest_records(models, nest_kernel):
    """Names of the tables and of the sentence below them, without the inner state of a step."""
    nest = nest_kernel()
    for model in models.values():
        if not model.is_synapse:
            listed = {variable.name for variable in (*model.state, *model.recordables)}
            recordables = {str(name) for name in nest.GetDefaults(model.name)["recordables"]}
            inner = {name for name in recordables if name.startswith(("step_", "PULSES_"))}
            arrays = {name for name in listed if "[" in name}
            assert listed - arrays == recordables - inner, model.name


def test_ports_are_in_the_order_of_the_receptor_types(models, nest_kernel):
    """The tables count them from 1."""
    nest = nest_kernel()
    multisynaptic = [model for model in models.values() if len(model.spike_ports) > 1]
    assert len(multisynaptic) >= 3
    for model in multisynaptic:
        numbered = {port: number for number, port in enumerate(model.spike_ports, start=1)}
        assert dict(nest.GetDefaults(model.name)["receptor_types"]) == numbered


def test_conditions_and_units(models):
    """A condition without its infinities, a unit from the type or from the comment."""
    parameters = {one.name: one for one in models["izhikevich_cond_multisyn_neuron"].parameters}
    assert (parameters["V_th"].allowed, parameters["V_th"].finite) == ("V_th > c", False)
    assert (parameters["V_min"].allowed, parameters["V_min"].finite) == ("V_min < V_th", False)
    assert (parameters["a"].unit, parameters["a"].allowed) == ("1/ms", "")
    assert (parameters["conc_Mg2"].value, parameters["conc_Mg2"].unit) == ("1", "mM")
    assert parameters["conc_Mg2"].meaning == "extracellular magnesium concentration"
    assert (parameters["V_min"].value, parameters["V_min"].unit) == ("-inf", "mV")


def test_header_without_a_title_is_refused():
    """The message names the file and the form."""
    assert read_header("# m - a model\n# ###\n#\n# Text\n#   x\n", "m.nestml") == (
        "a model",
        "Text\n  x\n",
    )
    with pytest.raises(SourceError, match=r"m\.nestml does not begin with a title; write"):
        read_header("# a model\n# ###\n#\nmodel m:\n", "m.nestml")


def test_file_that_is_no_model_is_refused(tmp_path):
    """NESTML's own parser decides."""
    path = tmp_path / "broken.nestml"
    path.write_text("model broken_neuron:\n    state:\n        v mV = = 1\n")
    with pytest.raises(SourceError, match=r"broken\.nestml is not one valid NESTML model"):
        read_model(path)
