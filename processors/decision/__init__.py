"""From findings to proposed actions: weighs, repeats with care, and learns from outcomes."""
