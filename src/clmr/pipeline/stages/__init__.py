"""Entry points of stages that run no notebook. The logic is in the rest of the package."""
