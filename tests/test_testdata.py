"""What happens to tests whose files are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import testdata


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_missing_files_are_a_failure_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A developer without the files of others may go on; the run that decides may not leave their tests out."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(testdata, "TESTDATA", tmp_path)
    (tmp_path / "xss").mkdir()
    assert testdata.needed("xss") == tmp_path / "xss"
    with pytest.raises(outcome, match="pdfs of the test data is not there"):
        testdata.needed("pdfs")
