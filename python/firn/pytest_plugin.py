"""pytest fixtures: `spark`, one session for the run on a warehouse that is thrown away; `firn_server` below it."""

import pytest


@pytest.fixture(scope="session")
def firn_server(tmp_path_factory):
    from firn.server import Server
    folder = tmp_path_factory.mktemp("firn")
    with Server(warehouse=folder / "warehouse", cwd=folder) as server:
        yield server


@pytest.fixture(scope="session")
def spark(firn_server):
    from firn.server import connect
    session = connect(firn_server.address)
    yield session
    session.stop()
