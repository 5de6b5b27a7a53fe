"""How and where things are computed: precision, seeds, processes, devices, memory."""
