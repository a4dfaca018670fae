"""What other systems measure as series, made into heartbeats: names, rates, quantiles."""
