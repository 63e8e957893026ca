"""Where it runs: Google Cloud, the laptop, Terraform, the command."""
