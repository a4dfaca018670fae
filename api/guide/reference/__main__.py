"""Writes the reference anew: ``python -m api.guide.reference``."""

from __future__ import annotations

import logging

from api.guide.reference.document import FILE, document

if __name__ == "__main__":
    logging.disable()  # that no broker answers is no news here
    FILE.write_text(document(), encoding="utf-8")
