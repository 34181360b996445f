# SPDX-License-Identifier: GPL-2.0-or-later
"""Plugin of pytest that puts our models in the place of NEST's, below PyNEST's functions.

A test that is expected to fail and passes is a failure, and so is an expectation that no test
meets.
"""

from collections.abc import Iterator
from pathlib import Path

import nest
import pytest
from nest import nestkernel_api as kernel

from tests.nest_suite.substitutions import (
    EXPECTATIONS,
    NEED_TRANSMITTER,
    ORDINARY_NEURONS,
    SUBSTITUTIONS,
    UNIVERSAL_NEURON,
    Expectations,
    Substitution,
    expectations,
)

MODULE = "izhisynmodule"
RECEPTOR = 1  # where a test assumes the only one, 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `tests.nest_suite` gives."""
    parser.addoption("--substitution", choices=SUBSTITUTIONS, required=True)
    parser.addoption("--expectations", type=Path, default=EXPECTATIONS)


def pytest_configure(config: pytest.Config) -> None:
    """Put our models into NEST before its tests are imported, which loop over models."""
    name = config.getoption("--substitution")
    stand_in = StandIn(SUBSTITUTIONS[name])
    expected = expectations(name, config.getoption("--expectations"))
    config.pluginmanager.register(Judge(stand_in, expected))


class StandIn:
    """NEST's kernel, with our models in the place of others.

    Attributes
    ----------
    is_used : bool
        Whether one of our models was created, connected, copied or asked for since it was False.
    """

    REPLACED = (
        *("reset_kernel", "get_kernel_status", "set_kernel_status"),
        *("create", "create_spatial", "get_defaults", "set_defaults", "copy_model"),
        *("connect", "connect_arrays", "disconnect", "get_connections"),
    )

    def __init__(self, substitution: Substitution):
        self.is_used = False
        self._original = {name: getattr(kernel, f"llapi_{name}") for name in self.REPLACED}
        self._neurons = dict.fromkeys(ORDINARY_NEURONS, substitution.neuron)
        if substitution.hides_nest_models:
            self._neurons[UNIVERSAL_NEURON] = substitution.neuron
        self._synapses = {"static_synapse": substitution.synapse}
        self._hides_nest_models = substitution.hides_nest_models
        self._of_nest = self._models()
        for name in self.REPLACED:
            setattr(kernel, f"llapi_{name}", getattr(self, name))
        nest.ResetKernel()

    def reset_kernel(self) -> None:
        """Install the module again, which NEST forgets."""
        self._original["reset_kernel"]()
        nest.Install(MODULE)
        self._own_models = self._models() - self._of_nest
        self._own_nodes = set()

    def get_kernel_status(self) -> dict:
        """Hide NEST's models, if this is what the substitution does."""
        status = self._original["get_kernel_status"]()
        if self._hides_nest_models:
            for kind in ("node_models", "synapse_models"):
                hidden = self._of_nest.union(NEED_TRANSMITTER)
                status[kind] = [model for model in status[kind] if model not in hidden]
        return status

    def set_kernel_status(self, status: dict) -> None:
        """Let structural plasticity make our connections."""
        pairs = status.get("structural_plasticity_synapses", {})
        if pairs:
            pairs = {name: self._with_our_synapse(pair) for name, pair in pairs.items()}
            status = {**status, "structural_plasticity_synapses": pairs}
        self._original["set_kernel_status"](status)

    def create(self, model: str, *arguments: object) -> object:
        """Create our neurons."""
        model = self._use(self._neurons.get(model, model))
        return self._noting(model, self._original["create"](model, *arguments))

    def create_spatial(self, layer: dict) -> object:
        """Create our neurons at positions."""
        model = self._use(self._neurons.get(layer["elements"], layer["elements"]))
        return self._noting(model, self._original["create_spatial"]({**layer, "elements": model}))

    def get_defaults(self, model: str) -> dict:
        """Give our model's defaults."""
        return self._original["get_defaults"](self._model(model))

    def set_defaults(self, model: str, *arguments: object) -> None:
        """Set our model's defaults."""
        self._original["set_defaults"](self._model(model), *arguments)

    def copy_model(self, model: str, copy: str, *arguments: object) -> None:
        """Copy our model."""
        model = self._model(model)
        self._original["copy_model"](model, copy, *arguments)
        if model in self._own_models:
            self._own_models |= {copy}

    def connect(self, sources: object, targets: object, rule: object, synapse: object) -> None:
        """Connect to our neurons by our synapse, to receptor 1 if there is no 0."""
        connect = self._original["connect"]
        are_simple = isinstance(synapse, dict | None)  # not collocated
        if not are_simple or not self._own_nodes.issuperset(nest.NodeCollection(targets).tolist()):
            connect(sources, targets, rule, synapse)
            return
        synapse = self._with_our_synapse({"synapse_model": "static_synapse", **(synapse or {})})
        try:
            connect(sources, targets, rule, synapse)
        except nest.NESTErrors.UnknownReceptorType:
            if synapse.get("receptor_type", 0) != 0:
                raise
            connect(sources, targets, rule, {**synapse, "receptor_type": RECEPTOR})
        except nest.NESTErrors.IllegalConnection as error:
            if "data logging" not in str(error):  # for multimeters, pooled synapses are not made
                raise
            connect(sources, targets, rule, {**synapse, "synapse_model": "static_synapse"})

    def connect_arrays(self, sources, targets, weights, delays, synapse, names, values) -> None:
        """Connect to our neurons by our synapse."""
        if self._own_nodes.issuperset(targets):
            synapse = self._use(self._synapses.get(synapse, synapse))
        self._original["connect_arrays"](sources, targets, weights, delays, synapse, names, values)

    def disconnect(self, sources: object, targets: object, rule: object, synapse: dict) -> None:
        """Remove connections of our synapse."""
        if self._own_nodes.issuperset(nest.NodeCollection(targets).tolist()):
            synapse = self._with_our_synapse(synapse)
        self._original["disconnect"](sources, targets, rule, synapse)

    def get_connections(self, selection: dict) -> object:
        """Find connections of our synapse; those to other targets are NEST's."""
        found = self._original["get_connections"](self._with_our_synapse(selection))
        return found if len(found) else self._original["get_connections"](selection)

    def _with_our_synapse(self, specification: dict) -> dict:
        if not isinstance(specification.get("synapse_model"), str):
            return specification
        return {**specification, "synapse_model": self._model(specification["synapse_model"])}

    def _model(self, name: str) -> str:
        return self._use({**self._neurons, **self._synapses}.get(name, name))

    def _use(self, model: str) -> str:
        self.is_used |= model in self._own_models
        return model

    def _noting(self, model: str, nodes: object) -> object:
        if model in self._own_models:
            self._own_nodes.update(nodes.tolist())
        return nodes

    def _models(self) -> frozenset[str]:
        status = self._original["get_kernel_status"]()
        return frozenset((*status["node_models"], *status["synapse_models"]))


