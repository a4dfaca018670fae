"""How well agents do their work: response times, success, throughput, use and cost."""
