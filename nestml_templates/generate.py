# SPDX-License-Identifier: GPL-2.0-or-later
"""Let NESTML generate C++ code with the templates of this folder; build_module.py runs this.

``python generate.py STEP.json``: the file names the units (models that belong together) and where
their code goes. Beside the code of each unit, ``result.json`` has the models, or NESTML's errors.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from relied_on import Texts, missing_parts

if missing := missing_parts():
    sys.exit("\n".join(["izhisyn: missing in NESTML", *missing]))

import odetoolbox
from pynestml.codegeneration import nest_code_generator
from pynestml.codegeneration.nest_tools import NESTTools
from pynestml.codegeneration.nest_unit_converter import NESTUnitConverter
from pynestml.codegeneration.printers.constant_printer import ConstantPrinter
from pynestml.exceptions.code_generator_options_exception import CodeGeneratorOptionsException
from pynestml.frontend import pynestml_frontend
from pynestml.frontend.frontend_configuration import FrontendConfiguration
from pynestml.meta_model.ast_expression import ASTExpression
from pynestml.meta_model.ast_model import ASTModel
from pynestml.meta_model.ast_simple_expression import ASTSimpleExpression
from pynestml.symbols.integer_type_symbol import IntegerTypeSymbol
from pynestml.symbols.predefined_functions import PredefinedFunctions
from pynestml.symbols.symbol import SymbolKind
from pynestml.symbols.unit_type_symbol import UnitTypeSymbol
from pynestml.transformers import ode_toolbox_transformer
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.visitors.ast_visitor import ASTVisitor


def main(step_file: Path) -> None:
    """Generate the code of all units, several at once."""
    step = json.loads(step_file.read_text())
    sys.setrecursionlimit(10_000)  # as NESTML's own command sets it: expressions may be deep
    odetoolbox.PLOT_DEPENDENCY_GRAPH = False  # it would call dot, which need not be installed
    NESTTools.detect_nest_version = lambda: step["nest_version"]  # it would start NEST to ask
    # Compiling is build_module.py's.
    pynestml_frontend.builder_from_target_name = lambda target, options=None: (None, options)
    nest_code_generator.NESTCodeGenerator = Generator
    nest_code_generator.CppExpressionPrinter = ExpressionPrinter
    ConstantPrinter.print_constant = print_constant
    if step["missing_solver"]:
        TransformerWithoutGsl.missing = step["missing_solver"]
        ode_toolbox_transformer.ODEToolboxTransformer = TransformerWithoutGsl
    # A process for each unit, because NESTML keeps what it has read in global variables; they are
    # forked, because importing NESTML takes longer than many a model.
    in_processes(generate, step["units"], step["at_once"])


def in_processes(function: Callable, items: list, at_once: int) -> None:
    """Call a function for each item in a process of its own; ends this one if any of them fails."""
    waiting, running, failed = list(items), 0, False
    while waiting or running:
        if waiting and running < at_once:
            item = waiting.pop(0)
            if os.fork() == 0:
                status = 1
                try:
                    function(item)
                    status = 0
                except BaseException:
                    traceback.print_exc()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
            running += 1
        else:
            failed |= os.wait()[1] != 0
            running -= 1
    if failed:
        sys.exit(1)


def generate(unit: dict) -> None:
    """Check, transform and print the models of one unit.

    `generate_target` leaves a model with errors out and returns; so what NESTML has logged decides.
    """
    folder = Path(unit["folder"])
    target = folder / "code"
    target.mkdir(parents=True)
    Generator.stock_reason = unit["stock_reason"]
    files, copies = unit["models"], []
    for number, (_, text) in enumerate(unit["sources"]):
        copies.append(str(folder / f"{number}.nestml"))
        Path(copies[-1]).write_text(text, encoding="utf-8")
    default = unit["sources"][0][0] if len(copies) == 1 else "models"
    try:
        pynestml_frontend.generate_target(
            copies,
            "NEST",
            target_path=str(target),
            module_name="unitmodule",
            codegen_opts=unit["options"],
        )
        errors = logged_errors(files, default)
    except Exception as error:  # a bug of NESTML's at a model is the user's message, too
        errors = logged_errors(files, default)
        if not errors and isinstance(error, OSError):
            if error.errno != errno.ENAMETOOLONG:
                raise  # the disk's, for instance
            errors = [explain_long_name(Path(error.filename).stem, files, default)]
        errors = errors or [explain_exception(error, files, default)]
    texts = {"expected": Generator.texts.expected, "missing": Generator.texts.missing}
    result = {"errors": errors, **texts, **Generator.names}
    (folder / "result.json").write_text(json.dumps(result))


class Generator(nest_code_generator.NESTCodeGenerator):
    """NESTML's generator, which leaves the module's own code to build_module.py.

    Templates get more names: pool_printer prints what runs for several neurons at once,
    called_in_update has the names of the functions that the update block calls, at any depth, and
    moved_parameters those that a synapse has left to its target.
    """

    texts = Texts()
    stock_reason = ""  # why a neuron that fits into a pool is not to be pooled
    names: dict[str, list[str]] = {"neurons": [], "synapses": []}  # noqa: RUF012

    def _get_model_namespace(self, astnode, metadata):
        return {
            **super()._get_model_namespace(astnode, metadata),
            "pool_printer": self._pool_printer,
            "called_in_update": called_in_update(astnode),
            "moved_parameters": moved_parameters(astnode, metadata),
            "stock_reason": self.stock_reason,
            "texts": self.texts,
        }

    def _get_neuron_model_namespace(self, neuron, metadata):
        """Give what templates need; the numeric solver leaves alone what a synapse has moved here.

        That changes between spikes only, where no step is made; it is solved exactly.
        """
        facts = metadata[neuron.get_name()]
        analytic, numeric = facts.get("analytic_solver"), facts.get("numeric_solver")
        moved = set().union(*facts.get("transferred_variables", {}).values())
        moved &= set(analytic["state_variables"] if analytic and numeric else [])
        if moved:
            names = numeric["state_variables"]
            numeric["state_variables"] = [name for name in names if name not in moved]
        namespace = super()._get_neuron_model_namespace(neuron, metadata)
        namespace["non_equations_state_variables"] += sorted(moved)
        return namespace

    def setup_printers(self):
        """Make NESTML's printers, and the one for pools."""
        super().setup_printers()
        calls = PoolFunctionCallPrinter(None)
        expressions = ExpressionPrinter(
            nest_code_generator.CppSimpleExpressionPrinter(
                variable_printer=self._nest_variable_printer,
                constant_printer=self._constant_printer,
                function_call_printer=calls,
            )
        )
        calls._expression_printer = expressions
        self._pool_printer = nest_code_generator.CppPrinter(expression_printer=expressions)

    def generate_module_code(self, neurons, synapses, metadata):
        """Note the names of the models; those of pairs are known only here."""
        Generator.names = {
            "neurons": sorted(model.get_name() for model in neurons),
            "synapses": sorted(model.get_name() for model in synapses),
        }


