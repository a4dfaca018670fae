"""Metrics of OpenTelemetry's protocol, OTLP over HTTP."""
