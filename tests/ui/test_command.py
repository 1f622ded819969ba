"""The command line of the pages."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ui.__main__ import listening, main


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_taken_port_is_one_sentence_before_anything_is_opened(
    taken: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A port in use ends with code 2 and the way out, and no data folder is made."""
    folder = tmp_path_factory.mktemp("place") / "data"
    monkeypatch.setenv("GUICHET_DATA_DIR", str(folder))
    assert main(["serve", "--port", str(taken)]) == 2
    said = capsys.readouterr().err.strip()
    assert said == f"Port {taken} is taken by another program; stop it or set GUICHET_PORT={taken + 1}."
    assert not folder.exists()


def test_an_unknown_host_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that is not ours is named."""
    assert main(["serve", "--host", "300.1.1.1"]) == 2
    assert "300.1.1.1" in capsys.readouterr().err


def test_a_wrong_setting_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that makes no sense names its variable."""
    monkeypatch.setenv("GUICHET_PORT", "soon")
    assert main(["config"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("GUICHET_PORT")
    assert len(said.strip().splitlines()) == 1


def test_config_masks_secrets(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The effective settings are printed, a key only as stars."""
    monkeypatch.setenv("GUICHET_LLM_API_KEY", "sk-very-secret")
    monkeypatch.setenv("GUICHET_PORT", "7999")
    assert main(["config"]) == 0
    said = capsys.readouterr().out
    assert "GUICHET_PORT=7999" in said
    assert "GUICHET_LLM_API_KEY=********" in said
    assert "very-secret" not in said


def test_a_free_port_is_held() -> None:
    """Once held, the port is ours until it is served."""
    with listening("127.0.0.1", 0) as held:
        assert held.getsockname()[1] > 0