# Printers


def print_constant(printer: ConstantPrinter, number: str | float) -> str:
    """Print a number with all its digits; NESTML's own function keeps nine."""
    if not isinstance(number, int | float):
        raise TypeError(f"{number} is no number that can be printed")
    return str(number) if isinstance(number, int) else repr(float(number))


class ExpressionPrinter(nest_code_generator.CppExpressionPrinter):
    """Prints logic without branches, and the weight that has arrived without rounding it.

    `and` and `or` become & and | where the right side may always be computed. A loop over neurons
    with && in it does not become vector instructions. What can fail, or do more than give a value,
    stays behind && and ||: a division or modulo of integers, an element of a vector, and every
    function but the mathematical ones.
    """

    def _print_arithmetic_operator_expression(self, node: ASTExpression) -> str:
        # A port has the unit of a rate: (0.001 * input) * 1000 ms would round twice.
        if not node.get_binary_operator().is_times_op or not is_port_in_unit(node.get_lhs()):
            return super()._print_arithmetic_operator_expression(node)
        port = node.get_lhs().get_variable()
        factor = NESTUnitConverter.get_factor(symbol_of(port).get_type_symbol().unit.unit)
        printer = self._simple_expression_printer._variable_printer
        prefix = "" if printer.cpp_variable_suffix else "B_."
        value = f"{prefix}{printer._print_buffer_value(port)}"
        return f"{value} * ({factor} * {self.print(node.get_rhs())})"

    def _print_logical_operator_expression(self, node: ASTExpression) -> str:
        search = FailureSearch()
        node.get_rhs().accept(search)
        if search.can_fail:
            return super()._print_logical_operator_expression(node)
        sign = "&" if node.get_binary_operator().is_logical_and else "|"
        return f"{self.print(node.get_lhs())} {sign} {self.print(node.get_rhs())}"


