import subprocess
import sys


def python(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_asyncio_works_without_openssl_and_ssl_can_be_imported_later() -> None:
    shown = python(
        "import sys\n"
        "from pyvrrp.net.system.lean_asyncio import import_asyncio\n"
        "import_asyncio()\n"
        "import_asyncio()\n"
        "print('asyncio' in sys.modules, 'ssl' in sys.modules, '_ssl' in sys.modules)\n"
        "import asyncio\n"
        "async def run():\n"
        "    left, right = __import__('socket').socketpair()\n"
        "    reader, writer = await asyncio.open_connection(sock=left)\n"
        "    right.sendall(b'heard')\n"
        "    print(await reader.read(5))\n"
        "    writer.close()\n"
        "    right.close()\n"
        "asyncio.run(run())\n"
        "import ssl\n"
        "print(ssl.create_default_context().check_hostname)\n"
    )
    assert shown == "True False False\nb'heard'\nTrue\n"


def test_where_ssl_has_been_imported_it_stays() -> None:
    shown = python(
        "import ssl, sys\n"
        "from pyvrrp.net.system.lean_asyncio import import_asyncio\n"
        "import_asyncio()\n"
        "print(sys.modules['ssl'] is ssl, 'asyncio' in sys.modules)\n"
    )
    assert shown == "True False\n"
