"""Every public name tells what it does, with an example that runs (pytest runs them all: --doctest-modules)."""

import inspect
from doctest import DocTestParser

import pytest

import therml_exact as tx

SUBMODULES = ("atlas", "audit", "encoders", "examples", "learners", "markov")


def public():
    """The functions and classes of the interface by name, those of its modules with the module's name in front."""
    found = {name: getattr(tx, name) for name in tx.__all__ if callable(getattr(tx, name))}
    for module in SUBMODULES:
        home = getattr(tx, module)
        for name, value in vars(home).items():
            own = getattr(value, "__module__", None) == home.__name__
            if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                found[f"{module}.{name}"] = value
    return found


PUBLIC = public()


def examples(text):
    """The examples of a docstring that use what they show: an import or a definition alone is none."""
    return [
        e for e in DocTestParser().get_examples(text or "") if not e.source.startswith(("import ", "from ", "def "))
    ]


def complaint(thing):
    """What the docstring of a public name lacks; None where it is whole."""
    text = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__  # a class inherits none
    first = (text or "").strip().partition("\n\n")[0]
    if not first:
        return "has no docstring"
    if first.startswith(f"{thing.__name__}("):  # what `dataclass` writes where nothing is said
        return "has no docstring but its signature"
    return None if examples(text) else "has no example"


def test_the_submodules_listed_are_those_of_the_interface():
    assert sorted(n for n in tx.__all__ if inspect.ismodule(getattr(tx, n))) == sorted(SUBMODULES)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_has_a_docstring_with_an_example(name):
    told = complaint(PUBLIC[name])
    assert told is None, f"{name} {told}"


def test_what_lacks_words_or_an_example_is_found():
    def silent():
        pass

    def told():
        """It says what it does."""

    def imported():
        """It shows an import only.

        >>> import therml_exact
        """

    class Inherited(tx.Joint):
        pass

    assert complaint(silent) == "has no docstring"
    assert complaint(told) == complaint(imported) == "has no example"
    assert complaint(Inherited) == "has no docstring"
