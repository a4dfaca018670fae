"""The reference, made from the code: ``python -m api.guide.reference`` writes it anew."""
