"""How right a workload's answers to a whole data set are: its official metric, and gates on it.

A workload file that defines `exam(setting) -> Exam` can be examined: LoadGen asks for every sample
once (its accuracy mode), the same step answers, and the score comes from the answers LoadGen
logged.
"""

from benchbench.accuracy.exam import GATES, Exam, Score, graded

__all__ = ["GATES", "Exam", "Score", "graded"]