def is_port_in_unit(node: object) -> bool:
    """Whether an expression is an input port alone, whose values have a unit."""
    if not isinstance(node, ASTSimpleExpression) or node.get_variable() is None:
        return False
    symbol = symbol_of(node.get_variable())
    is_port = symbol is not None and symbol.is_buffer()
    return is_port and isinstance(symbol.get_type_symbol(), UnitTypeSymbol)


def symbol_of(variable: object) -> object:
    """Give the symbol of a variable; None if it has none."""
    name = variable.get_complete_name()
    return variable.get_scope().resolve_to_symbol(name, SymbolKind.VARIABLE)


class PoolFunctionCallPrinter(nest_code_generator.NESTCppFunctionCallPrinter):
    """Prints functions for several neurons at once: exp is one that the compiler can vectorise."""

    def _print_function_call_format_string(self, function_call):
        if function_call.get_name() == PredefinedFunctions.EXP:
            return "izhisyn::exp({!s})"
        return super()._print_function_call_format_string(function_call)


def called_in_update(model: ASTModel) -> set[str]:
    """Collect the functions that the update blocks of a model call, and that those call."""
    functions = {function.get_name(): function for function in model.get_functions()}
    found: set[str] = set()
    waiting = list(model.get_update_blocks())
    while waiting:
        search = CallSearch()
        waiting.pop().accept(search)
        waiting += [functions[name] for name in search.names - found if name in functions]
        found |= search.names
    return found


def moved_parameters(model: ASTModel, metadata: dict) -> list[str]:
    """List the parameters of a synapse that its target has, and that it does not use itself.

    NESTML leaves them in the synapse, where they have no effect.
    """
    neuron = metadata.get(model.get_name(), {}).get("paired_neuron")
    if neuron is None:
        return []
    original = model.get_name().partition("__with_")[0]
    theirs = {symbol.get_symbol_name() for symbol in neuron.get_parameter_symbols()}
    search = VariableSearch()
    for block in (
        *model.get_state_blocks(),
        *model.get_internals_blocks(),
        *model.get_equations_blocks(),
        *model.get_functions(),
        *model.get_update_blocks(),
        *model.get_on_receive_blocks(),
        *model.get_on_condition_blocks(),
    ):
        block.accept(search)
    own = [symbol.get_symbol_name() for symbol in model.get_parameter_symbols()]
    return [
        name for name in own if f"{name}__for_{original}" in theirs and name not in search.names
    ]


class VariableSearch(ASTVisitor):
    """Collects the names of the variables that occur."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_variable(self, node: object) -> None:
        """Note a name."""
        self.names.add(node.get_name())


class CallSearch(ASTVisitor):
    """Collects the names of the functions that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_function_call(self, node: object) -> None:
        """Note a name."""
        self.names.add(node.get_name())


class FailureSearch(ASTVisitor):
    """Finds whether computing an expression can fail or do more than give a value."""

    HARMLESS = frozenset(
        getattr(PredefinedFunctions, name)
        for name in (
            "EXP EXPM1 LN LOG10 POW COS SIN TAN COSH SINH TANH ERF ERFC"
            " MAX MIN ABS CEIL FLOOR ROUND"
        ).split()
    )
    can_fail = False

    def visit_expression(self, node: ASTExpression) -> None:
        """Find divisions of integers."""
        operator = node.get_binary_operator()
        self.can_fail |= (
            getattr(operator, "is_integer_div_op", False)
            or getattr(operator, "is_modulo_op", False)
            or (
                getattr(operator, "is_div_op", False)
                and isinstance(node.get_lhs().type, IntegerTypeSymbol)
                and isinstance(node.get_rhs().type, IntegerTypeSymbol)
            )
        )

    def visit_function_call(self, node: object) -> None:
        """Find functions that are not mathematical ones."""
        self.can_fail |= node.get_name() not in self.HARMLESS

    def visit_variable(self, node: object) -> None:
        """Find elements of vectors."""
        self.can_fail |= node.has_vector_parameter()


# Errors


