"""How a number becomes believable: process, loop, sampler, caveats."""
