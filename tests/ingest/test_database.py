"""Databases of before are brought to the present form, and keep what they hold."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from ingest.database import MIGRATIONS, Base, connect
from ingest.receipts import Receipts

OLD = {"question": "Une prime ?", "standalone_question": "Une prime ?", "statements": [], "text": "Oui."}


def of_the_first_form(path: Path) -> None:
    """Make a database as the first migration left it, with one receipt of March."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO answer VALUES ('a', '2026-03-01 09:00:00.000000', 'fr', 'answered', 1, :data)"),
            {"data": json.dumps(OLD)},
        )
    engine.dispose()


def test_an_old_receipt_is_still_read(tmp_path: Path) -> None:
    """A receipt of before traces keeps its answer and has no trace."""
    of_the_first_form(tmp_path / "old.sqlite")
    engine = connect(tmp_path / "old.sqlite")
    receipts = Receipts(engine)
    assert (receipts.answer("a"), receipts.trace("a")) == (OLD, None)
    engine.dispose()


def test_an_old_receipt_is_purged_like_any_other(tmp_path: Path) -> None:
    """What an old receipt holds of the question is taken out; it still has no trace."""
    of_the_first_form(tmp_path / "old.sqlite")
    engine = connect(tmp_path / "old.sqlite")
    receipts = Receipts(engine)
    assert receipts.purge(dt.datetime(2026, 4, 1, tzinfo=dt.UTC)) == 1
    assert receipts.answer("a") == {**OLD, "question": "", "standalone_question": ""}
    assert receipts.trace("a") is None
    engine.dispose()


def test_an_upgraded_database_has_the_tables_of_the_code(tmp_path: Path) -> None:
    """Migrations and classes say the same: tables, columns, and indexes."""
    of_the_first_form(tmp_path / "old.sqlite")
    engine = connect(tmp_path / "old.sqlite")
    seen = inspect(engine)
    for table in Base.metadata.sorted_tables:
        assert {column["name"] for column in seen.get_columns(table.name)} == set(table.columns.keys())
        assert {index["name"] for index in seen.get_indexes(table.name)} == {index.name for index in table.indexes}
    engine.dispose()


def test_downgrade_leaves_the_first_form(tmp_path: Path) -> None:
    """The second migration can be undone; the receipts stay."""
    of_the_first_form(tmp_path / "old.sqlite")
    connect(tmp_path / "old.sqlite").dispose()
    engine = create_engine(f"sqlite:///{tmp_path / 'old.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert MigrationContext.configure(connection).get_current_revision() == "0001"
        assert connection.scalar(text("SELECT id FROM answer")) == "a"
    assert {column["name"] for column in inspect(engine).get_columns("answer")}.isdisjoint({"trace", "purged"})
    engine.dispose()
