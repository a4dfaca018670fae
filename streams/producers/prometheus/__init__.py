"""Metrics of Prometheus: scraped from whoever exposes them, or received by remote write."""
