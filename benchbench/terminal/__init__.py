"""Answers as tables for a terminal of 80 columns. Builds renderables; prints nothing."""

from benchbench.terminal.deciding import recommendation, tco, tco_inputs, why_not
from benchbench.terminal.layout import caveats
from benchbench.terminal.machine import ceilings, doctor, workload, workloads
from benchbench.terminal.measured import (
    comparisons,
    examination,
    merger,
    outcome,
    result,
    results,
    verification,
)
from benchbench.terminal.prices import agreement, bill, findings, imported, match, offers

__all__ = [
    "agreement",
    "bill",
    "caveats",
    "ceilings",
    "comparisons",
    "doctor",
    "examination",
    "findings",
    "imported",
    "match",
    "merger",
    "offers",
    "outcome",
    "recommendation",
    "result",
    "results",
    "tco",
    "tco_inputs",
    "verification",
    "why_not",
    "workload",
    "workloads",
]
