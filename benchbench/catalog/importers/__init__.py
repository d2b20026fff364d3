"""One file per published source of prices."""
