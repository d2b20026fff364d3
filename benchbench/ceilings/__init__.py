"""What this machine could do: the best a user reaches on one kernel."""
