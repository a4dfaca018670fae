"""Sources that are asked at intervals: exporters, brokers, databases, model servers, caches."""
