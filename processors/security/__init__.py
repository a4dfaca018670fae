"""Threats: rules on what agents do, and the trust that agents lose and win by them."""
