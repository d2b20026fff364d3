"""The commands by subject; `benchbench.cli` puts them together."""
