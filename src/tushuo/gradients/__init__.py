"""The four ways to a derivative side by side, and staged gates.

Analytic (``hand_written``), numeric (``one_sided``, ``central``, ``richardson``, ``complex_step``),
symbolic (``differentiate``) and automatic (``forward_mode``, ``reverse_mode``);
``compare_gradients`` runs all that apply.
"""

from __future__ import annotations

from tushuo.gradients import circuits, gates, matrices, paths, symbolic
from tushuo.gradients.analytic import hand_written
from tushuo.gradients.automatic import forward_mode, reverse_mode
from tushuo.gradients.chart import Chart
from tushuo.gradients.circuits import CIRCUITS, Circuit
from tushuo.gradients.compare import Comparison, Row, compare_gradients
from tushuo.gradients.cost import Cost, Costs, gradient_cost
from tushuo.gradients.numeric import central, complex_step, one_sided, richardson
from tushuo.gradients.sigmoids import SigmoidCost, SigmoidCosts, compare_sigmoids
from tushuo.gradients.stages import Edge, Stage, Stages
from tushuo.gradients.step_sizes import StepSizes, step_size_errors
from tushuo.gradients.symbolic import differentiate, latex, parse, simplify

__all__ = [
    "CIRCUITS",
    "Chart",
    "Circuit",
    "Comparison",
    "Cost",
    "Costs",
    "Edge",
    "Row",
    "SigmoidCost",
    "SigmoidCosts",
    "Stage",
    "Stages",
    "StepSizes",
    "central",
    "circuits",
    "compare_gradients",
    "compare_sigmoids",
    "complex_step",
    "differentiate",
    "forward_mode",
    "gates",
    "gradient_cost",
    "hand_written",
    "latex",
    "matrices",
    "one_sided",
    "parse",
    "paths",
    "reverse_mode",
    "richardson",
    "simplify",
    "step_size_errors",
    "symbolic",
]
