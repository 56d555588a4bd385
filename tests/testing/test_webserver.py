import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from pyvrrp.testing.processes import SpawnedProcess
from tests.support.patience import PATIENCE


class Webserver:
    def __init__(self, port: int) -> None:
        module = [sys.executable, "-m", "pyvrrp.testing.webserver", "--port", str(port)]
        self.process = SpawnedProcess(module)
        self.port = port
        self._confirmed = 0
        self._await_confirmation()

    def behave(self, mode: str) -> dict[str, object]:
        self.process.say(mode)
        return self._await_confirmation()

    def ask(self) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=0.3)
        try:
            connection.request("GET", "/health")
            response = connection.getresponse()
            response.read()
        finally:
            connection.close()
        return response

    def _await_confirmation(self) -> dict[str, object]:
        deadline = time.monotonic() + PATIENCE
        while len(self.process.lines) <= self._confirmed:
            assert time.monotonic() < deadline, self.process.output
            time.sleep(0.005)
        said: dict[str, object] = json.loads(self.process.lines[self._confirmed].text)
        self._confirmed += 1
        return said


@pytest.fixture
def webserver() -> Iterator[Webserver]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Webserver(port)
    try:
        yield server
    finally:
        server.process.kill()


def test_it_answers_with_the_status_it_is_told(webserver: Webserver) -> None:
    assert webserver.ask().status == 200
    assert webserver.behave("500")["mode"] == "500"
    assert webserver.ask().status == 500
    webserver.behave("200")
    assert webserver.ask().status == 200


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_it_can_keep_a_client_waiting(webserver: Webserver, mode: str) -> None:
    webserver.behave(mode)
    with pytest.raises(TimeoutError):
        webserver.ask()


def test_it_can_reset_connections(webserver: Webserver) -> None:
    webserver.behave("reset")
    with pytest.raises(ConnectionResetError):
        webserver.ask()


def test_it_can_refuse_connections_and_listen_again(webserver: Webserver) -> None:
    webserver.behave("refuse")
    with pytest.raises(ConnectionRefusedError):
        webserver.ask()
    webserver.behave("200")
    assert webserver.ask().status == 200


def test_it_ends_when_its_input_is_closed(webserver: Webserver) -> None:
    assert webserver.process.finish() == 0
