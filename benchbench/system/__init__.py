"""What this machine is: processor, accelerators, memory, limits, cloud, software."""
