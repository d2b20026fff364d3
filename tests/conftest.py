"""What every test starts from."""

import signal

# A shell's `&` leaves interrupts ignored, and children inherit that: none could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
