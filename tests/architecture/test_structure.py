"""The structure of package and lab: the size of the folders, and the names of the classes."""

from collections import Counter

from tests.architecture.tree import classes, lab_modules, modules

MOST_MODULES = 12
# Folders with more modules, and why.
LARGE_FOLDERS: dict[str, str] = {}
# Class names that are defined twice, and why.
DOUBLE_CLASSES: dict[str, str] = {}


def folder_sizes() -> dict[str, int]:
    counts = Counter(str(m.parent) for m in (*modules(), *lab_modules()) if m.name != "__init__.py")
    return {folder: count for folder, count in counts.items() if count > MOST_MODULES}


def double_classes() -> dict[str, list[str]]:
    return {
        name: [str(module) for module, _ in found]
        for name, found in classes().items()
        if len(found) > 1
    }


def test_no_folder_has_more_than_twelve_modules() -> None:
    assert set(folder_sizes()) - set(LARGE_FOLDERS) == set(), folder_sizes()


def test_every_folder_in_the_list_of_exceptions_needs_it() -> None:
    assert set(LARGE_FOLDERS) - set(folder_sizes()) == set()


def test_no_class_name_is_defined_twice() -> None:
    found = double_classes()
    assert {name: found[name] for name in set(found) - set(DOUBLE_CLASSES)} == {}


def test_every_class_in_the_list_of_exceptions_needs_it() -> None:
    assert set(DOUBLE_CLASSES) - set(double_classes()) == set()
