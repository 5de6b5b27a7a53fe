"""Entry points of the pipeline: what ``dvc.yaml`` runs. Logic stands in the rest of the package."""
