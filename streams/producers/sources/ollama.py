"""A model server that speaks Ollama's protocol: whether it answers, and what it holds.

Source: Ollama's API document, ``/api/version``, ``/api/tags`` and ``/api/ps``.
"""

from __future__ import annotations

import time

import msgspec

from streams.producers.series.naming import metric_name
from streams.producers.sources.http_get import get
from streams.producers.sources.sensor import NOTHING, UP, Measured, SourceAway

_MOST_MODELS = 60
"""Models that are told of singly, by name."""


class _Version(msgspec.Struct):
    version: str


class _Model(msgspec.Struct):
    name: str
    size: int = 0
    size_vram: int = 0
    context_length: int = 0


class _Models(msgspec.Struct):
    models: list[_Model] | None = None


class OllamaSensor:
    """Asks one server; no model is loaded or run by it."""

    kind = "model_server"
    alive = UP

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url.rstrip("/")

    async def read(self) -> list[Measured]:
        """Ask once.

        Raises
        ------
        SourceAway
            If it does not answer as Ollama does.
        """
        began = time.perf_counter()
        version = await self._ask("version")
        took_ms = (time.perf_counter() - began) * 1000
        try:
            metrics, labels = read_answers(version, await self._ask("tags"), await self._ask("ps"))
        except msgspec.MsgspecError as error:
            raise SourceAway(f"it does not answer as Ollama does: {error}") from error
        return [Measured(self.name, {"response_time_avg": took_ms, **metrics}, labels)]

    async def close(self) -> None:
        """Hold nothing."""

    async def _ask(self, what: str) -> bytes:
        return (await get(f"{self._url}/api/{what}", NOTHING)).body


def read_answers(version: bytes, tags: bytes, ps: bytes) -> tuple[dict[str, float], dict[str, str]]:
    """Return the metrics and labels that three answers come to.

    Raises
    ------
    msgspec.MsgspecError
        If one of them is not what Ollama answers.

    Examples
    --------
    >>> model = b'{"models": [{"name": "m:latest", "size": 10, "size_vram": 8}]}'
    >>> metrics, labels = read_answers(b'{"version": "0.12.11"}', model, model)
    >>> metrics["models_loaded"], metrics["vram_bytes:m:latest"], labels
    (1.0, 8.0, {'version': '0.12.11'})
    """
    told = msgspec.json.decode(version, type=_Version).version
    kept = msgspec.json.decode(tags, type=_Models).models or []
    loaded = msgspec.json.decode(ps, type=_Models).models or []
    metrics = {
        "models": len(kept),
        "models_bytes": sum(model.size for model in kept),
        "models_loaded": len(loaded),
        "loaded_bytes": sum(model.size for model in loaded),
        "vram_bytes": sum(model.size_vram for model in loaded),
    }
    for model in sorted(loaded, key=lambda model: model.name)[:_MOST_MODELS]:
        metrics[metric_name("loaded_bytes", f":{model.name}")] = model.size
        metrics[metric_name("vram_bytes", f":{model.name}")] = model.size_vram
    return {name: float(value) for name, value in metrics.items()}, {"version": told}