def logged_errors(files: dict[str, str], default: str) -> list[str]:
    """List the errors that NESTML has logged, each with file and line.

    Parameters
    ----------
    files
        The file of each model, by the model's name.
    default
        File of the errors that belong to no model.
    """
    messages = []
    for _, model, _, _, at, text in Logger.get_messages(level=LoggingLevel.ERROR):
        # In a pair, each partner's name becomes NAME__with_PARTNER.
        name = model.get_name().partition("__with_")[0] if model else ""
        line = f":{at.start_line}" if at else ""
        messages.append(f"{files.get(name, default)}{line}: {text}")
    return list(dict.fromkeys(messages))


def explain_long_name(model: str, files: dict[str, str], default: str) -> str:
    """Say which name makes no file name; in a pair, names of all partners are joined."""
    name = model.partition("__with_")[0]
    where = files.get(name, default)
    if name == model:
        return f"{where}: the name {name} is too long for a file; choose a shorter one"
    return (
        f"{where}: {name} and its partners have names that are too long together for a file "
        f"({len(model)} letters); choose shorter ones, or pairs of fewer synapses"
    )


def explain_exception(error: Exception, files: dict[str, str], default: str) -> str:
    """Say in a sentence at which model NESTML or ODE-toolbox failed, and with which words."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    # NESTML's main loop still has the model that it checked last, which need not be to blame.
    inner = [frame for frame in frames if "frontend" not in frame.f_code.co_filename]
    models = [
        value
        for frame in reversed(inner)
        for value in frame.f_locals.values()
        if isinstance(value, ASTModel)
    ]
    by_toolbox = any("odetoolbox" in Path(frame.f_code.co_filename).parts for frame in frames)
    program = "ODE-toolbox" if by_toolbox else "NESTML"
    name = models[0].get_name().partition("__with_")[0] if models else ""
    file = files.get(name, default)
    text = " ".join(str(error).split())
    if isinstance(error, UnsolvedModelError):
        return f"{file}: {name} {text}"
    if isinstance(error, CodeGeneratorOptionsException):
        return f"models: NESTML cannot process the models: {text[:300]}"
    if models and "only support one spiking input port" in text:
        return f"{file}: {explain_pair(name, models[0])}"
    if isinstance(error, RecursionError) or "too many nested parentheses" in text:
        text = "an expression is nested too deeply; give parts of it a name with inline"
    elif isinstance(error, KeyError):
        text = f"{text} is missing; see the names in --codegen-opts"
    elif type(error) is not Exception:  # the plain ones hold a sentence of NESTML's
        text = f"{type(error).__name__}: {text}"
    return f"{file}: {program} cannot process {name or 'the models'}: {text[:300]}"


def explain_pair(name: str, synapse: ASTModel) -> str:
    """Say what a synapse needs that listens to more than its source."""
    ports = [port for block in synapse.get_input_blocks() for port in block.get_input_ports()]
    spikes = [port.get_name() for port in ports if port.is_spike()][1:]
    continuous = [port.get_name() for port in ports if port.is_continuous()]
    named = [*spikes, *([port, "VARIABLE_OF_NEURON"] for port in continuous)]
    pair = {"neuron": "NEURON", "synapses": {name: {"post_ports": named}}}
    return (
        f"{name} listens to {', '.join(spikes + continuous)}, too, so that NESTML has to "
        "generate it together with the neuron that is its target; give both models, and name the "
        "pair (post_ports, or vt_ports for what comes from a volume transmitter) in "
        f"--codegen-opts, for instance {json.dumps({'neuron_synapse_pairs': [pair]})}"
    )


class UnsolvedModelError(Exception):
    """A model needs a solver that this machine does not have."""


class TransformerWithoutGsl(ode_toolbox_transformer.ODEToolboxTransformer):
    """Stops at the first model that needs rk45, before any code is generated."""

    missing = ""  # what to install, or to do without

    def ode_toolbox_analysis(self, model, kernel_buffers, metadata):
        """Analyse a model, and see how it is solved."""
        super().ode_toolbox_analysis(model, kernel_buffers, metadata)
        solver = FrontendConfiguration.get_codegen_opts().get("numeric_solver")
        if metadata[model.name]["numeric_solver"] and solver == "rk45":
            raise UnsolvedModelError(f"needs {self.missing}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
