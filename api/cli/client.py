"""The API as the command line speaks it: one address, one token, and failures in words.

What takes long to import is imported where it is used: a shell that completes a word waits for it.
"""

from __future__ import annotations

import json
import os
import time
import weakref
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from api.cli.address import asked_address, trusted

if TYPE_CHECKING:
    import ssl

    import httpx

    from config.settings import Settings

OK: Final = 0
NO: Final = 1
"""The answer is no: not equal, not well, nothing found."""
USAGE: Final = 2
"""The command line, the environment or the configuration is wrong."""
AWAY: Final = 3
"""What was asked does not answer."""
REFUSED: Final = 4
"""It was understood, and may not or cannot be done."""
_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 1.0
_PLAIN: Final = "/:@+"
"""What ids have, and what is between them; whatever else was typed is part of a name."""
WAITS_S: Final = (5.0, 10.0, 15.0, 0.0)
"""The longest to wait after each try that was one too many: nothing was done for it."""


class CommandError(Exception):
    """A command cannot be carried out.

    Parameters
    ----------
    status : int
        The exit status that says so to scripts.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def towards(base: str, token: str, patience_s: float) -> dict[str, Any]:
    """Return how an HTTP client speaks to the API at `base`."""
    return {
        "base_url": f"{base}/api/v1",
        "headers": {"Authorization": f"Bearer {token}"},
        "timeout": patience_s,
        "verify": believed(base),
    }


class Client:
    """Asks the API of an installation.

    Parameters
    ----------
    base : str
        Such as ``http://127.0.0.1:8000``.
    token : str
        Sent as a bearer token.
    """

    def __init__(self, base: str, token: str) -> None:
        import httpx

        self._base = base
        self._http = httpx.Client(**towards(base, token, _PATIENCE_S))
        weakref.finalize(self, self._http.close)

    @classmethod
    def from_environment(cls) -> Client:
        """Return the client of the installation that the environment names.

        ``HOMEOSTAT_API`` and ``HOMEOSTAT_TOKEN`` name another one than this machine's.
        """
        return cls(*place())

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the answer at `path`; parameters that are None are left out."""
        return self._answer("GET", path, params=_given(parameters))

    def items(self, path: str, most: int, **parameters: Any) -> list[dict[str, Any]]:
        """Return up to `most` items of a list, from as many pages as that takes."""
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < most:
            limit = min(most - len(found), 1000)
            page = self.get(path, limit=limit, cursor=cursor, **parameters)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def send(self, method: str, path: str, body: Any, **parameters: Any) -> Any:
        """Return the answer to a write; parameters that are None are left out."""
        return self._answer(method, path, json=body, params=_given(parameters))

    def delete(self, path: str, **parameters: Any) -> Any:
        """Return the answer to the end of something; parameters as of `get`."""
        return self._answer("DELETE", path, params=_given(parameters))

    def events(self, after: int | None, types: list[str]) -> Iterator[dict[str, Any]]:
        """Give events as they happen, for ever; a broken stream is taken up where it ended."""
        import httpx

        while True:
            try:
                for event in self._stream(after, types):
                    after = event["seq"]
                    yield event
            except httpx.TransportError:
                time.sleep(_PAUSE_S)
            except CommandError as error:
                if error.status != AWAY:
                    raise
                time.sleep(_PAUSE_S)

    def _stream(self, after: int | None, types: list[str]) -> Iterator[dict[str, Any]]:
        import httpx

        headers = {} if after is None else {"Last-Event-ID": str(after)}
        timeout = httpx.Timeout(_PATIENCE_S, read=60.0)
        with self._http.stream(
            "GET", "/stream", params={"type": types}, headers=headers, timeout=timeout
        ) as answer:
            if answer.is_error:
                answer.read()
                raise failure(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    if "seq" in event:
                        yield event

    def _answer(self, method: str, path: str, **options: Any) -> Any:
        path = quote(path, safe=_PLAIN)
        for wait_s in WAITS_S:
            answer = self._once(method, path, **options)
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
            time.sleep(min(wait_s, asked_wait(answer)))
        if answer.is_error:
            raise failure(answer)
        return answer.json()

    def _once(self, method: str, path: str, **options: Any) -> httpx.Response:
        import httpx

        try:
            return self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            detail = f"{self._base} gave no answer within {_PATIENCE_S:g} s"
            told = f"{detail}; `homeostat status` says what it waits for"
            raise CommandError(AWAY, told) from error
        except httpx.TransportError as error:
            detail = f"{self._base} does not answer ({error}); start it with `homeostat up`"
            raise CommandError(AWAY, detail) from error


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def asked_wait(answer: httpx.Response) -> float:
    """Return after how many seconds an API that is asked too much wants to be asked again."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else _PAUSE_S


def failure(answer: httpx.Response) -> CommandError:
    """Return what an answer of the API that is an error means for a command."""
    try:
        detail = answer.json().get("detail", answer.text)
    except ValueError:
        detail = answer.text
    status = answer.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        detail = f"{detail} (set HOMEOSTAT_TOKEN, or HOMEOSTAT_HOME to the home of another)"
    if status == HTTPStatus.NOT_FOUND:
        return CommandError(NO, detail)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return CommandError(USAGE, detail)
    later = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return CommandError(AWAY if later else REFUSED, detail)


def believed(base: str) -> ssl.SSLContext | bool:
    """Return what the certificate of the API at `base` is checked against, where it has one."""
    from config.settings import settings_from_environment

    return not base.startswith("https:") or trusted(settings_from_environment(), base)


def place() -> tuple[str, str]:
    """Return the address and the token of the installation that the environment names."""
    from config.settings import settings_from_environment

    settings = settings_from_environment()
    return asked_address(settings), os.environ.get("HOMEOSTAT_TOKEN") or _kept_token(settings)


def _kept_token(settings: Settings) -> str:
    path = settings.home / "token"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        detail = f"{path}: {error.strerror}; set HOMEOSTAT_HOME to an installation's folder"
        raise CommandError(USAGE, f"{detail}, or HOMEOSTAT_TOKEN") from error
    except UnicodeDecodeError as error:
        raise CommandError(USAGE, f"{path}: it is no token; set HOMEOSTAT_TOKEN") from error
