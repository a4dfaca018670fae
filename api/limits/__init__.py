"""How much one token and one tenant may ask of the API."""
