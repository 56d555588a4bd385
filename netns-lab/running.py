"""Run scenarios, one after the other or several at once: most of their time is waiting."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from drivers import DRIVERS
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.segment import interrupt_on_sigterm
from results.result import ScenarioResult
from scenarios.options import ScenarioOptions
from scenarios.registry import LabScenario, scenarios

_PATIENCE = 30.0  # seconds a scenario may take to remove what it built when it is interrupted


def run_scenario(scenario: LabScenario, options: ScenarioOptions) -> ScenarioResult:
    """Run one scenario; one whose implementations are not installed is skipped, not passed."""
    missing = ", ".join(filter(None, (DRIVERS[need].missing() for need in scenario.needs)))
    if missing:
        skipped = f"not installed: {missing}; netns-lab/bootstrap --with-testers installs it"
        return ScenarioResult(scenario.name, scenario.promise, (), skipped)
    return ScenarioResult(scenario.name, scenario.promise, tuple(scenario.run(options)))


def run_all(
    chosen: Sequence[LabScenario], options: ScenarioOptions, *, repeat: int = 1, jobs: int = 1
) -> Iterator[ScenarioResult]:
    """Yield the result of each as it comes; with several *jobs* in the order they end.

    Beside others a scenario may be late through no fault of what it tests: one that has not passed
    runs again alone, and that counts. What wants the machine to itself runs alone anyway.
    """
    rounds = [scenario for scenario in chosen for _round in range(repeat)]
    if jobs == 1:
        for scenario in rounds:
            yield run_scenario(scenario, options)
        return
    again = [scenario for scenario in rounds if scenario.alone]
    for result in _side_by_side([each for each in rounds if not each.alone], options, jobs):
        repeated = not result.passed and not result.skipped
        if repeated:
            again.append(scenarios()[result.name])
        yield replace(result, repeated=repeated)
    for scenario in again:
        yield run_scenario(scenario, options)


def _side_by_side(
    chosen: Sequence[LabScenario], options: ScenarioOptions, jobs: int
) -> Iterator[ScenarioResult]:
    waiting = list(chosen)
    running: dict[Connection, tuple[BaseProcess, LabScenario]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                scenario = waiting.pop(0)
                process, answer = _start(scenario, options)
                running[answer] = process, scenario
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                process, scenario = running.pop(ready)
                yield _result(ready, process, scenario)
    finally:
        for process, _scenario in running.values():
            process.terminate()
        for process, _scenario in running.values():
            process.join(_PATIENCE)


def _start(scenario: LabScenario, options: ScenarioOptions) -> tuple[BaseProcess, Connection]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=_work, args=(scenario.name, options, sender))
    process.start()
    sender.close()
    return process, receiver


def _work(name: str, options: ScenarioOptions, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and tells us
    interrupt_on_sigterm()
    try:
        sender.send(run_scenario(scenarios()[name], options))
    except BenchError as error:
        sender.send(str(error))
    except KeyboardInterrupt:
        return


def _result(answer: Connection, process: BaseProcess, scenario: LabScenario) -> ScenarioResult:
    try:
        said = answer.recv()
    except EOFError:
        said = ""
    answer.close()
    process.join(_PATIENCE)
    if isinstance(said, ScenarioResult):
        return said
    raise BenchError(said or f"{scenario.name} ended with status {process.exitcode}")
