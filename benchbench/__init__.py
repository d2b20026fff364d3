"""What your hardware really delivers on machine-learning work, and what that costs."""

__version__ = "0.1.0"
