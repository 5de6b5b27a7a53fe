"""What readers see: tables, figures, the gallery, and the thesis's numbers beside ours."""
