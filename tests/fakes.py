"""Hand-written stand-ins for clocks, counters and services; used instead of mocks."""
