terraform {
  required_version = ">= 1.9.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46.1, < 9.0.0"
    }
  }

  backend "gcs" {} # terraform init -backend-config=environments/prod.gcs.tfbackend
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { app = "troupe", deployment = var.deployment, managed-by = "terraform" }
}
