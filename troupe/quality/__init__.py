"""Whether answers are right: labels that people gave, golden sets, comparisons and reviews."""
