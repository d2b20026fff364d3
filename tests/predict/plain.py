"""What is known of hardware, in round numbers: for closed forms."""

from benchbench.predict.knowledge import Knowledge

PLAIN = Knowledge(
    weights=(0.5, 0.5, 0.0, 0.0),
    weight_sd=0.0,
    architecture_sd=0.3,
    known_architecture_sd=0.1,
    design_sd=0.0,
    design_reach=1.0,
    chip_sd=0.0,
    software_sd=0.0,
    noise_sd=0.04,
    vendor_sd=0.0,
    calibration={"same_architecture": 1.0, "other_architecture": 1.0},
)
"""The rest of the time goes with the geometric mean of peak and bandwidth; nothing of power."""
