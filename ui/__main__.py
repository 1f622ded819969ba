"""``python -m ui``: serve the pages, keep accounts, portals and keys, or print the effective settings."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import socket
import sys
from collections.abc import Sequence

from pydantic import SecretStr

from ingest import settings as settings_module
from ingest.errors import GuichetError, SettingsError
from ingest.settings import Settings
from ui.staff.people import ROLES

logger = logging.getLogger(__name__)

PREPARE_AFTER = 8.0
"""Seconds from opening the bot until its statements are prepared; it answers, a little slower, before."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; what goes wrong on purpose is one sentence on stderr and exit code 2."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "config":
            return config(settings_module.load())
        if given.command == "staff":
            from ui.staff import command

            return command.run(settings_module.load(), given)
        if given.command in {"portals", "keys"}:
            from ui.keys import command as keys_command
            from ui.portals import command as portals_command

            run = portals_command.run if given.command == "portals" else keys_command.run
            return run(settings_module.load(), given)
        return serve(settings_module.load(host=given.host, port=given.port))
    except GuichetError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output left («… | head»): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ui", description="The pages of Guichet IA.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the chat page and the API")
    serving.add_argument("--port", type=int, help="port to listen on (GUICHET_PORT)")
    serving.add_argument("--host", help="address to listen on (GUICHET_HOST)")
    commands.add_parser("config", help="print the effective settings, secrets masked")
    _add_staff(commands)
    _add_portals(commands)
    _add_keys(commands)
    return parser


def _add_staff(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``staff`` with what it can do."""
    staff = commands.add_parser("staff", help="accounts of the staff desk; works while the server runs")
    verbs = staff.add_subparsers(dest="verb", required=True)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("name", metavar="NAME")
    typed = argparse.ArgumentParser(add_help=False)
    typed.add_argument("--prompt", action="store_true", help="type the password instead of having one made")
    add = verbs.add_parser("add", parents=[one, typed], help="make an account and print its one-time password")
    add.add_argument("--role", choices=ROLES, default="editor", help="what it may do (default: editor)")
    verbs.add_parser("list", help="show all accounts")
    role = verbs.add_parser("role", parents=[one], help="give an account another role")
    role.add_argument("role", choices=ROLES)
    verbs.add_parser("reset", parents=[one, typed], help="replace a password and forgive failed logins")
    verbs.add_parser("disable", parents=[one], help="shut an account out at once")
    verbs.add_parser("enable", parents=[one], help="let a disabled account in again")


def _add_portals(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``portals`` with what it can do."""
    portals = commands.add_parser("portals", help="who may embed the guichet; works while the server runs")
    verbs = portals.add_subparsers(dest="verb", required=True)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("name", metavar="NAME")
    part = argparse.ArgumentParser(add_help=False)
    part.add_argument("origin", metavar="ORIGIN", nargs="?", help="only this origin of the portal")
    add = verbs.add_parser("add", parents=[one, _numbers()], help="make a portal, or give it further origins")
    add.add_argument("origins", metavar="ORIGIN", nargs="+", help="such as https://portal.example.be")
    verbs.add_parser("list", help="show all portals")
    limit = verbs.add_parser("limit", parents=[one], help="set how much each origin of a portal may ask, or no limit")
    for unit in ("minute", "day"):
        limit.add_argument(
            f"--a-{unit}", metavar="N|none", type=_number_or_none, help=f"most questions a {unit} (default: as it is)"
        )
    verbs.add_parser("off", parents=[one, part], help="close a portal at once")
    verbs.add_parser("on", parents=[one, part], help="open it again")
    verbs.add_parser("remove", parents=[one, part], help="forget a portal")


def _add_keys(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``keys`` with what it can do."""
    keys = commands.add_parser("keys", help="keys of programs; works while the server runs")
    verbs = keys.add_subparsers(dest="verb", required=True)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("name", metavar="NAME")
    add = verbs.add_parser("add", parents=[one, _numbers()], help="make a key and print it, once")
    add.add_argument("--scopes", default="ask,search,documents,eligibility,feedback", help="what it may do, by commas")
    add.add_argument("--expires", metavar="DAY", help="its last day, such as 2027-06-30 (default: none)")
    verbs.add_parser("list", help="show all keys")
    rotate = verbs.add_parser("rotate", parents=[one], help="give a key a new secret and print it, once")
    rotate.add_argument("--grace", metavar="DAYS", type=float, default=7, help="how long the former one stays good")
    verbs.add_parser("revoke", parents=[one], help="shut a key out at once")


def _numbers() -> argparse.ArgumentParser:
    """Return the options that limit questions."""
    numbers = argparse.ArgumentParser(add_help=False)
    for unit in ("minute", "day"):
        numbers.add_argument(f"--a-{unit}", metavar="N", type=int, help=f"most questions a {unit}")
    return numbers


def _number_or_none(text: str) -> int | str:
    return text if text == "none" else int(text)


def config(settings: Settings) -> int:
    """Print every setting with its value and its sentence."""
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        shown = "********" if isinstance(value, SecretStr) else value
        print(f"# {field.description}")
        print(f"GUICHET_{key.upper()}={'' if shown is None else shown}\n")
    return 0


def serve(settings: Settings) -> int:
    """Hold the port, open the bot, serve until interrupted."""
    with listening(settings.host, settings.port) as held:
        # Only now: a taken port is said at once, not after the seconds that these imports and the bot take.
        from bot.bootstrap import open_live
        from ui import serving
        from ui.chores import DAY, Chore, Chores
        from ui.staff.opening import open_desk

        with open_live(settings) as bot, open_desk(bot, settings) as desk:
            if desk.first_password:
                print(f"Staff desk: log in at /staff as admin with the one-time password {desk.first_password}")
            # Not before the page is up: preparing takes a second of the same processor.
            prepare = Chore("prepare", lambda: serving.prepare(bot), 365 * DAY, PREPARE_AFTER)
            with Chores((prepare, *desk.chores)), Chores(desk.web_chores):
                serving.run(bot, settings, held, desk.staff, desk.admission)
    return 0


def listening(host: str, port: int) -> socket.socket:
    """Return a socket bound to *host* and *port*, or say why not."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen()
        held = socket.socket(family, kind, protocol)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
    except socket.gaierror as error:
        raise SettingsError(f'GUICHET_HOST: "{host}" is not an address of this machine.') from error
    except OSError as error:
        raise SettingsError(_why_not(host, port, error)) from error
    return held


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return f"Port {port} is taken by another program; stop it or set GUICHET_PORT={other}."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for the system; set GUICHET_PORT to 1024 or more."
    return f'GUICHET_HOST: cannot listen on "{host}" ({error.strerror}).'


if __name__ == "__main__":
    sys.exit(main())
