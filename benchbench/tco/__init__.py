"""Rent, own, or both: what the work costs over time."""
