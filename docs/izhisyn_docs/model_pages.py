# SPDX-License-Identifier: GPL-2.0-or-later
"""A page for each NESTML model: its own text, its variables and ports, and measured responses."""

import re

import matplotlib as mpl

from izhisyn.nestml_source import read_model
from izhisyn_docs import figures, measurements
from izhisyn_docs.rst import heading, listing, page_list, table


def write_model_pages(sources, folder):
    """Write ``<model>.rst`` with its figures for each model, and ``index.rst``.

    Parameters
    ----------
    sources : list of pathlib.Path
        NESTML files.
    folder : pathlib.Path
        Folder of the pages.
    """
    models = [read_model(path) for path in sources]
    for path, model in zip(sources, models, strict=True):
        shown = [
            (caption, _save(figure, folder / f"{model.name}_{name}.svg"))
            for name, caption, figure in measured_figures(model)
        ]
        page = model_page(model, path.read_text(encoding="utf-8"), shown)
        (folder / f"{model.name}.rst").write_text(page, encoding="utf-8")
    kinds = {
        "Neurons": [model for model in models if not model.is_synapse],
        "Synapses": [model for model in models if model.is_synapse],
    }
    index = heading("Models", "=") + (
        '``nest.Install("izhisynmodule")`` brings them into NEST. Text, tables and source of each '
        "page are those of the NESTML file; the figures were simulated with the compiled model "
        "when the page was built. A value that is not allowed is refused and changes nothing.\n\n"
    )
    for kind, of_kind in kinds.items():
        index += heading(kind, "+") + page_list({one.name: one.title for one in of_kind})
    (folder / "index.rst").write_text(index, encoding="utf-8")


def model_page(model, source, shown):
    """Write the page of a model.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model
    source : str
        Content of the NESTML file.
    shown : list of (str, str)
        Caption and file name of each figure.

    Returns
    -------
    str
        reStructuredText.
    """
    text, separator, references = model.text.partition("References\n++++++++++\n")
    parts = [
        heading(model.name, "="),
        f"{model.title[0].upper()}{model.title[1:]}.\n\n",
        text + "\n",
        heading("Parameters", "+"),
        table(
            ("name", "default", "meaning; allowed values"),
            [_row(variable) for variable in model.parameters],
        ),
        heading("State", "+"),
        table(("name", "initially", "meaning"), [_row(one) for one in model.state]),
    ]
    if model.recordables:
        names = ", ".join(f"``{one.name}``" for one in model.recordables)
        parts.append(f"A multimeter records these, and {names}.\n\n")
    if model.is_synapse:
        parts.append("Each connection has its own; ``nest.GetConnections(...)`` reads it.\n\n")
    elif model.spike_ports or model.current_ports:
        parts += [heading("Ports", "+"), _ports(model)]
    if shown:
        parts.append(heading("Measured", "+"))
        for caption, name in shown:
            parts.append(f".. figure:: {name}\n   :target: ../_images/{name}\n\n   {caption}\n\n")
    parts += [separator + references + "\n", heading("Source", "+"), listing(source, "text")]
    return "".join(parts)


def measured_figures(model):
    """Measure what the page of a model shows.

    Parameters
    ----------
    model : izhisyn.nestml_source.Model

    Yields
    ------
    name, caption : str
    figure : matplotlib.figure.Figure
    """
    names = measurements.membrane(model)
    if names is not None:
        yield from _membrane_figures(model, names)
    elif model.is_synapse:
        yield (
            "releases",
            f"Trains of {measurements.TRAIN_LENGTH} spikes through a rested synapse of weight 1 "
            f"with the default parameters.",
            figures.draw_releases(measurements.releases(model.name)),
        )
    elif model.name == "astrocyte_li_rinzel_neuron":
        (threshold,) = (float(one.value) for one in model.parameters if one.name == "Ca_th")
        course = measurements.calcium_course()
        yield (
            "calcium",
            "Calcium with the default parameters, and the releases: the spikes of this node.",
            figures.draw_calcium(*course, threshold),
        )


def _membrane_figures(model, names):
    rheobase = measurements.rheobase(model.name)
    largest = measurements.one_digit(5 * rheobase)
    currents, rates = measurements.f_I_curves(model, largest)
    cells = "the default parameters"
    if len(rates) > 1:
        cells = "the parameters of regular spiking (RS), fast spiking (FS) and low-threshold "
        cells += "spiking (LTS) cells, other parameters as they are by default"
    yield (
        "f_I",
        f"Steady firing rate at a constant current, with {cells}; steps of 0.1 ms.",
        figures.draw_f_I_curves(currents, rates),
    )

    amplitude = largest / 2
    defaults = {one.name: one.value for one in model.parameters}
    yield (
        "current_pulse",
        f"A pulse of {amplitude:g} pA for {measurements.PULSE:g} ms into the resting neuron, with "
        f"the default parameters and I_e = 0.",
        figures.draw_current_pulse(
            names,
            amplitude,
            measurements.PULSE,
            *measurements.current_pulse(model, amplitude),
            V_th=float(defaults[names.threshold]),
            V_reset=float(defaults["c"]),
        ),
    )

    holding = measurements.one_digit(rheobase / 2)
    responses = measurements.postsynaptic_responses(model, holding)
    yield (
        "postsynaptic",
        f"One spike at time 0 into each port of a neuron that rests at I_e = {holding:g} pA, by a "
        f"connection whose weight makes a potential of at most "
        f"{measurements.LARGEST_PSP:g} mV.",
        figures.draw_postsynaptic_responses(names, responses),
    )


def _row(variable):
    meaning = [_escaped(variable.meaning)]
    if variable.allowed:
        meaning.append(f"``{variable.allowed}``")
    if variable.finite:
        meaning.append("finite")
    is_number = re.match(r"-?(\d|inf\b)", variable.value)
    value = f"{variable.value} {variable.unit}".strip() if is_number else variable.value
    return f"``{variable.name}``", _escaped(value), "; ".join(meaning)


def _escaped(text):
    return text.replace("*", r"\*").replace("_", r"\_")


def _ports(model):
    numbers = range(1, len(model.spike_ports) + 1) if len(model.spike_ports) > 1 else (0,)
    rows = [
        (f"``{port}``", "spikes", f"``receptor_type`` {number}")
        for port, number in zip(model.spike_ports, numbers, strict=True)
    ]
    rows += [(f"``{port}``", "current", "from a current generator") for port in model.current_ports]
    return table(("port", "takes", "how to connect"), rows)


def _save(figure, path):
    # Without a date, and with fixed ids, the same measurement gives the same file.
    with mpl.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(path, metadata={"Date": None})
    return path.name
