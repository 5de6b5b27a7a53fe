"""One script per claim about speed: ours beside the best public alternative, on the machine at hand.

What belongs here: measuring. What does not: anything a result of the paper depends on; no stage
reads these numbers. Run with ``python -m benchmarks [name ...] [--quick]``.
"""
