"""What encoders respond to: filters, activations by segment, factors and tags. Tables and figures are elsewhere."""
