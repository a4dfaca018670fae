"""What flows: the contracts on the wire, the broker, and everything that produces telemetry."""
