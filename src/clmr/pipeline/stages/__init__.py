"""Entry points of stages that run no notebook. Logic stands in the rest of the package."""
