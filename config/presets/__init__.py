"""Policies for particular times, each laid over the shipped one: see `config.policy.load_preset`."""
