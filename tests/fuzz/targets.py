"""All targets by name."""

from tests.fuzz import answers, files, requests, wire
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (*wire.TARGETS, *answers.TARGETS, *requests.TARGETS, *files.TARGETS)
}
