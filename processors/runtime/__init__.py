"""Runs steps on a real log: the only folder that knows Faust."""
