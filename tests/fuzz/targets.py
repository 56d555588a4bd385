"""All targets by name."""

from tests.fuzz import answers, files, prober, requests, wire
from tests.fuzz.target import Target

_MODULES = (wire, answers, requests, files, prober)
TARGETS: dict[str, Target] = {
    target.name: target for module in _MODULES for target in module.TARGETS
}
