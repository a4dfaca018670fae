"""Policies for particular times, laid over the shipped one by `config.policy.load_preset`."""