class Judge:
    """Compares what the tests do with what is expected of them."""

    def __init__(self, stand_in: StandIn, expected: Expectations):
        self._stand_in = stand_in
        self._expected = expected
        self._not_met = {*expected.not_run, *expected.failures}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out what is not to be run; mark what fails."""
        excluded = []
        for item in items:
            names = names_of(item.nodeid)
            if matches := names & self._expected.not_run:
                excluded.append(item)
                self._not_met -= matches
            elif matches := names & self._expected.failures.keys():
                reason = self._expected.failures[max(matches, key=len)]
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        config.hook.pytest_deselected(items=excluded)
        items[:] = [item for item in items if item not in set(excluded)]

    def pytest_runtest_logstart(self) -> None:
        """Wait for the use of our models."""
        self._stand_in.is_used = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Count no test that says nothing about our models; note what failed as expected."""
        report = yield
        if report.when == "call" and report.passed and not self._stand_in.is_used:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1], "uses none of our models")
        if report.skipped and hasattr(report, "wasxfail"):
            self._not_met -= names_of(item.nodeid)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail if something that was expected did not happen."""
        if self._not_met and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was expected and did not happen."""
        for name in sorted(self._not_met):
            terminalreporter.write_line(
                f"listed, but no such test, or it does not fail any more: {name}", red=True
            )


def names_of(nodeid: str) -> set[str]:
    """Give a test's own name and those of what it belongs to.

    Returns
    -------
    set of str
        ``{"a", "a/b.py", "a/b.py::c", "a/b.py::c[1]"}`` for ``"a/b.py::c[1]"``.
    """
    function = nodeid.split("[")[0]
    ends = [i for i, character in enumerate(function) if character == "/"]
    ends += [i for i in range(len(function)) if function.startswith("::", i)]
    return {nodeid, function, *(function[:end] for end in ends)}
