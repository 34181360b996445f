# SPDX-License-Identifier: GPL-2.0-or-later
"""Brian2's ``connect`` as NEST's rules where it is one, and as pairs where it is not."""

import ast
from dataclasses import dataclass

import numpy as np
from brian2.utils.stringtools import get_identifiers

from izhisyn.brian2_import.python_code import CannotExpressError, Constants, array_code


@dataclass(frozen=True)
class Rule:
    """A call of ``nest.Connect``.

    Attributes
    ----------
    sources, targets
        Ranges of indices.
    specification
        NEST's rule, as Python code of its dictionary's items.
    is_random
        Whether NEST draws the pairs.
    """

    sources: range
    targets: range
    specification: dict
    is_random: bool = False


def rule_of(synapses, connection, namespace):
    """Find the rule of NEST that a call of ``connect`` is.

    Parameters
    ----------
    synapses : brian2.Synapses
    connection : izhisyn.brian2_import.whole_script.Connection
    namespace : dict
        Values of names that the synapses do not know.

    Returns
    -------
    Rule or None
        None if it is none; for a rule without random numbers that makes exactly the same pairs.
    """
    given = connection.arguments
    if given.get("n", 1) != 1:
        return None
    sources, targets = range(len(synapses.source)), range(len(synapses.target))
    condition, i, j, p = (given.get(name) for name in ("condition", "i", "j", "p"))
    p = 1.0 if p is None else p
    if isinstance(p, str):
        return None
    if i is None and isinstance(j, str) and j.strip() == "i":
        condition, j = "i == j", None
    if j is None and isinstance(i, str) and i.strip() == "j":
        condition, i = "i == j", None
    if i is not None or j is not None:
        return _check(synapses, connection, _rule_of_indices(synapses, i, j, p), p)
    if condition is not None and not isinstance(condition, str):
        condition = None
    try:
        rule = _rule_of_condition(synapses, condition, sources, targets, p, namespace)
    except CannotExpressError:
        return None
    return _check(synapses, connection, rule, p)


def _rule_of_indices(synapses, i, j, p):
    """One source or one target with all of the others, or a range of them."""
    if isinstance(i, str) or isinstance(j, str) or i is None or j is None or p != 1:
        return None
    first, second = np.atleast_1d(i), np.atleast_1d(j)
    ranges = []
    for indices in (first, second):
        if len(indices) == 0 or np.any(np.diff(indices) != 1):
            return None
        ranges.append(range(int(indices[0]), int(indices[-1]) + 1))
    if len(first) > 1 and len(second) > 1:
        return Rule(*ranges, {"rule": '"one_to_one"'})
    return Rule(*ranges, {"rule": '"all_to_all"'})


def _rule_of_condition(synapses, condition, sources, targets, p, namespace):
    allow_autapses = True
    one_to_one = False
    for part in _conjuncts(condition):
        names = get_identifiers(ast.unparse(part))
        text = ast.unparse(part).replace(" ", "")
        if text in ("i!=j", "j!=i"):
            if not _is_recurrent(synapses):
                raise CannotExpressError
            allow_autapses = False
        elif text in ("i==j", "j==i"):
            one_to_one = True
        elif "j" not in names:
            sources = _restricted(synapses, part, "i", sources, namespace)
        elif "i" not in names:
            targets = _restricted(synapses, part, "j", targets, namespace)
        else:
            raise CannotExpressError
    if one_to_one:
        both = range(max(sources.start, targets.start), min(sources.stop, targets.stop))
        if p != 1:
            rule = {"rule": '"one_to_one"', "p": repr(float(p))}
            raise CannotExpressError(rule)
        return Rule(both, both, {"rule": '"one_to_one"'})
    rule = {"rule": '"all_to_all"'}
    if p != 1:
        rule = {"rule": '"pairwise_bernoulli"', "p": repr(float(p))}
    if not allow_autapses:
        rule["allow_autapses"] = "False"
    return Rule(sources, targets, rule, is_random=p != 1)


def _conjuncts(condition):
    if condition is None or condition.strip() == "True":
        return []
    tree = ast.parse(" ".join(condition.split()), mode="eval").body
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return tree.values
    return [tree]


def _restricted(synapses, part, index, indices, namespace):
    """Restrict indices to those that meet a condition, which must be a range."""

    def resolve(name):
        return synapses.resolve_all({name}, namespace, user_identifiers=set())[name]

    constants = Constants()
    variables = {
        index: "indices",
        "N_pre": str(len(synapses.source)),
        "N_post": str(len(synapses.target)),
    }
    code = array_code(ast.unparse(part), resolve, variables, "0", constants)
    values = {name: value for name, (value, _) in constants.values.items()}
    chosen = np.array(indices)
    mask = eval(code, {"np": np, "indices": chosen, **values})
    chosen = chosen[np.broadcast_to(mask, chosen.shape)]
    if len(chosen) == 0 or np.any(np.diff(chosen) != 1):
        raise CannotExpressError
    return range(int(chosen[0]), int(chosen[-1]) + 1)


def _is_recurrent(synapses):
    """Whether equal indices are the same neuron."""
    source, target = synapses.source, synapses.target
    same = getattr(source, "source", source).name == getattr(target, "source", target).name
    return same and getattr(source, "start", 0) == getattr(target, "start", 0)


def _check(synapses, connection, rule, p):
    """Compare the pairs that the rule makes, or could make, with those of Brian2."""
    if rule is None:
        return None
    i = np.asarray(synapses.i[:])[connection.first : connection.end]
    j = np.asarray(synapses.j[:])[connection.first : connection.end]
    inside = (i >= rule.sources.start) & (i < rule.sources.stop)
    inside &= (j >= rule.targets.start) & (j < rule.targets.stop)
    autapses = rule.specification.get("allow_autapses") != "False"
    if not inside.all() or not (autapses or np.all(i != j)):
        return None
    n_pairs = len(rule.sources) * len(rule.targets)
    if not autapses:
        n_pairs -= len(set(rule.sources) & set(rule.targets))
    if "one_to_one" in rule.specification["rule"]:
        offset = rule.targets.start - rule.sources.start
        return rule if len(i) == len(rule.sources) and np.all(j - i == offset) else None
    if rule.is_random:
        deviation = 6 * np.sqrt(n_pairs * p * (1 - p)) + 1
        return rule if abs(len(i) - n_pairs * p) <= deviation else None
    is_complete = len(i) == n_pairs and len(np.unique(i * len(synapses.target) + j)) == n_pairs
    return rule if is_complete else None
