"""Graphics processors, as ``nvidia-smi`` tells of them."""

from __future__ import annotations

import asyncio
import shutil
from typing import Final

from streams.producers.sources.sensor import UP, Measured, SourceAway

_PROGRAM: Final = "nvidia-smi"
_MIB: Final = 1 << 20
_ASKED: Final = {
    "utilization.gpu": ("gpu_usage", 1),
    "memory.used": ("gpu_memory_used_bytes", _MIB),
    "memory.total": ("gpu_memory_bytes", _MIB),
    "temperature.gpu": ("gpu_temperature", 1),
    "power.draw": ("gpu_power_watts", 1),
}
"""What is asked of a card; what that is called, and in which unit it comes."""


class GpuSensor:
    """Asks the driver about all cards of this host.

    Parameters
    ----------
    host : str
        The agent is ``HOST-gpu``.
    """

    kind = "gpu"
    alive = UP

    def __init__(self, host: str) -> None:
        self.name = f"{host}-gpu"

    async def read(self) -> list[Measured]:
        """Ask once.

        Raises
        ------
        SourceAway
            If there is no driver, or it has no answer.
        """
        program = shutil.which(_PROGRAM)
        if program is None:
            raise SourceAway(f"{_PROGRAM} is not installed here")
        asked = ",".join(("index", *_ASKED))
        process = await asyncio.create_subprocess_exec(
            program, f"--query-gpu={asked}", "--format=csv,noheader,nounits",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        text = said.decode("utf-8", "replace")
        if process.returncode:
            raise SourceAway(f"{_PROGRAM} fails: {' '.join(text.split())}")
        return [Measured(self.name, parse_cards(text))]

    async def close(self) -> None:
        """Hold nothing."""


def parse_cards(text: str) -> dict[str, float]:
    r"""Return the metrics of all cards; what a card does not tell is left out.

    Examples
    --------
    >>> parse_cards("0, 87, 1024, 4096, 71, [N/A]\n")["gpu_memory_usage:0"]
    25.0
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        index, *values = (word.strip() for word in line.split(","))
        for (name, unit), value in zip(_ASKED.values(), values, strict=False):
            if _is_number(value):
                found[f"{name}:{index}"] = float(value) * unit
        total = found.get(f"gpu_memory_bytes:{index}", 0.0)
        used = found.get(f"gpu_memory_used_bytes:{index}")
        if used is not None and total > 0:
            found[f"gpu_memory_usage:{index}"] = 100.0 * used / total
    found["gpus"] = float(len(text.splitlines()))
    return found


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
