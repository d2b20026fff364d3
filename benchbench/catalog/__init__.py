"""Instances and their prices, and the silicon behind them."""
