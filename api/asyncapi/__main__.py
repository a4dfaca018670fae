"""``python -m api.asyncapi`` prints the document."""

import sys

from api.asyncapi.document import as_json

sys.stdout.buffer.write(as_json())
