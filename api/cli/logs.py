"""What a process says on its standard error."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

from streams.kafka.quiet import calm_client_logs

_CHATTY: Final = (
    "alembic", "faust", "mode", "processors.runtime.app", "streams.kafka.transport", "uvicorn",
)  # fmt: skip
"""Libraries (and classes derived from theirs) that report every step of a healthy life."""


def configure_logging(process: str) -> None:
    """Log to standard error, each line with the name of its process.

    ``HOMEOSTAT_LOG_LEVEL`` sets the level (default INFO).
    """
    logging.basicConfig(
        level=os.environ.get("HOMEOSTAT_LOG_LEVEL", "INFO"),
        format=f"%(asctime)s {process} %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It reports each retry of each connection; what becomes of them is reported by our own code.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    calm_client_logs()
