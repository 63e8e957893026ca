"""What Troupe costs, measured: ratios from one run, against baselines that stand here too."""
