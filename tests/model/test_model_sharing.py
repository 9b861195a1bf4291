"""What the kernel computes once for several equations of the real model."""

import pytest
from model_runs import model

from healthreform.stockflow.expression import Apply, Name, children, names_in, walk, with_parts
from healthreform.stockflow.sharing import with_shared


@pytest.fixture(scope="module")
def shared():
    return with_shared(model().flat)


def filled(expression, known):
    if isinstance(expression, Name):
        return known.get(expression.name, expression)
    return with_parts(expression, tuple(filled(part, known) for part in children(expression)))


def test_with_shared_parts_written_out_every_equation_says_what_it_said(shared):
    known, spelled_out = {}, []
    for name, expression in shared.equations:
        whole = filled(expression, known)
        if name.startswith("shared "):
            known[name] = whole
        else:
            spelled_out.append((name, whole))
    assert tuple(spelled_out) == model().flat.equations
    assert len(known) > 20


def test_shared_parts_stand_before_their_readers(shared):
    before = {*shared.parameters, *shared.paths, *shared.references, *shared.stocks}
    for name, expression in shared.equations:
        assert before.issuperset(names_in(expression)), name
        before.add(name)


def test_no_logarithm_stands_in_two_equations(shared):
    holders = {}
    for name, expression in shared.equations:
        for node in walk(expression):
            if isinstance(node, Apply) and node.operation == "log":
                holders.setdefault(node, set()).add(name)
    assert max(len(names) for names in holders.values()) == 1
