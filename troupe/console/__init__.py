"""A web application over the operations: look at runs, answers and faults, and act."""
