# SPDX-License-Identifier: GPL-2.0-or-later
"""What of NESTML we rely on: names of its Python code, its templates, and texts that these make.

All that is missing is listed at once, so that another release of NESTML is a list and not a chase.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

HERE = Path(__file__).parent

# Classes with the methods that we override or call, and functions, by module.
NAMES = {
    "odetoolbox": ["PLOT_DEPENDENCY_GRAPH"],
    "pynestml.codegeneration.code_generator": [
        "CodeGenerator.generate_module_code",
        "CodeGenerator._setup_template_env",
    ],
    "pynestml.codegeneration.nest_code_generator": [
        "NESTCodeGenerator._get_model_namespace",
        "NESTCodeGenerator._get_neuron_model_namespace",
        "NESTCodeGenerator.setup_printers",
    ],
    "pynestml.codegeneration.nest_tools": ["NESTTools.detect_nest_version"],
    "pynestml.codegeneration.printers.cpp_expression_printer": [
        "CppExpressionPrinter._print_arithmetic_operator_expression",
        "CppExpressionPrinter._print_logical_operator_expression",
    ],
    "pynestml.codegeneration.nest_unit_converter": ["NESTUnitConverter.get_factor"],
    "pynestml.codegeneration.printers.constant_printer": ["ConstantPrinter.print_constant"],
    "pynestml.codegeneration.printers.cpp_printer": ["CppPrinter"],
    "pynestml.codegeneration.printers.cpp_simple_expression_printer": [
        "CppSimpleExpressionPrinter"
    ],
    "pynestml.codegeneration.printers.nest_cpp_function_call_printer": [
        "NESTCppFunctionCallPrinter._print_function_call_format_string"
    ],
    "pynestml.exceptions.code_generator_options_exception": ["CodeGeneratorOptionsException"],
    "pynestml.frontend.frontend_configuration": ["FrontendConfiguration.get_codegen_opts"],
    "pynestml.frontend.pynestml_frontend": ["generate_target", "builder_from_target_name"],
    "pynestml.meta_model.ast_expression": [
        "ASTExpression.get_binary_operator",
        "ASTExpression.get_lhs",
        "ASTExpression.get_rhs",
    ],
    "pynestml.meta_model.ast_model": [
        f"ASTModel.get_{kind}"
        for kind in (
            "functions update_blocks state_blocks internals_blocks equations_blocks"
            " on_receive_blocks on_condition_blocks parameter_symbols"
        ).split()
    ],
    "pynestml.codegeneration.printers.nest_variable_printer": [
        "NESTVariablePrinter._print_buffer_value"
    ],
    "pynestml.meta_model.ast_simple_expression": ["ASTSimpleExpression.get_variable"],
    "pynestml.symbols.symbol": ["SymbolKind.VARIABLE"],
    "pynestml.symbols.unit_type_symbol": ["UnitTypeSymbol"],
    "pynestml.symbols.integer_type_symbol": ["IntegerTypeSymbol"],
    "pynestml.symbols.predefined_functions": [
        f"PredefinedFunctions.{name}"
        for name in (
            "EXP EXPM1 LN LOG10 POW COS SIN TAN COSH SINH TANH ERF ERFC"
            " MAX MIN ABS CEIL FLOOR ROUND"
        ).split()
    ],
    "pynestml.transformers.ode_toolbox_transformer": ["ODEToolboxTransformer.ode_toolbox_analysis"],
    "pynestml.utils.logger": ["Logger.get_messages", "LoggingLevel.ERROR"],
    "pynestml.visitors.ast_visitor": [
        "ASTVisitor.visit_expression",
        "ASTVisitor.visit_function_call",
        "ASTVisitor.visit_variable",
    ],
}


def missing_parts() -> list[str]:
    """List the names and templates that the installed NESTML does not have."""
    missing = []
    for module, names in NAMES.items():
        source = source_file(module)
        defined = names_in(source) if source else set()
        missing += [f"{module}: {name}" for name in names if name not in defined]
    package = source_file("pynestml")
    stock = package.parent / "codegeneration" / "resources_nest" / "point_neuron"
    for name in sorted(templates()):
        if not (stock / name.removeprefix("nestml/")).is_file():
            missing.append(f"{stock / name.removeprefix('nestml/')}: the whole file")
    return missing


def source_file(module: str) -> Path | None:
    """Find the source of a module without importing it."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # of its package
        return None
    return Path(spec.origin) if spec and spec.origin else None


def names_in(source: Path) -> set[str]:
    """Collect what a Python file defines at its top and in its classes, as NAME or CLASS.NAME."""
    names = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                collect(node.body, f"{node.name}.")
            targets = node.targets if isinstance(node, ast.Assign) else []
            names.update(prefix + each.id for each in targets if isinstance(each, ast.Name))
            if isinstance(node, (ast.If, ast.Try)):
                collect(node.body, prefix)

    collect(ast.parse(source.read_text(encoding="utf-8")).body, "")
    return names


def templates() -> set[str]:
    """Collect the templates of NESTML that ours include or import."""
    own = {str(file.relative_to(HERE)): file for file in HERE.rglob("*.jinja2")}
    named = set()
    for file in own.values():
        named.update(re.findall(r'(?:include|import|from) "([^"]+\.jinja2)"', file.read_text()))
    return named - own.keys()


class Texts:
    """The texts in what NESTML's templates make that ours replace, and those that are not there."""

    def __init__(self) -> None:
        self.expected: list[tuple[str, str]] = []
        self.missing: list[str] = []

    def expect(self, template: str, text: str, times: int, found: int) -> str:
        """Note that a text has to occur so many times in what a template makes, and does so or not.

        Returns nothing to print, for use in a template.
        """
        self.expected.append((template, text))
        if found != times:
            self.missing.append(f"{template}: {text!r}, {found} times and not {times}")
        return ""
